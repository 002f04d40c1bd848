"""The transport of a connection that speaks TLS: as the lean one, with a session between socket and connection.

1. What a connection writes is encrypted and goes the way of all bytes; what is read is decrypted before it is reported.
2. Until the handshake is over the socket is read after all others that are not deferred: a handshake costs some tenths
   of a millisecond, and a flood of them must not make plain terminals wait.
3. What began as something else, and why a handshake failed, is said to the connection as a refusal in words.
4. An end that the peer announces (close_notify) is its end; one without an announcement is too.
"""

from __future__ import annotations

import socket
import ssl
from typing import Any, Final, Protocol

from acquirer.net.handshakes import Handshakes
from acquirer.net.readable import ReceivedData
from acquirer.net.tls_session import TLS_STARTS, TlsError, TlsSession
from acquirer.net.transport import EagerTransport, ListeningPort, TransportEvents
from acquirer.wire.deframer import make_deframer
from acquirer.wire.framing import FrameError, Framing
from acquirer.wire.other_protocols import other_protocol

NOT_TLS, HANDSHAKE, BROKEN = "not-tls", "tls-handshake", "tls-broken"
"""Why a connection of a TLS listener is ended, as counters and the journal name it; see `read_control.TLS_TIMEOUT`."""


class TlsSource(Protocol):
    """What a TLS listener shows: its own certificate and how it checks those of others, as they are now."""

    @property
    def context(self) -> ssl.SSLContext:
        """For connections that come now."""


PLAIN: Final = (
    "plain ISO 8583 on the TLS port: have the terminal speak TLS, or connect it to a port that is listened on without"
)


class TlsTransport(EagerTransport):
    """The server side of one connection over TLS."""

    def __init__(
        self, sock: socket.socket, events: TransportEvents, client: tuple[Any, ...], port: ListeningPort
    ) -> None:
        factory: Any = port.factory
        self._session = TlsSession(factory.tls.context, server=True)
        self._framing: Framing = factory.framing
        self._handshakes: Handshakes = factory.server.handshakes
        super().__init__(sock, events, client, port)
        self._receive = sock.recv
        self._recv = self._decrypted
        self.handshake_since_s = port.loop.time()
        self._handshakes.begin(self)
        self.defer(deferred=True)

    # -- reading ---------------------------------------------------------------------------------------------------

    def startReading(self) -> None:
        super().startReading()
        if self._session.finished and self._reading:  # it was said behind a request: no byte will wake us for it
            self._readers.call_again(self._fd)

    def _readable(self) -> ReceivedData | None:
        received = super()._readable()
        if self._session.finished and self._reading:  # the same
            self._readers.call_again(self._fd)
        return received

    def _decrypted(self, size: int) -> bytes:
        """As ``socket.recv`` does: what came in the clear, b"" for the end; nothing yet raises BlockingIOError."""
        session = self._session
        data = self._receive(size)
        if not session.received:
            if not data:  # a port scanner, or a health check
                return b""
            if not may_be_tls(data):
                self._refuse(NOT_TLS, not_tls(data, self._framing))
                raise BlockingIOError
        shaking = not session.secured
        try:
            plain = session.feed(data)
        except TlsError as exc:  # the alert about it leaves as the connection is closed
            self._refuse(HANDSHAKE if shaking else BROKEN, exc.sentence)
            raise BlockingIOError from None
        self._send_session()
        if shaking and session.secured:
            self._secured()
        if session.finished:
            self._recv = _the_end
        elif not plain:
            raise BlockingIOError
        return plain

    def _secured(self) -> None:
        self._shaken()
        self.defer(deferred=False)
        if self._events is not None:
            self._events.secured(self._session.certificate)

    def _shaken(self) -> None:
        self.handshake_since_s = 0.0
        self._handshakes.end(self)

    def _refuse(self, reason: str, sentence: str) -> None:
        self._shaken()
        if self._events is not None:
            self._events.refuse(reason, sentence, b"")

    # -- writing ---------------------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        self._session.write(data)
        self._send_session()

    def _send_session(self) -> None:
        if data := self._session.to_send():
            super().write(data)

    def finishWriting(self) -> None:
        self._session.finish()
        self._send_session()
        super().finishWriting()

    # -- ending ----------------------------------------------------------------------------------------------------

    def loseConnection(self, _connDone: Any = None) -> None:
        if self.connected and not self.disconnecting:
            self._session.finish()
            self._send_session()
        super().loseConnection()

    def connectionLost(self, reason: Any) -> None:
        self._shaken()
        super().connectionLost(reason)
        self.__dict__.pop("_receive", None)  # it holds the closed socket


def _the_end(_size: int) -> bytes:
    return b""


def may_be_tls(data: bytes) -> bool:
    """Return whether first bytes may begin a TLS connection."""
    return any(data[: len(start)] == start[: len(data)] for start in TLS_STARTS)


def not_tls(data: bytes, framing: Framing) -> str:
    """Return what the first bytes on a TLS port are that are no TLS, as a sentence."""
    if other := other_protocol(data):
        return f"{other.removesuffix(', not ISO 8583')}, on a TLS port"
    deframer = make_deframer(framing)
    try:
        deframer.feed(data)
        for _frame in deframer:
            break
    except FrameError:
        return "what came on the TLS port is neither TLS nor a frame of this dialect: have the terminal speak TLS"
    return PLAIN
