"""What this process itself writes of a store: terminals, pictures, reference numbers, in transactions of their own.

Groups of exchanges are written by a `BatchWriter`, over this connection or over one in another process.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from acquirer.journal.render import collect, pack_any
from acquirer.model.effects import Changes
from acquirer.model.ready_exchange import ReadyExchange
from acquirer.model.rows import Card, Session
from acquirer.store import schema, statements
from acquirer.store.database import BUSY_S, LOCK_WAIT_S, LOCKED_WAIT_S, suppress_busy, wait_when_busy
from acquirer.store.highest_stan import HighestStans
from acquirer.store.journal_writer import JournalWriter, last_number
from acquirer.store.row_cache import RowCache
from acquirer.store.rrn import ReferenceNumbers
from acquirer.store.schema import sql_name
from acquirer.store.soundness import damaged, meta_number
from acquirer.store.statements import query
from acquirer.store.transaction_writer import set_meta
from acquirer.store.uploads import RenderedSignature, write_picture

_PENDING: Final = query("1", sql_name(schema.delivery.name), ["outcome = 'pending'"], limit=True)
_END_PENDING: Final = "UPDATE delivery SET outcome = 'undelivered' WHERE outcome = 'pending'"
_IN_USE: Final = query("1", sql_name(schema.terminal.name), limit=True)


class DirectWriter:
    """A store's database as this process writes it. Everything that uses the connection holds `lock`."""

    def __init__(self, connection: sqlite3.Connection, database: Path | None = None) -> None:
        self.lock = threading.Lock()
        self._connection = connection
        self._cursor = connection.cursor()
        self.sessions: RowCache[Session] = RowCache()
        self.cards: RowCache[Card] = RowCache()
        self.cards_without_row: RowCache[bool] = RowCache()  # nothing is kept about most test cards
        self.highest_stans = HighestStans()
        self.in_use = bool(self._cursor.execute(_IN_USE, (1,)).fetchall())
        limit = self.meta("rrn")
        if not limit and last_number(self._cursor):
            raise damaged(database, "rrn is missing in table meta")
        self.rrns = ReferenceNumbers(meta_number(limit, "rrn", database))

    def forget_rows(self) -> None:
        """Read every row from the database the next time. On the loop's thread."""
        self.sessions.clear()
        self.cards.clear()
        self.cards_without_row.clear()
        self.highest_stans.clear()

    def keep(self, changes: Changes | ReadyExchange) -> None:
        """Keep the rows of a commit that was written as the latest. On the loop's thread."""
        session, card, transaction = changes.session, changes.card, changes.transaction
        if transaction is not None:
            self.highest_stans.raise_to(transaction.key)
        if session is not None:
            session.version += 1  # as it was written; the exchange that committed it has no more use for it
            if type(changes) is ReadyExchange and changes.only_stan:
                session.last_stan = changes.stan  # of the one that is kept
            else:
                self.sessions.put(session.tid, session)
        if card is not None:
            self.cards_without_row.forget(card.token)
            card.version += 1
            self.cards.put(card.token, card)

    def forget(self, changes: Changes | ReadyExchange) -> None:
        """Read the rows of a commit that was not written anew the next time. On the loop's thread."""
        session, card, transaction = changes.session, changes.card, changes.transaction
        if transaction is not None:
            self.highest_stans.forget(transaction.key.tid)
        if session is not None:
            self.sessions.forget(session.tid)
        if card is not None:
            self.cards_without_row.forget(card.token)
            self.cards.forget(card.token)

    def transact(self, work: Callable[[sqlite3.Cursor], object], wait_s: float = BUSY_S) -> None:
        """Run `work` in a transaction of its own: all of it happens, or nothing.

        Args:
            wait_s: how long to wait while another program holds the database.
        """
        with self.lock:
            wait_when_busy(self._cursor, wait_s)
            try:
                self._transact(work)
            finally:
                wait_when_busy(self._cursor, LOCK_WAIT_S)

    def end_pending(self) -> None:
        """Say of replies that were held back when a host was killed that they were never sent.

        While another program holds the database they stay pending, until the next start.
        """
        if self._cursor.execute(_PENDING, (1,)).fetchall():
            with suppress_busy():
                self.transact(lambda cursor: cursor.execute(_END_PENDING), LOCKED_WAIT_S)

    def return_rrns(self) -> None:
        """Give back the reference numbers that were not used: after a clean end the next start leaves no gap.

        While another program holds the database they are given up.
        """
        with suppress_busy():
            self.transact(lambda cursor: set_meta(cursor, "rrn", str(self.rrns.given)), LOCKED_WAIT_S)

    def write_pictures(self, rendered: Sequence[RenderedSignature]) -> None:
        """Write what decoding images of signatures came to, and what the journal says of them."""

        def work(cursor: sqlite3.Cursor) -> None:
            for one in rendered:
                write_picture(cursor, one)
                if one.evidence is not None:
                    number = one.evidence.id = last_number(cursor) + 1
                    JournalWriter().write(cursor, [(number, pack_any(collect(one.evidence), one.evidence.dialect))])

        self.transact(work, LOCK_WAIT_S)

    def meta(self, name: str) -> str:
        """Return a value that the store keeps about itself; "" when there is none."""
        rows = self._cursor.execute(statements.META_BY_NAME, (name,)).fetchall()
        return str(rows[0][1]) if rows else ""

    def _transact(self, work: Callable[[sqlite3.Cursor], object]) -> None:
        self._cursor.execute("BEGIN IMMEDIATE")
        try:
            work(self._cursor)
            self._cursor.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._cursor.execute("ROLLBACK")
