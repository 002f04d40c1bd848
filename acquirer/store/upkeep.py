"""What is done to a store that no host serves: purged, shrunk. The lock file keeps hosts away meanwhile."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from acquirer.errors import StoreError
from acquirer.store.database import BUSY_S, connect_writing
from acquirer.store.location import MEMORY, DatabaseLock, check_kind, database_path
from acquirer.store.purge import delete_unused, empty_log
from acquirer.store.soundness import explained


def existing(url: str) -> Path:
    """Return the database file of a store on disk.

    Raises:
        StoreError: it is in memory, or there is none.
    """
    database = database_path(url)
    if database is None:
        raise StoreError(f"a {MEMORY} store ends with its process: name a sqlite: store")
    if not check_kind(database):
        raise StoreError(f"there is no store at {database}: name the right one")
    return database


def purge(url: str, now_us: int, keep_days: int) -> int:
    """Delete what was last used more than `keep_days` ago (`purge.delete_unused`); return how many transactions.

    Raises:
        StoreError: a host serves it, or it cannot be written.
    """
    with _held(existing(url)) as cursor:
        cursor.execute("BEGIN IMMEDIATE")
        deleted = delete_unused(cursor, now_us, keep_days)
        cursor.execute("COMMIT")
        empty_log(cursor, BUSY_S)
    return deleted


def vacuum(url: str) -> tuple[int, int]:
    """Write the database anew without its gaps; return its size in bytes before and after.

    Raises:
        StoreError: a host serves it, it cannot be written, or there is no room for a second copy.
    """
    database = existing(url)
    with _held(database) as cursor:
        empty_log(cursor, BUSY_S)
        before = database.stat().st_size
        cursor.execute("VACUUM")
        empty_log(cursor, BUSY_S)
    return before, database.stat().st_size


@contextmanager
def _held(database: Path) -> Iterator[sqlite3.Cursor]:
    lock = DatabaseLock(database)
    try:
        with closing(connect_writing(database)) as connection, closing(connection.cursor()) as cursor:
            yield cursor
    except sqlite3.Error as exc:
        raise explained(database, exc) from None
    finally:
        lock.release(remove=lock.created)
