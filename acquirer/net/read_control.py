"""Whether a connection is read, and when: reasons to pause, each lifted by itself; being read after all others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

from acquirer.model.peer_certificate import PeerCertificate
from acquirer.net.counters import Counters
from acquirer.net.handshakes import Handshakes
from acquirer.net.limits import Limits
from acquirer.net.transport import EagerTransport

BUSY, UNSENT, SERVER, REFUSED, QUEUED = 1, 2, 4, 16, 32
"""Why a connection is not being read: too many of its requests wait; its peer does not read; the whole server waits;
one of its requests is refused, which comes first; one of them stands behind many of its terminal.
8: `net.faulty_connection`."""

OWN: Final = REFUSED | QUEUED
"""Reasons that are a peer's own, and no sign of too much work."""


TLS_TIMEOUT: Final = "tls-timeout"
"""Why a connection is ended whose handshake took too long."""


class ReadingServer(Protocol):
    """What reading needs of a server."""

    handshakes: Handshakes
    limits: Limits
    counters: Counters
    now_s: Callable[[], float]


_Server = TypeVar("_Server", bound=ReadingServer)


class ReadControl(Generic[_Server]):
    """The part of a `net.connection.Connection` that says whether it is read."""

    __slots__ = (
        "_finished",
        "_paused",
        "_queued",
        "_refusals",
        "_transport",
        "busy",
        "certificate",
        "closing",
        "deferred",
        "frame_since_s",
        "idle_s",
        "server",
        "touched_s",
    )

    def __init__(self, server: _Server) -> None:
        self.server = server
        self.busy = 0  # requests handed on and not done with
        self.closing = ""  # why it is being closed
        self.deferred = False  # it is read after all others
        self.touched_s = server.now_s()
        self.idle_s = server.limits.idle_s
        self.frame_since_s = 0.0  # when the unfinished frame began; 0: none
        self.certificate: PeerCertificate | None = None  # that the peer showed
        self._transport: EagerTransport | None = None
        self._finished = False  # the peer sent FIN: it may still be reading
        self._paused = 0
        self._refusals = 0  # of them, requests whose refusal is not settled
        self._queued = 0  # and requests that stand behind many of their terminal

    def secured(self, certificate: PeerCertificate | None) -> None:
        """The TLS handshake is over, and the peer has shown a certificate or not."""
        self.certificate = certificate
        self.touched_s = self.server.now_s()

    def handshake_limit_s(self, now_s: float) -> float:
        """Return how long a handshake may take that has not ended by now, if it is overdue; else 0."""
        since_s = 0.0 if self._transport is None else self._transport.handshake_since_s
        limits = self.server.limits
        most_s = limits.handshake_full_s if self.server.handshakes.full else limits.handshake_s
        return most_s if since_s and now_s - since_s > most_s else 0.0

    def overdue(self, now_s: float) -> str:
        """Why this connection should be ended now, or ""; called by the server's sweep."""
        limits, transport = self.server.limits, self._transport
        if transport is None:
            return ""
        if transport.unsent_bytes and now_s - transport.progress_s > limits.unsent_s:
            return "not-reading"
        if self._paused or self.busy or transport.unread:
            return ""  # it waits for us
        if transport.handshake_since_s:
            return TLS_TIMEOUT if self.handshake_limit_s(now_s) else ""
        if self.frame_since_s and now_s - self.frame_since_s > limits.frame_s:
            return "frame-timeout"
        return "idle" if now_s - self.touched_s > self.idle_s else ""

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
