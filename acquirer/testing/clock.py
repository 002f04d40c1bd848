"""The clock of a running host, as a test sets it ahead and waits by it."""

from __future__ import annotations

import socket
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import suppress
from datetime import datetime, tzinfo
from typing import Final

from acquirer.app.journal_queries import JournalChanges
from acquirer.app.serve import Running
from acquirer.data.text import address_text
from acquirer.net.in_flight import in_flight
from acquirer.net.readable import is_readable
from acquirer.process.virtual_time import VirtualTime
from acquirer.testing.background import Background, HostEndedError
from acquirer.testing.durations import Duration, seconds_of

SETTLE_S: Final = 2.0
"""A host that has not done by then what it was asked to has something in it that waits for a person."""

_MICROSECONDS: Final = 1_000_000


class HostClock:
    """The time of a host: the machine's, or where its settings have it stand, and all that was skipped.

    Methods may be called from any thread.
    """

    def __init__(self, background: Background[Running], time: VirtualTime, timezone: tzinfo) -> None:
        self._background = background
        self.time = time
        self._timezone = timezone

    @property
    def now(self) -> datetime:
        """Return the host's local time."""
        return datetime.fromtimestamp(self.time.clock.now_us() / _MICROSECONDS, self._timezone)

    def advance(self, duration: Duration) -> None:
        """Skip so much time: everything that waits for a timer of the host happens at its time, one after another."""
        self._background.run(self.time.advance(seconds_of(duration)))

    def settle(self) -> None:
        """Wait until the host has done what it was asked to; what a rule holds for a person is not waited for long."""
        server = self._background.value.server
        self._background.run(self.time.settle(lambda: server.quiet, SETTLE_S))

    def wait_readable(self, sock: socket.socket, within_s: float) -> bool:
        """Skip time until a socket of a terminal of ours can be read; return False if it cannot in time.

        Where there is something between the two, as a proxy, no time is skipped: what is on its way cannot be known.
        """
        server = self._background.value.server
        name = address_text(sock.getsockname())

        def settled() -> bool:
            return not in_flight(sock) and server.quiet and server.settled(name)  # what has arrived is to be read then

        def ready() -> bool:
            fd = sock.fileno()
            return fd < 0 or is_readable(fd)  # closed meanwhile by another thread: a read says so

        self.skip(ready, within_s, settled)
        return ready()

    def waiter(self, changes: JournalChanges) -> VirtualWaiter:
        """Return what waits for the journal to grow, skipping time."""
        return VirtualWaiter(self, changes)

    def skip(self, ready: Callable[[], bool], within_s: float, settled: Callable[[], bool] | None = None) -> None:
        """Skip time until something is there, as `VirtualTime.skip_until` does, or `within_s` have passed.

        Args:
            settled: whether nothing is on its way to the host or from it; None: nothing that is to be read.
        """
        end_s = self.time.loop.time() + within_s
        server = self._background.value.server
        with suppress(CancelledError, HostEndedError):  # what is waited for has come, or never will
            self._background.run(self.time.skip_until(ready, end_s, settled or (lambda: server.quiet)))


class VirtualWaiter:
    """Waits for commits of a host of this process, and skips time meanwhile. See `journal.verification.Waiter`."""

    def __init__(self, clock: HostClock, changes: JournalChanges) -> None:
        self._clock = clock
        self._changes = changes
        self._seen = changes.number

    def now_s(self) -> float:
        return self._clock.time.loop.time()

    def wait(self, timeout_s: float) -> None:
        with self._clock.time.operating():
            self._clock.skip(lambda: self._changes.number != self._seen, timeout_s)
        self._seen = self._changes.number
