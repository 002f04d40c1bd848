"""The store over SQLite, on disk or in memory: one writing connection with its thread, one that the loop reads from.

In the memory of one process there is only one connection, which readers share with the writer. In memory that processes
share (`store.memory`) it is a store as on disk, whose key no file holds.
"""

from __future__ import annotations

import os
import sqlite3
from asyncio import AbstractEventLoop
from collections.abc import Callable
from contextlib import suppress

from acquirer.errors import StoreError
from acquirer.model.effects import Commit
from acquirer.model.ready_exchange import ReadyExchange
from acquirer.security.vault import MASTER_BYTES
from acquirer.store import memory
from acquirer.store.batch_writer import BatchWriter, ThreadWriter
from acquirer.store.database import (
    LOCKED_WAIT_S,
    LOG_PAGES,
    connect_reading,
    connect_writing,
    revision,
    suppress_busy,
)
from acquirer.store.direct_changes import DirectChanges
from acquirer.store.direct_writer import DirectWriter
from acquirer.store.group_committer import GroupCommitter
from acquirer.store.interface import OnOutcome, Recorder
from acquirer.store.key_rotation import opened_key
from acquirer.store.location import DatabaseLock, database_path, key_path
from acquirer.store.open_files import ALL_FILES, WRITTEN_FILES, FileContents, OpenFiles
from acquirer.store.purge import KEEP_DAYS
from acquirer.store.queries import Reader
from acquirer.store.schema import REVISION
from acquirer.store.soundness import damaged, explained, missing_part
from acquirer.store.transaction_writer import OnWritten


class SqliteStore(DirectChanges):
    """See `interface.Store`; opened by `open_store`."""

    def __init__(self, url: str, *, shared: bool = False) -> None:
        self.url = url
        database = database_path(url)
        self._in_memory = database is None
        if database is None and shared:
            database = memory.shared_memory()
        self._database = database
        self._database_lock = None if database is None else DatabaseLock(database)
        self._writing: sqlite3.Connection | None = None
        try:
            self._writing = connect_writing(database)
            self._direct = direct = DirectWriter(self._writing, database)
            self.master_key = (
                os.urandom(MASTER_BYTES) if self._in_memory or database is None else opened_key(self._direct, database)
            )
            reading = self._writing if database is None else connect_reading(database, LOCKED_WAIT_S)
            super().__init__(direct, reading, database)
            direct.end_pending()
            self._files = None if database is None else OpenFiles(database, *ALL_FILES)
            self._contents = None if database is None else FileContents(database)
            self._schema_count = self._count_schema_changes()
        except BaseException as exc:
            if self._writing is not None:
                self._writing.close()
            if self._database_lock is not None:
                self._database_lock.release(remove=self._database_lock.created)
            self._delete_from_memory()
            if isinstance(exc, sqlite3.Error):
                raise explained(database, exc) from None
            raise
        self._committer: GroupCommitter | None = None
        self._locked_out = 0  # once it is closed
        self._lost_key = ""

    @property
    def fatal_error(self) -> str:
        """Why the store stopped for good, as a sentence; "" while it works."""
        return self._fatal_error or (self._committer.fatal_error if self._committer else "")

    @property
    def last_error(self) -> str:
        """What is wrong and stops nothing: a lost key file, a commit that could not be written; "" when nothing is."""
        return self._lost_key or (self._committer.last_error if self._committer else "")

    @property
    def locked(self) -> bool:
        """Whether another program holds the database, so that commits are refused."""
        return self._committer is not None and self._committer.locked

    @property
    def locked_out(self) -> int:
        """How many commits were refused because of that."""
        return self._locked_out if self._committer is None else self._committer.locked_out

    @property
    def written(self) -> int:
        """How many commits were made durable."""
        return 0 if self._committer is None else self._committer.written

    @property
    def waiting(self) -> int:
        """How many commits are not answered yet."""
        return 0 if self._committer is None else self._committer.waiting

    @property
    def waited_s(self) -> float:
        """How long the oldest of them has waited."""
        return 0.0 if self._committer is None else self._committer.waited_s

    @property
    def at_rest(self) -> bool:
        """True while nothing waits to be written."""
        return self._committer is None or self._committer.at_rest

    @property
    def congested(self) -> bool:
        """True while too much waits, or for too long."""
        return self._committer is not None and self._committer.congested

    def start(
        self,
        loop: AbstractEventLoop,
        on_written: OnWritten,
        recorder: Recorder | None = None,
        keep_days: int = KEEP_DAYS,
        on_group: Callable[[], object] = bool,
    ) -> None:
        """Begin to commit; see `interface.Store.start`."""
        writer: BatchWriter
        assert self._writing is not None
        if recorder is not None and self._database is not None and self._database_lock is not None:
            writer = recorder(self._database, self._database_lock, loop, keep_days)
            if not self._in_memory:  # that process checkpoints; this connection where it alone has written so much
                self._writing.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
        else:
            files = None if self._database is None else OpenFiles(self._database, *WRITTEN_FILES)
            writer = ThreadWriter(
                self._writing, self._direct.lock, loop.call_soon_threadsafe, on_written, keep_days, files
            )
        self._committer = GroupCommitter(self._direct, writer, loop.call_soon, loop.time, on_group)

    def check_files(self) -> None:
        """Notice when a file of the database is gone: `fatal_error` says so; see `interface.Store.check_files`."""
        if self._files is None or self._contents is None:  # in memory
            return
        if self._writing is not None and not self.fatal_error:
            problem = self._files.gone() or self._contents.written_over() or self._altered()
            key = key_path(self._files.database)
            found = self._in_memory or key.exists()
            self._lost_key = "" if found else f"{key} is gone: put it back, or no host can open the store again"
            if problem:
                self._fatal_error = f"the store failed and stops: {problem}"

    def _altered(self) -> str:
        """Return what another program took away from the tables; "" while they are as they were."""
        try:
            with suppress_busy():
                count = self._count_schema_changes()
                if count == self._schema_count:
                    return ""
                self._schema_count = count
                if what := missing_part(self._reading):
                    return str(damaged(self._database, what))
                if revision(self._reading) != REVISION:
                    return str(damaged(self._database, "it does not say any more which version it is of"))
        except sqlite3.Error as exc:
            return str(explained(self._database, exc))
        return ""

    def _count_schema_changes(self) -> int:
        """Return how often tables were made, changed or dropped; vacuuming counts too."""
        ((count,),) = self._reading.execute("PRAGMA main.schema_version").fetchall()
        return int(count)

    def commit(self, wanted: Commit | ReadyExchange, on_outcome: OnOutcome) -> None:
        """Queue changes; see `interface.Store.commit`."""
        committer = self._committer
        if committer is None:
            raise _not_started()
        committer.commit(wanted, on_outcome)

    def delivered(self, exchange_id: int, outcome: str) -> None:
        """Note what became of a reply; see `interface.Store.delivered`."""
        self._running().delivered(exchange_id, outcome)

    def reader(self) -> Reader:
        """Return a view for queries; see `interface.Store.reader`."""
        if self._database is None:
            return Reader(self._reading, self._direct.lock)
        return Reader(connect_reading(self._database), database=self._database)

    def flush(self) -> None:
        """Commit what waits, and answer it; see `interface.Store.flush`."""
        if self._committer is not None:
            self._committer.flush()

    def close(self) -> None:
        """Commit and answer what waits, then put everything into the one file. Idempotent."""
        committer, self._committer = self._committer, None
        if self._writing is None:
            return
        if committer is not None:
            committer.close()
            self._locked_out = committer.locked_out
            self._fatal_error = self._fatal_error or committer.fatal_error
        try:
            if not self._fatal_error:
                self._direct.return_rrns()
            elif self._files is not None and self._files.gone():  # a file that was moved: all of it that can be saved
                self._writing.execute("PRAGMA wal_checkpoint")
        except sqlite3.Error as exc:
            self._fatal_error = self._fatal_error or f"the store failed at its end: {explained(self._database, exc)}"
        connections, self._writing = (self._reading, self._writing), None
        with self._direct.lock:  # a reader of another thread may be at it
            for connection in connections:  # the last one that is closed puts the log away
                with suppress(sqlite3.Error):
                    connection.close()
        if self._contents is not None:
            self._contents.close()
        if self._database_lock is not None:
            self._database_lock.release()
        self._delete_from_memory()

    def _delete_from_memory(self) -> None:
        if self._in_memory and self._database is not None:
            memory.delete(self._database)

    def _running(self) -> GroupCommitter:
        if self._committer is None:
            raise _not_started()
        return self._committer


def _not_started() -> StoreError:
    return StoreError("the store is closed, or was not started")


def open_store(url: str, *, shared: bool = False) -> SqliteStore:
    """Return the store at `url`: ``memory:``, ``sqlite:///relative.db`` or ``sqlite:////absolute.db``.

    Args:
        shared: whether other processes of the host shall open a store in memory too, where the system can do that.

    Raises:
        StoreError: one sentence about why it cannot be opened and what to do.
    """
    return SqliteStore(url, shared=shared)
