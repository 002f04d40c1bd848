"""A lean server transport: it writes at once and asks the loop for help only when the kernel's buffer is full.

Twisted's own path per message costs an add-writer, a second trip through the loop and a remove-writer, and wraps every
event in a logging context. Here a reply leaves in the turn in which it was made and `ReadableSockets` calls for reads;
what does not fit takes Twisted's way, with its buffer, its producers and its closing.
"""

from __future__ import annotations

import contextlib
import errno
import socket
from asyncio import AbstractEventLoop
from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet import error, tcp
from twisted.python.failure import Failure

from acquirer.model.peer_certificate import PeerCertificate
from acquirer.net.in_flight import in_flight
from acquirer.net.limits import ACCEPTS_PER_TURN, READ_BYTES
from acquirer.net.readable import ReadableSockets, ReceivedData
from acquirer.net.tcp_options import set_options
from acquirer.net.twisted_internals import TwistedTransport, spare_descriptor

DONE = Failure(error.ConnectionDone())
LOST = Failure(error.ConnectionLost())
ABORTED = Failure(error.ConnectionAborted())


class TransportEvents(Protocol):
    """What a transport reports to the connection that writes through it."""

    def makeConnection(self, transport: EagerTransport) -> None: ...
    def dataReceived(self, data: bytes) -> None: ...
    def moreReceived(self) -> bool: ...
    def peerFinished(self) -> None: ...
    def unsentChanged(self) -> None: ...
    def connectionLost(self, reason: Failure) -> None: ...
    def secured(self, certificate: PeerCertificate | None) -> None: ...
    def refuse(self, reason: str, detail: str, data: bytes) -> None: ...


class EagerTransport(TwistedTransport):
    """The server side of one TCP connection. `loseConnection` ends it with FIN, `abortConnection` with RST."""

    progress_s = 0.0  # loop time at which the peer last took some of what was unsent
    handshake_since_s = 0.0  # when a TLS handshake began that is not over; 0: none

    def __init__(
        self, sock: socket.socket, events: TransportEvents, client: tuple[Any, ...], port: ListeningPort
    ) -> None:
        super().__init__(sock, events, client, port)
        self._loop = port.loop
        self._readers = port.readers
        self._events: TransportEvents | None = events
        self._fd = sock.fileno()
        self._recv: Callable[[int], bytes] = sock.recv
        self._send = sock.send
        self._reading = False
        self._unread = False  # what was received may hold another frame
        self._deferred = False
        self.startReading()

    # -- reading ---------------------------------------------------------------------------------------------------

    def startReading(self) -> None:
        if not self._reading and self.connected:
            self._reading = True
            self._readers.watch(self._fd, self._readable)
            if self._deferred:
                self._readers.defer(self._fd)
            if self._unread:
                self._readers.call_again(self._fd)

    def stopReading(self) -> None:
        if self._reading:
            self._reading = False
            self._readers.forget(self._fd)

    @property
    def unread(self) -> bool:
        """Whether more of what was received is to be taken, in a turn of its own."""
        return self._unread

    def callAgain(self) -> None:
        """Call `moreReceived` once all others had their turn, before anything more is read."""
        self._unread = True
        if self._reading:
            self._readers.call_again(self._fd)

    def defer(self, *, deferred: bool) -> None:
        """Read the peer after all others that are not deferred, or in its turn again."""
        self._deferred = deferred
        if self._reading:
            (self._readers.defer if deferred else self._readers.restore)(self._fd)

    def _readable(self) -> ReceivedData | None:
        events = self._events
        if events is None:  # closed earlier in this turn of the loop
            return None
        if self._unread:
            self._unread = False
            if events.moreReceived():
                return None
        try:
            data = self._recv(READ_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            self.connectionLost(LOST)
            return None
        if data:
            return events.dataReceived, data
        self.stopReading()
        events.peerFinished()
        return None

    # -- writing ---------------------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        twisted: Any
        if not self.writes_at_once():
            if not self.can_write():
                return
            twisted = super()
            twisted.write(data)
        else:
            try:
                sent = self._send(data)
            except (BlockingIOError, InterruptedError):
                sent = 0
            except OSError:
                self.connectionLost(LOST)
                return
            if sent == len(data):
                return
            self.progress_s = self._loop.time()
            twisted = super()
            twisted.write(data[sent:])
        if self._events is not None:
            self._events.unsentChanged()

    def doWrite(self) -> Any:
        before = self.unsent_bytes
        twisted: Any = super()
        result = twisted.doWrite()
        if self.unsent_bytes != before:
            self.progress_s = self._loop.time()
        if result is None and self._events is not None:
            self._events.unsentChanged()
        return result

    def finishWriting(self) -> None:
        """Send FIN after what was sent, and go on reading."""
        if self.can_write():
            self.write_no_more()
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_WR)

    @property
    def in_flight(self) -> int:
        """How many bytes were written that the peer's system has not confirmed."""
        return self.unsent_bytes + in_flight(self.socket)

    # -- ending ----------------------------------------------------------------------------------------------------

    def loseConnection(self, _connDone: Failure = DONE) -> None:
        if not self.connected or self.disconnecting:
            return
        if self.has_unsent():
            twisted: Any = super()
            twisted.loseConnection()  # after what is unsent
        else:
            self.connectionLost(DONE)

    def abortConnection(self) -> None:
        if self.connected:
            self.connectionLost(ABORTED)

    def connectionLost(self, reason: Failure) -> None:
        self._events = None
        super().connectionLost(reason)
        self.__dict__.pop("_recv", None)  # they hold the closed socket
        self.__dict__.pop("_send", None)


class ListeningPort(tcp.Port):
    """A listening socket that accepts without ceremony. `factory` is a `server.Listener`."""

    def __init__(
        self,
        port: int,
        interface: str,
        factory: Any,
        backlog: int,
        reactor: Any,
        loop: AbstractEventLoop,
        readers: ReadableSockets,
    ) -> None:
        twisted: Any = super()
        twisted.__init__(port, factory, backlog, interface, reactor)
        self.readers = readers
        self.loop = loop
        self._created: socket.socket | None = None  # while it is bound

    def createInternetSocket(self) -> socket.socket:
        twisted: Any = super()
        sock: socket.socket = twisted.createInternetSocket()
        set_options(sock)
        self._created = sock
        return sock

    def startListening(self) -> None:
        try:
            super().startListening()
        except error.CannotListenError:
            if self._created is not None:
                self._created.close()  # Twisted before 26 leaves that to the garbage collector
            raise
        finally:
            self._created = None

    def doRead(self) -> None:
        factory: Any = self.factory
        for _ in range(ACCEPTS_PER_TURN):
            if not factory.takes_more():
                return
            try:
                sock, client = self.socket.accept()
            except BlockingIOError:
                return
            except OSError as exc:
                if exc.errno in (errno.EMFILE, errno.ENFILE):
                    factory.files_exhausted()
                    self._turn_away()
                return  # anything else is the newcomer's own misfortune
            connection = factory.buildProtocol(client)
            if connection is None:
                sock.close()
            else:
                connection.makeConnection(factory.transport(sock, connection, client, self))

    def _turn_away(self) -> None:
        """Close newcomers for whom no descriptor is left, by means of the one that Twisted keeps in reserve.

        Left in the backlog they would wait for nothing, and keep the loop busy meanwhile.
        """
        spare = spare_descriptor()
        if spare is None:
            return
        with spare:
            for _ in range(ACCEPTS_PER_TURN):
                try:
                    sock, _client = self.socket.accept()
                except OSError:
                    return
                sock.close()
