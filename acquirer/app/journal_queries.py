"""Where the searches of `acquirer.journal` read: a store, in this process or served by another; and how they wait.

In the process of a host, the commit itself says that the journal has grown (`JournalChanges`). A file that another
process serves is looked at again and again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from acquirer.journal.entry import Entry
    from acquirer.journal.exchange_filter import ExchangeFilter
    from acquirer.store import Reader

LOOK_AGAIN_S: Final = 0.2
"""How often a file is looked at that another process writes: soon enough for people, nothing for a disk."""


REST_S: Final = 0.005
"""Between two looks at a journal that grows all the time, so that a host under load is not slowed down by who waits."""


class StoreSource:
    """A store as a search reads it. See `journal.search.JournalSource`.

    Args:
        open_reader: returns a reader of it for the time of a ``with`` block.
    """

    def __init__(self, open_reader: Callable[[], AbstractContextManager[Reader]]) -> None:
        self._open_reader = open_reader

    def backwards(self, wanted: ExchangeFilter, before: int | None = None, limit: int = 500) -> Sequence[Entry]:
        with self._open_reader() as reader:
            return reader.backwards(wanted, before, limit)


class JournalChanges:
    """Says to waiting threads that the journal has grown. `notify` may be called from any thread."""

    def __init__(self) -> None:
        self._number = 0
        self._changed = threading.Condition()
        self._listeners: tuple[Callable[[], None], ...] = ()

    def notify(self) -> None:
        """Wake all that wait, and call all that listen."""
        with self._changed:
            self._number += 1
            self._changed.notify_all()
        for listener in self._listeners:
            listener()

    def listen(self, listener: Callable[[], None]) -> None:
        """Have something called whenever the journal grows, from the thread that notices it."""
        self._listeners = (*self._listeners, listener)

    def end_listening(self, listener: Callable[[], None]) -> None:
        """Have it called no more."""
        self._listeners = tuple(one for one in self._listeners if one != listener)

    @property
    def number(self) -> int:
        """How often it has grown; to be read before the journal is."""
        return self._number

    def wait(self, seen: int, timeout_s: float) -> int:
        """Wait until it has grown more often than `seen`, or the time is over; return how often it has."""
        with self._changed:
            self._changed.wait_for(lambda: self._number != seen, timeout_s)
            return self._number


class CommitWaiter:
    """Waits for commits of this process. See `journal.verification.Waiter`."""

    def __init__(self, changes: JournalChanges) -> None:
        self._changes = changes
        self._seen = changes.number
        self._woken_s = 0.0

    def now_s(self) -> float:
        return time.monotonic()

    def wait(self, timeout_s: float) -> None:
        end_s = time.monotonic() + timeout_s
        if (rest_s := self._woken_s + REST_S - time.monotonic()) > 0:
            time.sleep(min(rest_s, timeout_s))
        self._seen = self._changes.wait(self._seen, max(end_s - time.monotonic(), 0.0))
        self._woken_s = time.monotonic()


class FileWaiter:
    """Waits a little while another process writes. See `journal.verification.Waiter`."""

    def now_s(self) -> float:
        return time.monotonic()

    def wait(self, timeout_s: float) -> None:
        time.sleep(min(timeout_s, LOOK_AGAIN_S))
