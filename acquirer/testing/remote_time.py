"""The time of a host in another process: the machine's, for its terminals too."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo

from acquirer.app.host_client import HostClient
from acquirer.app.journal_queries import CommitWaiter, JournalChanges
from acquirer.journal.verification import Waiter
from acquirer.net.readable import is_readable
from acquirer.testing.durations import Duration
from acquirer.testing.external import NotInProcessError


class RealTime:
    """Time that nothing skips. See `process.virtual_time.VirtualTime`."""

    def now_ns(self) -> int:
        return time.monotonic_ns()

    @contextmanager
    def operating(self) -> Iterator[None]:
        yield


class RemoteClock:
    """The clock of a host in another process. See `testing.clock.HostClock`."""

    def __init__(self, client: HostClient, timezone: tzinfo) -> None:
        self._client = client
        self._timezone = timezone
        self.time = RealTime()

    @property
    def now(self) -> datetime:
        """Return the local time where the host says it is."""
        return datetime.now(self._timezone)

    def advance(self, duration: Duration) -> None:
        """Refuse: the timers of our terminals could not be set ahead with it."""
        raise NotInProcessError(
            f"the host at {self._client.door.url} is another process: its time and that of its terminals cannot be set "
            f"{duration} ahead together; give terminals a shorter timeout=, or run the test with a host in this process"
        )

    def settle(self) -> None:
        """Do nothing: what was answered is journalled."""

    def waiter(self, changes: JournalChanges) -> Waiter:
        """Return what waits for the journal to grow."""
        return CommitWaiter(changes)

    def wait_readable(self, sock: socket.socket, within_s: float) -> bool:
        """Wait until a socket can be read; return False if it cannot in time."""
        return is_readable(sock.fileno(), within_s)
