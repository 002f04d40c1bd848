"""The two sockets of a relayed connection: what one receives, the other sends, as fast as its peer takes it."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import struct
from enum import Enum
from typing import Any, Final, Protocol

from acquirer.net.in_flight import in_flight
from acquirer.net.limits import READ_BYTES
from acquirer.net.tcp_options import set_options

_RESET: Final = struct.pack("ii", 1, 0)  # close with RST, also where something is unsent


class Direction(Enum):
    """Where bytes of a relay go."""

    TO_HOST = "to host"
    TO_TERMINAL = "to terminal"

    @property
    def back(self) -> Direction:
        """Return the other one."""
        return Direction.TO_TERMINAL if self is Direction.TO_HOST else Direction.TO_HOST


class JoinedSockets(Protocol):
    """What a socket needs of the connection that it belongs to."""

    loop: asyncio.AbstractEventLoop

    def received(self, source: RelaySocket, data: bytes) -> None:
        """Bytes came."""

    def finished(self, source: RelaySocket) -> None:
        """The peer sends no more."""

    def was_reset(self, source: RelaySocket) -> None:
        """The peer has reset its connection."""

    def settle(self) -> None:
        """Everything that waited was sent."""

    def refused(self, source: RelaySocket, reason: str, sentence: str) -> None:
        """The peer does not speak TLS as it should."""


class RelaySocket:
    """One of the two sockets of a relayed connection.

    Args:
        direction: of what is received here.
    """

    def __init__(self, connection: JoinedSockets, sock: socket.socket, direction: Direction) -> None:
        self.direction = direction
        self.other: RelaySocket | None = None
        self.ended = False  # its peer sends no more
        self.finishing = False  # an end was sent, or is to be behind what is unsent
        self.unsent = bytearray()
        self._connection = connection
        self._loop = connection.loop
        self._sock = sock
        self._broken = False  # its peer takes nothing any more; what it sent before is still read

    @property
    def peer_address(self) -> tuple[str, int]:
        """Return where its peer is; nowhere, once the peer has gone."""
        try:
            host, port = self._sock.getpeername()[:2]
        except OSError:
            return "0.0.0.0", 0  # noqa: S104  an address that no one has
        return host, port

    @property
    def closed(self) -> bool:
        """Whether it is closed on this side."""
        return self._sock.fileno() < 0

    @property
    def on_its_way(self) -> int:
        """How many bytes were to be sent that the peer's system has not got."""
        return len(self.unsent) + in_flight(self._sock)

    def resume(self) -> None:
        """Read, unless the peer has ended."""
        if not self.ended and not self.closed:
            self._loop.add_reader(self._sock, self._readable)

    def pause(self) -> None:
        """Do not read for now."""
        if not self.closed:
            self._loop.remove_reader(self._sock)

    def send(self, data: bytes) -> None:
        """Send bytes, as far as the system takes them, the rest when it takes more."""
        if self._broken or self.closed:
            return
        if not self.unsent:
            data = data[self._sent(data) :]
            if not data:
                return
            self._loop.add_writer(self._sock, self._writable)
            assert self.other is not None
            self.other.pause()
        self.unsent += data

    def finish(self) -> None:
        """Send an end behind what is unsent."""
        self.finishing = True
        if not self.unsent:
            with contextlib.suppress(OSError):  # it has ended itself
                self._sock.shutdown(socket.SHUT_WR)

    def close(self, *, reset: bool) -> None:
        """Close, with a reset if wanted. Idempotent."""
        if self.closed:
            return
        self._loop.remove_reader(self._sock)
        self._loop.remove_writer(self._sock)
        self.unsent.clear()
        if reset:
            with contextlib.suppress(OSError):
                self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._sock.close()

    def _readable(self) -> None:
        try:
            data = self._sock.recv(READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._connection.was_reset(self)
            return
        if data:
            self._take(data)
        else:
            self._take_end()

    def _take(self, data: bytes) -> None:
        """Take what was received."""
        self._connection.received(self, data)

    def _take_end(self) -> None:
        """Take that no more is received."""
        self.pause()
        self.ended = True
        if self._broken:  # the error of its reset was taken by a send
            self._connection.was_reset(self)
        else:
            self._connection.finished(self)

    def _writable(self) -> None:
        del self.unsent[: self._sent(self.unsent)]
        if self.unsent or self.closed:
            return
        self._loop.remove_writer(self._sock)
        assert self.other is not None
        self.other.resume()
        if self.finishing:
            self.finish()
        self._connection.settle()

    def _sent(self, data: bytes | bytearray) -> int:
        """Send as much as the system takes; return how many bytes are dealt with."""
        try:
            return self._sock.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError:
            self._broken = True
            if self.ended:  # nothing is read here any more that would tell
                self._connection.was_reset(self)
            return len(data)


async def look_up(loop: asyncio.AbstractEventLoop, host: str, port: int) -> list[Any]:
    """Return what a host is reached at. Raises OSError."""
    with contextlib.suppress(ValueError):  # a name
        ipaddress.ip_address(host)
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    return await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)


async def connected(loop: asyncio.AbstractEventLoop, host: str, port: int) -> socket.socket:
    """Return a socket that is connected to the first address of a host that accepts. Raises OSError."""
    failure: OSError = OSError(f"{host} has no address")
    for family, kind, protocol, _, where in await look_up(loop, host, port):
        sock = socket.socket(family, kind, protocol)
        sock.setblocking(False)
        try:
            set_options(sock)
            await loop.sock_connect(sock, where)
        except OSError as exc:
            sock.close()
            failure = exc
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise failure
