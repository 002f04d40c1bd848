"""Whether a connection is read, and when: reasons to pause, each lifted by itself, and being read after all others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from acquirer.net.counters import Counters
from acquirer.net.limits import Limits
from acquirer.net.transport import EagerTransport

BUSY, UNSENT, SERVER, REFUSED, QUEUED = 1, 2, 4, 16, 32
"""Why a connection is not being read: too many of its requests wait; its peer does not read; the whole server waits;
one of its requests is refused, which comes first; one of them stands behind many of its terminal.
8: `net.faulty_connection`."""

OWN: Final = REFUSED | QUEUED
"""Reasons that are a peer's own, and no sign of too much work."""


class ReadingServer(Protocol):
    """What reading needs of a server."""

    limits: Limits
    counters: Counters
    now_s: Callable[[], float]


class ReadControl:
    """The part of a `net.connection.Connection` that says whether it is read."""

    __slots__ = (
        "_finished",
        "_paused",
        "_queued",
        "_refusals",
        "_transport",
        "busy",
        "closing",
        "deferred",
        "server",
        "touched_s",
    )

    def __init__(self, server: ReadingServer) -> None:
        self.server = server
        self.busy = 0  # requests handed on and not done with
        self.closing = ""  # why it is being closed
        self.deferred = False  # it is read after all others
        self.touched_s = server.now_s()
        self._transport: EagerTransport | None = None
        self._finished = False  # the peer sent FIN: it may still be reading
        self._paused = 0
        self._refusals = 0  # of them, requests whose refusal is not settled
        self._queued = 0  # and requests that stand behind many of their terminal

    def refused(self) -> None:
        """A request is refused and nothing is booked: read the peer once that is settled, and after all others until a
        request of it is approved."""
        if not self.deferred:
            self.defer(deferred=True)
        self._refusals += 1
        self.pause(REFUSED)

    def refusal_settled(self) -> None:
        """A request that was refused is journalled or shed, and about to be answered."""
        self._refusals -= 1
        if not self._refusals:
            self.resume(REFUSED)

    def queued(self) -> None:
        """A request stands behind many of its terminal: read the peer once that has had its turn."""
        self._queued += 1
        self.pause(QUEUED)

    def queue_left(self) -> None:
        """A request that stood behind many has had its turn."""
        self._queued -= 1
        if not self._queued:
            self.resume(QUEUED)

    def defer(self, *, deferred: bool) -> None:
        """Read the peer after all others that are not deferred, or in its turn again."""
        self.deferred = deferred
        if self._transport is not None:
            self._transport.defer(deferred=deferred)

    def pause(self, why: int) -> None:
        """Stop reading the peer until `resume` of the same reason; TCP then slows it down."""
        if not self._paused and self._transport is not None:
            self._transport.stopReading()
        if not self._paused & why:
            self._paused |= why
            self.server.counters.pauses += not why & OWN

    def resume(self, why: int) -> None:
        """Read the peer again, unless another reason stands."""
        if not self._paused & why:
            return
        self._paused &= ~why
        if not self._paused and not self._finished and not self.closing and self._transport is not None:
            self.touched_s = self.server.now_s()
            self._transport.startReading()
