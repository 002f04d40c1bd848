"""What writes groups of commits: a thread of this process (`ThreadWriter`), or a process of its own.

Both are given groups and report them on the loop's thread, in order; neither is waited for but at the end.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from acquirer.data.types import Row
from acquirer.dialect.dialect import Dialect
from acquirer.store.open_files import OpenFiles
from acquirer.store.packed_changes import PackedChanges
from acquirer.store.purge import KEEP_DAYS
from acquirer.store.transaction_writer import GroupResult, OnWritten, TransactionWriter

CallSoon = Callable[[Callable[[], None]], object]
"""Runs a function on the loop's thread, later: ``loop.call_soon``, ``loop.call_soon_threadsafe``."""

OnGroup = Callable[[GroupResult | str], None]
"""Receives what became of the oldest group; a sentence when that is unknown, and nothing will be written any more."""


class BatchWriter(Protocol):
    """Writes groups. For one thread."""

    def start(self, on_group: OnGroup) -> None:
        """Begin to write; `on_group` is called for each group, in order."""

    def dialect_key(self, dialect: Dialect) -> Any:
        """Return what packed changes call a dialect."""

    def write(self, commits: Sequence[PackedChanges], deliveries: Sequence[Row], rrn_limit: int | None) -> None:
        """Have a group made durable; see `TransactionWriter.write_group`."""

    def wait(self, timeout_s: float | None = None) -> None:
        """Wait until the oldest group is written, and report it now.

        Raises:
            TimeoutError: that took longer.
        """

    def close(self) -> None:
        """Finish what was begun, and close the connection."""


class ThreadWriter:
    """A thread that writes over this process's connection; everything else that uses the connection holds `lock`."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        lock: threading.Lock,
        call_soon_threadsafe: CallSoon,
        on_written: OnWritten,
        keep_days: int = KEEP_DAYS,
        files: OpenFiles | None = None,
    ) -> None:
        self._writer = TransactionWriter(connection, on_written, keep_days=keep_days, files=files)
        self._lock = lock
        self._call_soon = call_soon_threadsafe
        self._groups: SimpleQueue[tuple[Any, ...] | None] = SimpleQueue()  # None ends the thread
        self._results: SimpleQueue[GroupResult | str] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)

    def start(self, on_group: OnGroup) -> None:
        self._on_group = on_group
        self._thread.start()

    def dialect_key(self, dialect: Dialect) -> Any:
        return dialect

    def write(self, commits: Sequence[PackedChanges], deliveries: Sequence[Row], rrn_limit: int | None) -> None:
        self._groups.put((commits, deliveries, rrn_limit))

    def wait(self, timeout_s: float | None = None) -> None:
        try:
            result = self._results.get(timeout=timeout_s)
        except Empty:
            raise TimeoutError from None
        self._on_group(result)

    def close(self) -> None:
        self._groups.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (group := self._groups.get()) is not None:
            with self._lock:
                self._results.put(self._writer.write_group(*group))
            with suppress(RuntimeError):  # the loop is closed: what is durable stays so, and no exchange waits
                self._call_soon(self._report)
            with self._lock:
                self._writer.follow_up()

    def _report(self) -> None:
        """Report every group that is written, unless `wait` has done it."""
        while True:
            try:
                result = self._results.get_nowait()
            except Empty:
                return
            self._on_group(result)
