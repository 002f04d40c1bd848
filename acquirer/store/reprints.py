"""Counting receipts that are printed again: the one thing written beside a serving host.

The host neither reads nor keeps these rows, so that a short transaction of another process is in nobody's way; SQLite's
own lock lets the two wait for each other.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from sqlalchemy import bindparam
from sqlalchemy.dialects import sqlite

from acquirer.model.rows import TransactionKey
from acquirer.store import schema
from acquirer.store.database import connect_beside
from acquirer.store.location import MEMORY, StoreError, place
from acquirer.store.statements import compiled

_NEW = sqlite.insert(schema.reprint).values({column.name: bindparam(column.name) for column in schema.reprint.c})
_COUNT: Final = compiled(
    _NEW.on_conflict_do_update(
        index_elements=list(schema.reprint.primary_key), set_={"copies": schema.reprint.c.copies + _NEW.excluded.copies}
    ).returning(schema.reprint.c.copies)
)


def count_reprint(url: str, key: TransactionKey) -> int:
    """Count one more copy of a sale's receipt; returns which one it is, from 1.

    Raises:
        StoreError: no store of ours on disk, or one that cannot be written.
    """
    database = place(url)
    if database is None:
        raise StoreError(f"a {MEMORY} store ends with its process: name the sqlite: store of the sale")
    connection = connect_beside(database)
    try:
        connection.execute("BEGIN IMMEDIATE")
        (copies,) = connection.execute(_COUNT, (*key, 1)).fetchone()
        connection.execute("COMMIT")
    except sqlite3.Error as wrong:
        raise StoreError(f"{database} cannot be written to count the reprint: {wrong}") from None
    finally:
        connection.close()
    return int(copies)
