"""Raw frames of a connection, both ways, given to a trace before they are handed on.

1. What stands between a transport and its connection here cuts what is received into frames a second time, with all
   that stands around them. Without a trace none of this is made.
2. A frame is traced just before the connection's receiver gets it, what is no frame just before it is refused.
3. What is sent is traced as the transport gets it, so with what faults have made of it.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

from twisted.python.failure import Failure

from acquirer.inspect.trace_packets import IpAndPort
from acquirer.model.peer_certificate import PeerCertificate
from acquirer.net.connection import Connection
from acquirer.net.transport import EagerTransport
from acquirer.wire.framing import FrameError
from acquirer.wire.raw_frames import RawFrames


class FrameTrace(Protocol):
    """Takes raw bytes; must not wait."""

    def frame(self, number: int, peer: IpAndPort, host: IpAndPort, data: bytes, *, received: bool) -> None:
        """Bytes came from a peer, or went there: one frame, or what is none."""

    def ended(self, number: int) -> None:
        """A connection has ended."""


class TracedConnection:
    """Passes what a transport reports on to its connection; see `net.transport.TransportEvents`."""

    def __init__(self, connection: Connection, trace: FrameTrace, client: IpAndPort, host: IpAndPort) -> None:
        self._connection = connection
        self._trace = trace
        self._peer, self._host = client[:2], host
        self._frames = RawFrames(connection.listener.framing)
        self._refused = False
        self._cut: deque[tuple[bool, bytes]] = deque()  # to be traced: whether a receiver gets it, and its bytes
        self._receive = connection._receive
        connection._receive = self._received

    def makeConnection(self, transport: EagerTransport) -> None:
        write = transport.write

        def traced(data: bytes) -> None:
            self._put(data, received=False)
            write(data)

        transport.write = traced  # type: ignore[method-assign]
        self._connection.makeConnection(transport)

    def dataReceived(self, data: bytes) -> None:
        if not self._connection.open:  # closed since this was read
            return
        try:
            if self._refused:
                self._cut.append((False, data))
            else:
                self._cut.extend((bool(frame), raw) for frame, raw in self._frames.feed(data))
        except FrameError:
            self._refused = True
            self._cut.append((False, self._frames.take_rest()))
        self._put_others()
        self._connection.dataReceived(data)
        self._put_unwanted()

    def moreReceived(self) -> bool:
        handed_on = self._connection.moreReceived()
        self._put_unwanted()
        return handed_on

    def peerFinished(self) -> None:
        self._put_unfinished()
        self._connection.peerFinished()

    def unsentChanged(self) -> None:
        self._connection.unsentChanged()

    def secured(self, certificate: PeerCertificate | None) -> None:
        self._connection.secured(certificate)

    def refuse(self, reason: str, detail: str, data: bytes) -> None:
        self._connection.refuse(reason, detail, data)

    def connectionLost(self, reason: Failure) -> None:
        self._put_unfinished()
        self._connection.connectionLost(reason)
        self._trace.ended(self._connection.number)

    def _received(self, connection: Connection, frame: bytes) -> None:
        if self._cut:
            self._put(self._cut.popleft()[1], received=True)
        self._receive(connection, frame)
        self._put_others()

    def _put_others(self) -> None:
        """Trace what no receiver gets, up to the next frame."""
        while self._cut and not self._cut[0][0]:
            self._put(self._cut.popleft()[1], received=True)

    def _put_unwanted(self) -> None:
        """Trace frames that the connection will not hand on, because it is closing."""
        if self._connection.closing or not self._connection.open:
            self._put_rest()

    def _put_rest(self) -> None:
        while self._cut:
            self._put(self._cut.popleft()[1], received=True)

    def _put_unfinished(self) -> None:
        self._put_rest()
        self._put(self._frames.take_rest(), received=True)

    def _put(self, data: bytes, *, received: bool) -> None:
        if data:
            self._trace.frame(self._connection.number, self._peer, self._host, data, received=received)
