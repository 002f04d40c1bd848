"""Bytes between two sockets that a relay joins: unchanged, in order, in both directions, messages or not."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.net.limits import MOST_CONNECTIONS
from acquirer.net.relay import RelayServer
from acquirer.net.relay_socket import Direction
from acquirer.net.server import BindError

PIECES = st.lists(st.binary(min_size=1, max_size=5000), max_size=12)
RESET = struct.pack("ii", 1, 0)
MANY = bytes(range(256)) * 40_000  # 10 MB: more than all buffers on the way


@dataclass
class Seen:
    """Keeps what passed."""

    data: dict[Direction, bytes] = field(default_factory=lambda: dict.fromkeys(Direction, b""))
    how: list[str] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def passed(self, direction: Direction, data: bytes) -> None:
        self.data[direction] += data

    def ended(self, how: str) -> None:
        self.how.append(how)
        self.over.set()


class Raising(Seen):
    """Fails at the first bytes."""

    def passed(self, direction: Direction, data: bytes) -> None:
        raise ZeroDivisionError


@dataclass
class Report:
    """Keeps what a relay reports."""

    events: list[str] = field(default_factory=list)

    def event(self, name: str, sentence: str = "", **fields: object) -> None:
        self.events.append(name)

    def fault(self, name: str, peer: str = "") -> None:
        self.events.append(name)


@dataclass
class Line:
    """Both ends of a relayed connection, and what the relay saw."""

    terminal: socket.socket
    host: socket.socket
    seen: Seen
    report: Report
    server: RelayServer


@asynccontextmanager
async def line(seen: Seen | None = None) -> AsyncIterator[Line]:
    loop = asyncio.get_running_loop()
    watch, report = seen or Seen(), Report()
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket() as terminal:
        listening.setblocking(False)
        terminal.setblocking(False)
        server = RelayServer(listening.getsockname(), lambda _connection: watch, report, MOST_CONNECTIONS)
        host, port = (await server.listen("127.0.0.1", 0)).rsplit(":", 1)
        await loop.sock_connect(terminal, (host, int(port)))
        accepted, _ = await loop.sock_accept(listening)
        accepted.setblocking(False)
        with accepted:
            try:
                yield Line(terminal, accepted, watch, report, server)
            finally:
                await server.stop()


async def send(sock: socket.socket, pieces: list[bytes]) -> None:
    for piece in pieces:
        await asyncio.get_running_loop().sock_sendall(sock, piece)
    sock.shutdown(socket.SHUT_WR)


async def read_into(sock: socket.socket, data: bytearray) -> None:
    while piece := await asyncio.get_running_loop().sock_recv(sock, 1 << 16):
        data += piece


async def read_all(sock: socket.socket) -> bytes:
    data = bytearray()
    await read_into(sock, data)
    return bytes(data)


async def send_for_ever(sock: socket.socket) -> None:
    while True:
        await asyncio.get_running_loop().sock_sendall(sock, b"is anyone there?")
        await asyncio.sleep(0)


@given(PIECES, PIECES)
def test_any_bytes_in_any_pieces_arrive_unchanged_both_ways(up: list[bytes], down: list[bytes]) -> None:
    async def converse() -> None:
        async with line() as both:
            _, _, at_host, at_terminal = await asyncio.gather(
                send(both.terminal, up), send(both.host, down), read_all(both.host), read_all(both.terminal)
            )
            assert (at_host, at_terminal) == (b"".join(up), b"".join(down))
            assert both.seen.data == {Direction.TO_HOST: at_host, Direction.TO_TERMINAL: at_terminal}
            await both.seen.over.wait()
            assert both.seen.how == ["closed by both sides"]
            assert not both.server.open

    asyncio.run(converse())


def test_more_than_all_buffers_hold_passes_both_ways_at_once() -> None:
    async def converse() -> None:
        async with line() as both:
            _, _, at_host, at_terminal = await asyncio.gather(
                send(both.terminal, [MANY]), send(both.host, [MANY]), read_all(both.host), read_all(both.terminal)
            )
            assert at_host == at_terminal == MANY

    asyncio.run(converse())


@pytest.mark.parametrize("end", ["terminal", "host"])
def test_an_end_is_passed_on_and_the_other_direction_goes_on(end: str) -> None:
    async def converse() -> None:
        loop = asyncio.get_running_loop()
        async with line() as both:
            one, other = (both.terminal, both.host) if end == "terminal" else (both.host, both.terminal)
            await send(one, [b"the last"])
            assert await read_all(other) == b"the last"
            await loop.sock_sendall(other, b"an answer to it")
            assert await loop.sock_recv(one, 100) == b"an answer to it"
            assert both.seen.how == []

    asyncio.run(converse())


@pytest.mark.parametrize("end", ["terminal", "host"])
def test_a_reset_is_passed_on_as_a_reset(end: str) -> None:
    async def converse() -> None:
        loop = asyncio.get_running_loop()
        async with line() as both:
            one, other = (both.terminal, both.host) if end == "terminal" else (both.host, both.terminal)
            await loop.sock_sendall(one, b"before")
            assert await loop.sock_recv(other, 100) == b"before"
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            one.close()
            with pytest.raises(ConnectionResetError):
                await loop.sock_recv(other, 100)
            assert both.seen.how == [f"reset by the {end}"]
            assert not both.server.open

    asyncio.run(converse())


def test_bytes_before_a_reset_arrive_also_where_they_have_to_wait() -> None:
    async def converse() -> None:
        loop = asyncio.get_running_loop()
        async with line() as both:
            sending = loop.create_task(loop.sock_sendall(both.host, MANY))
            (connection,) = both.server.open
            while not connection._terminal.unsent:  # all buffers on the way are full
                await asyncio.sleep(0)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            both.host.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            both.host.close()
            data = bytearray()
            with pytest.raises(ConnectionResetError):
                await read_into(both.terminal, data)
            assert bytes(data) == both.seen.data[Direction.TO_TERMINAL]
            assert MANY.startswith(bytes(data))

    asyncio.run(converse())


def test_a_side_that_closed_makes_the_other_one_end_when_it_goes_on_sending() -> None:
    async def converse() -> None:
        loop = asyncio.get_running_loop()
        async with line() as both:
            both.terminal.close()
            assert await loop.sock_recv(both.host, 100) == b""
            with pytest.raises(ConnectionError):
                await send_for_ever(both.host)

    asyncio.run(converse())


def test_what_looks_at_bytes_cannot_stop_them() -> None:
    async def converse() -> None:
        async with line(Raising()) as both:
            _, at_host = await asyncio.gather(send(both.terminal, [b"one", b"two"]), read_all(both.host))
            assert at_host == b"onetwo"
            assert both.report.events == ["relay-fault"]

    asyncio.run(converse())


def test_a_host_that_is_not_there_is_a_reset() -> None:
    async def converse() -> None:
        loop = asyncio.get_running_loop()
        with socket.create_server(("127.0.0.1", 0)) as closed:
            where = closed.getsockname()
        seen = Seen()
        server = RelayServer(where, lambda _connection: seen, Report(), MOST_CONNECTIONS)
        address, port = (await server.listen("127.0.0.1", 0)).rsplit(":", 1)
        with socket.socket() as terminal:
            terminal.setblocking(False)
            await loop.sock_connect(terminal, (address, int(port)))
            with pytest.raises(ConnectionResetError):
                await loop.sock_recv(terminal, 100)
        assert seen.how == [f"the host 127.0.0.1:{where[1]} cannot be reached: connection refused"]
        await server.stop()

    asyncio.run(converse())


def test_connections_above_the_limit_are_closed_and_logged() -> None:
    async def converse() -> None:
        loop = asyncio.get_running_loop()
        async with line() as both:
            both.server._most = 1
            with socket.socket() as another:
                another.setblocking(False)
                listening = both.server._listening
                assert listening is not None
                await loop.sock_connect(another, listening.getsockname())
                assert await loop.sock_recv(another, 100) == b""
            assert both.report.events == ["too-many"]

    asyncio.run(converse())


def test_an_address_that_is_taken_is_a_bind_error() -> None:
    async def converse() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            server = RelayServer(("127.0.0.1", 1), lambda _connection: Seen(), Report(), 1)
            with pytest.raises(BindError, match=r"cannot listen on 127\.0\.0\.1:.*address already in use"):
                await server.listen("127.0.0.1", taken.getsockname()[1])

    asyncio.run(converse())


def test_no_more_than_one_read_waits_for_a_side_that_does_not_read() -> None:
    async def converse() -> None:
        async with line() as both:
            loop = asyncio.get_running_loop()
            sending = loop.create_task(loop.sock_sendall(both.host, MANY))
            while not (connection := next(iter(both.server.open)))._terminal.unsent:
                await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert len(connection._terminal.unsent) <= 16 * 1024
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    asyncio.run(converse())
