"""A server: listeners, the connections they accepted, one clock for all their time-outs, and an orderly end."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.error import CannotListenError

from acquirer.data.text import address_text
from acquirer.errors import PeerError
from acquirer.model.line import LineState
from acquirer.net.connection import Connection, Receive, Refuse
from acquirer.net.counters import Counters
from acquirer.net.faulty_connection import DOWN, FaultyConnection
from acquirer.net.handshakes import Handshakes
from acquirer.net.limits import Limits
from acquirer.net.reactor import loop_time
from acquirer.net.read_control import SERVER
from acquirer.net.readable import ReadableSockets, is_readable
from acquirer.net.tls_transport import TlsSource, TlsTransport
from acquirer.net.traced import FrameTrace, TracedConnection
from acquirer.net.transport import EagerTransport, ListeningPort
from acquirer.wire.framing import Framing


class BindError(PeerError, OSError):
    """A listener could not be opened: one sentence with the address and the system's reason."""


class Watcher(Protocol):
    """Takes what a server reports: never message content."""

    def refused(self, peer: str, reason: str, detail: str) -> None:
        """A peer sent something that is no frame, or connected when there was no room."""

    def fault(self, peer: str) -> None:
        """An exception reached the net; `sys.exc_info` has it."""

    def files_exhausted(self) -> None:
        """No file descriptor is left for newcomers."""


Lines = Callable[[str, str], LineState | None]
"""Takes the addresses of a listener and of a peer; returns what is the matter with their connection, None: nothing."""


def _no_faults(_listener: str, _peer: str) -> None:
    """Return None: there are no line faults."""


class Listener:
    """One address that is listened on: how its frames are cut and who receives them."""

    noisy = False

    def __init__(
        self, server: Server, framing: Framing, receive: Receive, refuse: Refuse, tls: TlsSource | None
    ) -> None:
        self.server = server
        self.tls = tls
        self.transport = EagerTransport if tls is None else TlsTransport
        self.framing = framing
        self.wrap = framing.wrapper()
        self.receive = receive
        self.refuse = refuse
        self.host = ""
        self.port = 0
        self.address = ""  # "127.0.0.1:8583", with the real port
        self._open: ListeningPort | None = None

    def open(self, host: str, port: int) -> None:
        """Bind and listen on a numeric address; port 0 takes a free one."""
        server = self.server
        listening = ListeningPort(port, host, self, server.limits.backlog, server.reactor, server.loop, server.readers)
        try:
            listening.startListening()
        except CannotListenError as exc:
            reason = exc.socketError.strerror or str(exc.socketError)
            raise BindError(f"cannot listen on {host}:{port}: {reason.lower()}") from None
        self._open = listening
        self.host, self.port = listening.socket.getsockname()[:2]
        self.address = address_text((self.host, self.port))

    @property
    def newcomers(self) -> bool:
        """Whether a peer waits to be accepted."""
        return self._open is not None and is_readable(self._open.socket.fileno())

    async def close(self) -> None:
        """Accept no peer any more."""
        if self._open is not None:
            port: Any = self._open
            self._open = None
            await port.stopListening().asFuture(asyncio.get_running_loop())

    # -- the port's calls --------------------------------------------------------------------------------------------

    def doStart(self) -> None:
        pass

    def doStop(self) -> None:
        pass

    def buildProtocol(self, client: tuple[str, int]) -> Connection | TracedConnection | None:
        connection, trace = self.server.admit(self, client), self.server.trace
        if trace is None or connection is None:
            return connection
        return TracedConnection(connection, trace, client, (self.host, self.port))

    def takes_more(self) -> bool:
        """Whether a newcomer may be accepted; if not, more are once there is room for their handshakes."""
        handshakes = self.server.handshakes
        if self.tls is None or not handshakes.full:
            return True
        port: Any = self._open
        if port is not None:
            port.stopReading()
            handshakes.when_room(port.startReading)
        return False

    def files_exhausted(self) -> None:
        self.server.counters.files_exhausted += 1
        self.server.watcher.files_exhausted()


class Server:
    """Listeners and connections of one host, on one loop. All methods belong to the loop's thread."""

    def __init__(self, reactor: Any, limits: Limits, watcher: Watcher, trace: FrameTrace | None = None) -> None:
        self.reactor = reactor
        self.trace = trace
        self.limits = limits
        self.watcher = watcher
        self.counters = Counters()
        self.handshakes = Handshakes(limits.handshakes)
        self.connections: set[Connection] = set()
        self.listeners: list[Listener] = []
        self.loop = asyncio.get_running_loop()  # and the reactor's
        self.readers = ReadableSockets(self.loop)
        self.now_s = loop_time(self.loop)  # exact: time-outs counted from the last sweep's clock would come early
        shortest_s = min(limits.frame_s, limits.idle_s, limits.idle_known_s, limits.unsent_s)
        shortest_s = min(shortest_s, limits.handshake_s, 2 * limits.handshake_full_s)
        self._sweep_s = min(1.0, shortest_s / 4)
        self._timer: asyncio.TimerHandle | None = self.loop.call_later(self._sweep_s, self._sweep)
        self._paused = False
        self._numbers = 0
        self.lines: Lines | None = None
        """Says how the connection of a newcomer behaves; None: as it should."""
        self._down_until_s = 0.0

    async def listen(
        self,
        host: str,
        port: int,
        framing: Framing,
        receive: Receive,
        refuse: Refuse | None = None,
        tls: TlsSource | None = None,
    ) -> Listener:
        """Open one more address. Without `refuse` the watcher takes what is no frame; with `tls` TLS is spoken there.

        Raises:
            BindError: the address is taken, not ours, or unknown.
        """
        listener = Listener(self, framing, receive, refuse or self._refused, tls)
        listener.open(await self._numeric(host, port), port)
        self.listeners.append(listener)
        return listener

    async def stop(self) -> bool:
        """Accept no peer, let what was requested be answered, close; return True when nothing had to be cut off."""
        deadline_s = self.loop.time() + self.limits.stop_s
        await asyncio.gather(*(listener.close() for listener in self.listeners))
        self.pause()
        await self._until(lambda: not any(c.busy for c in self.connections), deadline_s)
        orderly = not any(c.busy for c in self.connections)
        for connection in list(self.connections):
            connection.close("stopping")
        await self._until(lambda: not self.connections, deadline_s)
        orderly = orderly and not self.connections
        for connection in list(self.connections):
            connection.close("stopping", hard=True)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.readers.close()
        return orderly

    def pause(self) -> None:
        """Read no peer: what was requested already is more than enough for now."""
        if not self._paused:
            self._paused = True
            for connection in self.connections:
                connection.pause(SERVER)

    def resume(self) -> None:
        """Read every peer again."""
        if self._paused:
            self._paused = False
            for connection in list(self.connections):
                connection.resume(SERVER)

    @property
    def quiet(self) -> bool:
        """Whether no newcomer waits, and nothing that is to be read has come."""
        return not (self.readers.pending or any(listener.newcomers for listener in self.listeners))

    def settled(self, peer: str) -> bool:
        """Return whether a peer is connected, and all that was written to it has arrived."""
        found = [connection.in_flight for connection in self.connections if connection.peer == peer]
        return bool(found) and not any(found)

    # -- the connections' calls --------------------------------------------------------------------------------------

    def admit(self, listener: Listener, client: tuple[str, int]) -> Connection | None:
        self._numbers += 1
        if self.lines is None:
            connection = Connection(listener, client, self._numbers)
        else:
            connection = self._on_a_line(self.lines, listener, client)
        if len(self.connections) < self.limits.connections:
            return connection
        self.counters.connections_refused += 1
        self.watcher.refused(connection.peer, "too-many-connections", f"{len(self.connections)} are open already")
        return None

    def connected(self, connection: Connection) -> None:
        connections = self.connections
        connections.add(connection)
        counters = self.counters
        counters.connections += 1
        if len(connections) > counters.connections_most:
            counters.connections_most = len(connections)
        if self._paused:
            connection.pause(SERVER)

    def disconnected(self, connection: Connection) -> None:
        self.connections.discard(connection)

    def report_fault(self, connection: Connection) -> None:
        self.counters.faults += 1
        self.watcher.fault(connection.peer)

    def restart(self, down_s: float) -> None:
        """Reset all connections, and those that come within `down_s`."""
        self._down_until_s = self.loop.time() + down_s
        if self.lines is None:
            self.lines = _no_faults
        for connection in list(self.connections):
            connection.close("restart", hard=True)

    def end_restart(self) -> None:
        """Accept connections again. Idempotent."""
        self._down_until_s = 0.0

    # -- inside ------------------------------------------------------------------------------------------------------

    def _on_a_line(self, lines: Lines, listener: Listener, client: tuple[str, int]) -> Connection:
        down = self.loop.time() < self._down_until_s
        state = DOWN if down else lines(listener.address, f"{client[0]}:{client[1]}")
        if state is None:
            return Connection(listener, client, self._numbers)
        return FaultyConnection(listener, client, self._numbers, state, self.loop)

    def _refused(self, connection: Connection, reason: str, detail: str, _data: bytes, _before: bytes) -> None:
        self.watcher.refused(connection.peer, reason, detail)

    def _sweep(self) -> None:
        now_s = self.now_s()
        self._timer = self.loop.call_later(self._sweep_s, self._sweep)
        overdue = [(connection, why) for connection in self.connections if (why := connection.overdue(now_s))]
        for connection, why in overdue:
            connection.expire(why)

    async def _until(self, holds: Callable[[], bool], deadline_s: float) -> None:
        while not holds() and self.loop.time() < deadline_s:
            await asyncio.sleep(0.005)

    async def _numeric(self, host: str, port: int) -> str:
        """The first address of `host`: an un-installed reactor cannot resolve names itself."""
        try:
            return str(ipaddress.ip_address(host))
        except ValueError:
            pass
        try:
            found = await self.loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError:
            raise BindError(f"cannot listen on {host}:{port}: the host name is unknown") from None
        return str(found[0][4][0])
