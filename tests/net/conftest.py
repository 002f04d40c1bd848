"""A server on a free loopback port, in a thread of its own, with limits and a receiver that each test chooses."""

from __future__ import annotations

import os
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest

from acquirer.net.connection import Connection, Receive
from acquirer.net.limits import Limits
from acquirer.net.reactor import running_reactor
from acquirer.net.server import Listener, Server
from acquirer.testing.background import Background, in_background
from acquirer.wire.framing import Framing

FRAMING = Framing(minimum_bytes=4)

HANGS_S = 600  # no busy machine makes anything here take so long


class KeepingWatcher:
    """A watcher that keeps what is reported to it."""

    def __init__(self) -> None:
        self.refusals: list[tuple[str, str]] = []
        self.faults: list[str] = []
        self.exhausted = 0

    def refused(self, peer: str, reason: str, detail: str) -> None:
        self.refusals.append((reason, detail))

    def fault(self, peer: str) -> None:
        self.faults.append(peer)

    def files_exhausted(self) -> None:
        self.exhausted += 1


class Peer:
    """A client with a blocking socket. What it waits for forever is a failure, which takes `HANGS_S` to show."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, timeout=HANGS_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, *frames: bytes) -> None:
        self.socket.sendall(b"".join(FRAMING.wrap(frame) for frame in frames))

    def receive(self) -> bytes:
        """The next frame; b"" when the peer closed instead. A reset raises ConnectionResetError."""
        length = self._exactly(2)
        return self._exactly(int.from_bytes(length, "big")) if length else b""

    def ended(self) -> str:
        """How the server ended the connection: "fin" or "rst"."""
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionResetError:
            return "rst"
        return "fin"

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece:
                return b""
            data += piece
        return data


class Trial:
    """A running server, what it reported, and clients to try it with."""

    def __init__(self, background: Background[Server], watcher: KeepingWatcher, stack: ExitStack) -> None:
        self.server = background.value
        self.call = background.call
        self.watcher = watcher
        listener: Listener = self.server.listeners[0]
        self.address = (listener.host, listener.port)
        self._stack = stack

    def peer(self) -> Peer:
        peer = Peer(self.address)
        self._stack.callback(peer.socket.close)
        return peer

    def until(self, holds: Callable[[], object]) -> None:
        """Wait until `holds`, called on the loop, is true."""
        end_s = time.monotonic() + HANGS_S
        while not self.call(holds):
            assert time.monotonic() < end_s, "it never happened"
            time.sleep(0.001)

    def set_clock(self, now_s: Callable[[], float]) -> None:
        """Have the server read its time from `now_s`."""
        self.call(lambda: setattr(self.server, "now_s", now_s))

    def closes(self) -> dict[str, int]:
        return dict(self.call(lambda: self.server.counters.closes))


def echo(connection: Connection, frame: bytes) -> None:
    connection.send(frame)
    connection.done()


def open_files() -> Counter[str]:
    """What this process has open, without the numbers of sockets and pipes."""
    found: Counter[str] = Counter()
    for path in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the listing's own
            found[str(path.readlink()).split(":")[0]] += 1
    return found


@pytest.fixture
def serve() -> Iterator[Callable[..., Trial]]:
    """``serve(receive=echo, **limits)``: a running server; it and its clients are gone when the test ends."""
    before = open_files()
    with ExitStack() as servers, ExitStack() as clients:

        def start(receive: Receive = echo, **limits: float) -> Trial:
            watcher = KeepingWatcher()

            @asynccontextmanager
            async def running() -> AsyncIterator[Server]:
                with running_reactor() as reactor:
                    server = Server(reactor, Limits(**limits), watcher)  # type: ignore[arg-type]
                    await server.listen("127.0.0.1", 0, FRAMING, receive)
                    yield server
                    await server.stop()

            return Trial(servers.enter_context(in_background(running)), watcher, clients)

        yield start
    left = open_files() - before
    left.pop(os.devnull, None)  # Twisted keeps one descriptor in reserve, for the whole process
    assert not left, "descriptors leaked"
