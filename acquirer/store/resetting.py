"""Emptying parts of a store while a host serves it, in a transaction of its own.

Exchanges keep counting: the first one after a reset has the number behind the last one before, so that who follows the
journal misses nothing. Reference numbers never repeat either. Forms stay where they are, for what writes knows
their numbers.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import replace
from typing import Final

from acquirer.model.rows import Session, TerminalConfig
from acquirer.store import schema, statements
from acquirer.store.journal_writer import FIRST_NUMBER, has_old_journal, last_number
from acquirer.store.queries import REGISTERED, registered
from acquirer.store.schema import SESSION, StoreTable, sql_name
from acquirer.store.transaction_writer import set_meta

_JOURNAL: Final = (schema.exchange, schema.exchange_segment, schema.delivery, schema.remark)
_BOOKS: Final = (
    *(schema.transaction_row, schema.card, schema.signature, schema.signature_part, schema.blob),
    *(schema.settlement, schema.detail, schema.reprint),
)


def reset_rows(cursor: sqlite3.Cursor, parts: Collection[str]) -> None:
    """Bring parts of a store back to how it was with terminals alone: ``journal``, ``sessions``, ``books``.

    Without the books, a terminal's batch goes on: what was booked in it is still known.
    """
    if "journal" in parts:
        set_meta(cursor, FIRST_NUMBER, str(last_number(cursor) + 1))
        _empty(cursor, *_JOURNAL)
        if has_old_journal(cursor):
            cursor.execute("DELETE FROM journal")
    if "books" in parts:
        _empty(cursor, *_BOOKS)
    if "sessions" in parts or "books" in parts:
        rows = [registered(row) for row in cursor.execute(REGISTERED).fetchall()]
        changed = [_fresh(config, session, parts) for config, session in rows if session.version]
        statements.SESSIONS.write(cursor, [SESSION.pack(session) for session in changed])


def _fresh(config: TerminalConfig, session: Session, parts: Collection[str]) -> Session:
    """Return a session as it is to be."""
    fresh = session
    if "sessions" in parts:
        kept = {name: getattr(session, name) for name in ("batch", "settled", "settling", "unused", "last_stan")}
        fresh = Session(config.tid, downloads=config.downloads, **kept)
    if "books" in parts:
        new = Session(config.tid)
        fresh = replace(fresh, batch=new.batch, settled="", settling=False, unused=False, last_stan="")
    return replace(fresh, version=session.version)


def _empty(cursor: sqlite3.Cursor, *tables: StoreTable) -> None:
    for table in tables:
        cursor.execute(" ".join(["DELETE FROM", sql_name(table.name)]))
