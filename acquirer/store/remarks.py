"""What people say of exchanges: a mark, to find them by, and a comment. Written beside a serving host, too.

The host keeps none of it in memory, so a short transaction of another process disturbs nothing.
"""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Final

from acquirer.errors import StoreError
from acquirer.model.remarks import Remark
from acquirer.store import schema
from acquirer.store.database import connect_beside
from acquirer.store.journal_writer import has_old_journal
from acquirer.store.location import MEMORY, database_path
from acquirer.store.schema import REMARK, sql_name
from acquirer.store.soundness import explained
from acquirer.store.statements import having, query, replaced, select

_REMARKS: Final = replaced(schema.remark)
_REMARK: Final = select(schema.remark, having("exchange_id"))
_DELETE: Final = " ".join(["DELETE FROM", sql_name(schema.remark.name), "WHERE", having("exchange_id")])
_EXCHANGE: Final = query("1", sql_name(schema.exchange.name), [having("id")])


def write_remark(cursor: sqlite3.Cursor, number: int, mark: str | None, comment: str | None) -> Remark:
    """Change what is said of an exchange; return all that is. Within a transaction.

    Args:
        mark: None leaves it as it is, "" takes it away. So with the comment.

    Raises:
        LookupError: there is no such exchange.
    """
    if not _is_there(cursor, number):
        raise LookupError(f"there is no exchange {number}")
    row = cursor.execute(_REMARK, (number,)).fetchone()
    remark = Remark(number) if row is None else REMARK.unpack(row)
    if mark is not None:
        remark = replace(remark, mark=mark)
    if comment is not None:
        remark = replace(remark, comment=comment)
    if remark == Remark(number):
        cursor.execute(_DELETE, (number,))
    else:
        row = REMARK.pack(remark)
        _REMARKS.write(cursor, [row])
        remark = REMARK.unpack(row)  # card numbers are masked now
    return remark


def remark_beside(url: str, number: int, mark: str | None, comment: str | None) -> Remark:
    """Change what is said of an exchange of a store, which a host may serve; see `write_remark`.

    Raises:
        LookupError: there is no such exchange.
        StoreError: no store of ours on disk, or one that cannot be written.
    """
    database = database_path(url)
    if database is None:
        raise StoreError(f"a {MEMORY} store ends with its process: name a sqlite: store")
    connection = connect_beside(database, schema.remark)
    try:
        return _in_transaction(connection, database, number, mark, comment)
    finally:
        connection.close()


def _in_transaction(
    connection: sqlite3.Connection, database: Path, number: int, mark: str | None, comment: str | None
) -> Remark:
    try:
        cursor = connection.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        remark = write_remark(cursor, number, mark, comment)
        cursor.execute("COMMIT")
    except sqlite3.Error as exc:
        raise explained(database, exc) from None
    return remark


def _is_there(cursor: sqlite3.Cursor, number: int) -> bool:
    if cursor.execute(_EXCHANGE, (number,)).fetchone():
        return True
    if not has_old_journal(cursor):
        return False
    return cursor.execute("SELECT 1 FROM journal WHERE id = ?", (number,)).fetchone() is not None
