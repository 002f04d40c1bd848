"""Who writes groups: a thread of this process (`ThreadWriter`), or a process of its own (`apart`).

Both are asked and answer on the loop's thread, in order; neither is waited for but at the end.
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
from acquirer.store.transaction_writer import Item, Tell, TransactionWriter, Written

Soon = Callable[[Callable[[], None]], object]
"""Runs a function on the loop's thread, later: ``loop.call_soon``, ``loop.call_soon_threadsafe``."""

Answered = Callable[[Written | str], None]
"""Takes what became of the oldest group; a sentence when nobody knows, and nothing will be written any more."""


class BatchWriter(Protocol):
    """Whoever writes groups. For one thread."""

    def begin(self, answered: Answered) -> None:
        """Who is told of each group that was written."""

    def named(self, dialect: Dialect) -> Any:
        """How a dialect is called in items."""

    def write(self, items: Sequence[Item], deliveries: Sequence[Row], limit: int | None) -> None:
        """Have a group made durable, with what travels along; `limit` is that of reference numbers, if it is new."""

    def wait(self, patience_s: float | None = None) -> None:
        """Wait until the oldest group is written, and tell of it now.

        Raises:
            TimeoutError: that took longer.
        """

    def end(self) -> None:
        """Let go of the database."""


class ThreadWriter:
    """A thread that writes over this process's connection; whoever else uses that has the `turn`."""

    def __init__(self, connection: sqlite3.Connection, turn: threading.Lock, soon_threadsafe: Soon, tell: Tell) -> None:
        self._hand = TransactionWriter(connection, tell)
        self._turn = turn
        self._soon = soon_threadsafe
        self._asked: SimpleQueue[tuple[Any, ...] | None] = SimpleQueue()  # None ends the thread
        self._answers: SimpleQueue[Written | str] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)

    def begin(self, answered: Answered) -> None:
        self._answered = answered
        self._thread.start()

    def named(self, dialect: Dialect) -> Any:
        return dialect

    def write(self, items: Sequence[Item], deliveries: Sequence[Row], limit: int | None) -> None:
        self._asked.put((items, deliveries, limit))

    def wait(self, patience_s: float | None = None) -> None:
        try:
            found = self._answers.get(timeout=patience_s)
        except Empty:
            raise TimeoutError from None
        self._answered(found)

    def end(self) -> None:
        self._asked.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (asked := self._asked.get()) is not None:
            with self._turn:
                self._answers.put(self._hand.try_to_write(*asked))
            with suppress(RuntimeError):  # the loop has gone: what is durable stays so, and nobody is left to hear it
                self._soon(self._take)
            with self._turn:
                self._hand.follow_up()

    def _take(self) -> None:
        """Tell of all there is to tell, unless somebody has waited for it."""
        while True:
            try:
                found = self._answers.get_nowait()
            except Empty:
                return
            self._answered(found)
