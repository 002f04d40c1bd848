"""Checkpoints beside the groups that a process writes: a thread puts the log into the database while groups go on.

1. SQLite's own checkpoints are part of a COMMIT: a group waits 6 to 8 ms longer to be answered. Over a connection of
   its own a thread takes as long, but SQLite lets another one write meanwhile, and `sqlite3` lets Python go on.
2. Such a checkpoint never meets the end of a log that always grows, so that would never begin anew. Once it has
   `FULL_LOG_PAGES`, the connection that writes puts the rest away itself, between two groups: what was written during
   the thread's checkpoint. The next transaction begins the log anew, unless a reader still needs it; then both is tried
   again when as much was written again.
3. One that has not ended when the next one is due is waited for: a slow disk holds groups up, and the log is bounded.
4. No checkpoint begins but when something was written since the last one began. So some of the log is left to be put
   away, and no one begins it anew at that moment: SQLite before 3.51.3 damages a database when that happens.
5. A checkpoint that fails loses nothing. As with SQLite's own, its error is dropped; it is tried once more between two
   groups, which a thread that has died does not prevent either, and then beside them again.

Source: https://sqlite.org/wal.html#avoiding_excessively_large_wal_files, https://sqlite.org/wal.html#walresetbug
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

from acquirer.store.database import connect_again

CHECKPOINT_EXCHANGES: Final = 1_500
"""Two to three thousand pages of sales: each checkpoint syncs twice, which so many share, and what is left to be put
away when a host ends takes some 20 ms."""

FULL_LOG_PAGES: Final = 12_000
"""With what is written until it begins anew, the log stays below `database.LOG_BYTES`, to which SQLite would cut it."""


class Checkpoints:
    """Puts away the log of a database on disk while a connection writes groups. For one thread.

    Args:
        writing: the connection; from now on it does not checkpoint in its commits.

    Raises:
        sqlite3.Error: the database cannot be opened once more.
    """

    def __init__(self, database: Path, writing: sqlite3.Connection) -> None:
        self._beside = connect_again(database)
        self._writing = writing
        writing.execute("PRAGMA wal_autocheckpoint = 0")
        self._thread: threading.Thread | None = None  # each checkpoint has a new one
        self._exchanges = 0  # written since a checkpoint began
        self._log_pages = 0  # of the log, as the thread has found it

    def follow(self, exchanges: int) -> None:
        """Begin a checkpoint if one is due, after a group and outside of a transaction.

        Args:
            exchanges: how many the group has written, at least one.
        """
        self._exchanges += exchanges
        due = self._exchanges >= CHECKPOINT_EXCHANGES
        if not due and self._thread is not None and self._thread.is_alive():
            return
        self.wait()
        if self._log_pages >= FULL_LOG_PAGES:
            self._exchanges = self._log_pages = 0
            _put_away(self._writing)
        elif due:
            self._begin()

    def wait(self) -> None:
        """Wait for the end of a checkpoint that has begun: SQLite refuses another one meanwhile."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def close(self) -> None:
        """End what has begun, and close the thread's connection: before the one that writes, which may end the log."""
        self.wait()
        self._beside.close()

    def _begin(self) -> None:
        self._exchanges = 0
        self._log_pages = FULL_LOG_PAGES  # unless the thread finds fewer: what it cannot do is done between two groups
        thread = threading.Thread(target=self._run, name="store-checkpoint", daemon=True)
        with suppress(RuntimeError):  # the system gives no more threads
            thread.start()
            self._thread = thread

    def _run(self) -> None:
        self._log_pages = _put_away(self._beside)


def _put_away(connection: sqlite3.Connection) -> int:
    """Put away what no reader needs as it was; return how many pages the log has, as if it were full if that fails."""
    try:
        ((_busy, log_pages, _done_pages),) = connection.execute("PRAGMA wal_checkpoint").fetchall()
    except (sqlite3.Error, MemoryError):  # the latter is what `sqlite3` says where SQLite finds no memory
        return FULL_LOG_PAGES
    return int(log_pages)
