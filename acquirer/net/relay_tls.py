"""A socket of a relayed connection that speaks TLS: what passes between the two is in the clear, and nowhere else."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass, field
from typing import Final

from acquirer.net.limits import Limits
from acquirer.net.relay_socket import Direction, JoinedSockets, RelaySocket
from acquirer.net.tls_session import TlsError, TlsSession
from acquirer.net.tls_transport import HANDSHAKE, NOT_TLS, TlsSource, may_be_tls, not_tls
from acquirer.settings.client_tls import TlsCall
from acquirer.wire.framing import Framing

HANDSHAKE_S: Final = Limits().handshake_s


@dataclass(frozen=True, slots=True)
class RelayTls:
    """On which sides of a relay TLS is spoken.

    Args:
        listen: what terminals are shown; None: they speak without.
        call: how the host is called; None: without.
        framing: of what is relayed, to recognise it where TLS was expected.
    """

    listen: TlsSource | None = None
    call: TlsCall | None = None
    framing: Framing = field(default_factory=Framing)

    def accepted(self, connection: JoinedSockets, sock: socket.socket) -> RelaySocket:
        """Return the side of a terminal."""
        if self.listen is None:
            return RelaySocket(connection, sock, Direction.TO_HOST)
        session = TlsSession(self.listen.context, server=True)
        return TlsRelaySocket(connection, sock, Direction.TO_HOST, session, self.framing)

    def called(self, connection: JoinedSockets, sock: socket.socket) -> RelaySocket:
        """Return the side of the host."""
        if self.call is None:
            return RelaySocket(connection, sock, Direction.TO_TERMINAL)
        session = TlsSession(self.call.context, server=False, name=self.call.name)
        return TlsRelaySocket(connection, sock, Direction.TO_TERMINAL, session, self.framing)


class TlsRelaySocket(RelaySocket):
    """One of the two sockets of a relayed connection, over TLS."""

    def __init__(
        self,
        connection: JoinedSockets,
        sock: socket.socket,
        direction: Direction,
        session: TlsSession,
        framing: Framing,
    ) -> None:
        super().__init__(connection, sock, direction)
        self._session = session
        self._framing = framing
        self._early = b""  # to be sent once the handshake is over
        self._ends_early = False
        self._timer: asyncio.TimerHandle | None = None

    def resume(self) -> None:
        super().resume()
        if self._timer is None and not self._session.secured and not self.closed:
            self._timer = self._loop.call_later(HANDSHAKE_S, self._too_late)
            self._send_session()

    def send(self, data: bytes) -> None:
        if self._session.secured:
            self._session.write(data)
            self._send_session()
            return
        self._early += data
        if self.other is not None:
            self.other.pause()

    def finish(self) -> None:
        if not self._session.secured and not self.finishing and not self.closed:
            self._ends_early = True
            return
        if not self.finishing:
            self._session.finish()
            self._send_session()
        super().finish()

    def close(self, *, reset: bool) -> None:
        if self._timer is not None:
            self._timer.cancel()
        super().close(reset=reset)

    def _take(self, data: bytes) -> None:
        session = self._session
        if not session.received and not may_be_tls(data):
            self._connection.refused(self, NOT_TLS, not_tls(data, self._framing))
            return
        shaking = not session.secured
        try:
            plain = session.feed(data)
        except TlsError as exc:
            self._send_session()
            self._connection.refused(self, HANDSHAKE, exc.sentence)
            return
        self._send_session()
        if shaking and session.secured:
            self._secured()
        if plain:
            self._connection.received(self, plain)
        if session.finished and not self.ended and not self.closed:
            super()._take_end()

    def _secured(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        early, self._early = self._early, b""
        if early:
            self.send(early)
        if self.other is not None and not self.unsent:
            self.other.resume()
        if self._ends_early:
            self.finish()

    def _take_end(self) -> None:
        if not self._session.secured and self._session.received:
            self._take(b"")  # the handshake says what that means
        if not self.closed and not self.ended:
            super()._take_end()

    def _send_session(self) -> None:
        if data := self._session.to_send():
            super().send(data)

    def _too_late(self) -> None:
        if not self._session.secured and not self.closed:
            self._connection.refused(self, HANDSHAKE, f"the handshake was not finished within {HANDSHAKE_S:g} s")
