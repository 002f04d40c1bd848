"""Counting receipts that are printed again: the one thing written beside a serving host.

The host neither reads nor caches these rows, so a short transaction of another process disturbs nothing; SQLite's own
lock lets the two wait for each other.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from acquirer.errors import StoreError
from acquirer.model.rows import TransactionKey
from acquirer.store import schema
from acquirer.store.database import connect_beside
from acquirer.store.location import MEMORY, database_path
from acquirer.store.schema import listed, sql_name

_COUNT: Final = " ".join(
    [
        *("INSERT INTO", sql_name(schema.reprint.name), f"({listed((*schema.reprint.key, 'copies'))})"),
        f"VALUES ({', '.join('?' * len(schema.reprint.names))})",
        f"ON CONFLICT ({listed(schema.reprint.key)})",
        f"DO UPDATE SET copies = {sql_name(schema.reprint.name)}.copies + excluded.copies RETURNING copies",
    ]
)


def count_reprint(url: str, key: TransactionKey) -> int:
    """Count one more copy of a sale's receipt; return which one it is, from 1.

    Raises:
        StoreError: no store of ours on disk, or one that cannot be written.
    """
    database = database_path(url)
    if database is None:
        raise StoreError(f"a {MEMORY} store ends with its process: name the sqlite: store of the sale")
    connection = connect_beside(database, schema.reprint)
    try:
        connection.execute("BEGIN IMMEDIATE")
        (copies,) = connection.execute(_COUNT, (*key, 1)).fetchone()
        connection.execute("COMMIT")
    except sqlite3.Error as exc:
        raise StoreError(f"{database} cannot be written to count the reprint: {exc}") from None
    finally:
        connection.close()
    return int(copies)
