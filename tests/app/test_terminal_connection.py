"""The terminal's end of the line, blocking and asyncio, against peers that behave in every way but well."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from acquirer.app.async_terminal import AsyncTerminalConnection
from acquirer.app.terminal_connection import DROPPED, HostAddress, TerminalConnection, address
from acquirer.settings.specs import load_dialect
from acquirer.terminal.effects import Ask, NoAnswer, NotSent, Received, Response, Unframed

FRAMING = load_dialect("unionpay-pos").framing
FRAME = bytes(range(60))
WIRE = FRAMING.wrap(FRAME)
Peer = Callable[[socket.socket], None]


@contextmanager
def peer(*behaviours: Peer) -> Iterator[HostAddress]:
    """A listener; each connection gets the next behaviour after its request was read, then a polite end."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for behave in behaviours:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                behave(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield HostAddress(*listener.getsockname())
    finally:
        thread.join()
        listener.close()


def say(*pieces: bytes) -> Peer:
    def behave(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            connection.sendall(piece)

    return behave


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hold(connection: socket.socket) -> None:
    """Say nothing until the terminal hangs up."""
    connection.recv(1)


def half_then_hold(connection: socket.socket) -> None:
    connection.sendall(WIRE[:30])
    hold(connection)


def blocking(to: HostAddress, timeout_s: float) -> Response:
    line = TerminalConnection(to, FRAMING)
    try:
        return line.ask(Ask(FRAME, timeout_s))
    finally:
        line.done()


def awaited(to: HostAddress, timeout_s: float) -> Response:
    async def ask() -> Response:
        line = AsyncTerminalConnection(to, FRAMING)
        try:
            return await line.ask(Ask(FRAME, timeout_s))
        finally:
            line.done()

    return asyncio.run(ask())


CASES: list[tuple[str, Peer, float, type, str]] = [
    ("whole", say(WIRE), 5, Received, ""),
    ("byte by byte", say(*(WIRE[i : i + 1] for i in range(len(WIRE)))), 5, Received, ""),
    ("after keep-alives", say(b"\0\0\0\0", WIRE), 5, Received, ""),
    ("with another behind it", say(WIRE + WIRE[:20]), 5, Received, ""),
    ("half, then FIN", say(WIRE[:30]), 5, NoAnswer, "the host closed the connection, 30 bytes of an unfinished frame"),
    ("half, then silence", half_then_hold, 0.05, NoAnswer, "waited 0.05 s, 30 bytes"),
    ("FIN", say(), 5, NoAnswer, "the host closed the connection"),
    ("RST", reset, 5, NoAnswer, "reset"),
    ("silence", hold, 0.05, NoAnswer, "waited 0.05 s"),
    ("HTTP", say(b"HTTP/1.1 400 Bad Request\r\n\r\n"), 5, Unframed, "HTTP"),
    ("too long", say(b"\xff\xff"), 5, Unframed, "65535"),
]


@pytest.mark.parametrize("way", [blocking, awaited])
@pytest.mark.parametrize(
    ("behave", "timeout_s", "kind", "says"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_every_way_of_answering(
    way: Callable[[HostAddress, float], Response], behave: Peer, timeout_s: float, kind: type, says: str
) -> None:
    with peer(behave) as to:
        answer = way(to, timeout_s)
    assert isinstance(answer, kind)
    if isinstance(answer, Received):
        assert answer.frame == FRAME
    else:
        assert says in answer.detail


@pytest.mark.parametrize("way", [blocking, awaited])
def test_no_one_listens(way: Callable[[HostAddress, float], Response]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        to = HostAddress(*listener.getsockname())
    answer = way(to, 5)
    assert isinstance(answer, NotSent)
    assert "refused" in answer.detail


def test_the_rest_of_the_line_is_heard_on() -> None:
    with peer(say(WIRE, FRAMING.wrap(FRAME[::-1]))) as to:
        line = TerminalConnection(to, FRAMING)
        first, second = line.ask(Ask(FRAME, 5)), line.listen()
        line.done()
    assert [answer.frame for answer in (first, second) if isinstance(answer, Received)] == [FRAME, FRAME[::-1]]


def test_a_line_that_drops_has_brought_the_request_and_hears_nothing() -> None:
    """The peer gets all of it, then the end; a line that is kept open is dropped too."""
    heard: list[bytes] = []

    def listen(connection: socket.socket) -> None:
        heard.append(connection.recv(1))  # the rest, after what `peer` has read: nothing

    dropped = Ask(FRAME, 60.0, hang_up=True)

    async def ask(to: HostAddress) -> Response:
        line = AsyncTerminalConnection(to, FRAMING, keep_open=True)
        return await line.ask(dropped)

    with peer(listen, listen) as to:
        line = TerminalConnection(to, FRAMING, keep_open=True)
        for answer in (line.ask(dropped), asyncio.run(ask(to))):
            assert isinstance(answer, NoAnswer)
            assert answer.detail == DROPPED
    assert heard == [b"", b""]


def echo_twice(connection: socket.socket) -> None:
    connection.sendall(WIRE)
    connection.recv(4096)
    connection.sendall(WIRE)


@pytest.mark.parametrize("fresh", [False, True])
def test_a_line_kept_open_serves_many_exchanges(fresh: bool) -> None:
    behaviours = (say(WIRE), say(WIRE)) if fresh else (echo_twice,)
    with peer(*behaviours) as to:
        line = TerminalConnection(to, FRAMING, keep_open=True)
        answers = [line.ask(Ask(FRAME, 5)), line.ask(Ask(FRAME, 5, fresh=fresh))]
        line.close()
    assert all(isinstance(answer, Received) for answer in answers)


def test_a_kept_line_that_the_host_closed_is_opened_again() -> None:
    with peer(say(WIRE), say(WIRE), say(WIRE)) as to:
        line = TerminalConnection(to, FRAMING, keep_open=True)
        assert isinstance(line.ask(Ask(FRAME, 5)), Received)
        with socket.create_connection(to[:2]) as other:  # the listener accepts again only when it has closed the first
            other.sendall(b"x")
            assert other.recv(100) == WIRE
        assert isinstance(line.ask(Ask(FRAME, 5)), Received)
        line.close()


@pytest.mark.parametrize("text", ["", "8583", ":8583", "host:", "host:x", "host:0", "host:65536", "host:٨"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="write HOST:PORT"):
        address(text)
