"""A closed-loop generator over raw sockets: each connection sends a frame, waits for the answer, sends the next.

It is written against the kernel and not on Twisted, so that it costs less than the servers it drives and treats all of
them alike. It knows of a frame only its 2-byte length prefix and where the STAN stands.
"""

from __future__ import annotations

import errno
import selectors
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Final, Protocol

from acquirer.load.figures import Figures

LINUX: Final = sys.platform == "linux"

SOURCES: Final = tuple(f"127.0.0.{n}" for n in range(1, 9)) if LINUX else ("127.0.0.1",)
"""Addresses to connect from: one pair of addresses has only some 28 000 ports, each unusable for a while after. Other
systems have one loopback address only."""

IP_BIND_ADDRESS_NO_PORT: Final = 24  # Linux: the port is chosen at connect, by all four parts of the address

CONNECT_S: Final = 60.0  # only a server that never accepts takes longer
LAST_ANSWERS_S: Final = 5.0  # for answers that are still due when the time of a run is up

UNDER_WAY: Final = frozenset({0, errno.EINPROGRESS, errno.EWOULDBLOCK})  # a connect; the last one is what Windows says

STANS: Final = tuple(bytes.fromhex(f"{n:06d}") for n in range(1, 50_000))


def open_from(source: str, family: int = socket.AF_INET) -> socket.socket:
    """Return a socket that does not wait, to be connected from this address; "": the system chooses one."""
    sock = socket.socket(family)
    sock.setblocking(False)
    try:
        if source:
            if LINUX:
                sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            sock.bind((source, 0))
    except OSError:
        sock.close()
        raise
    return sock


class FrameSource(Protocol):
    """Where a connection's requests come from."""

    def frame(self, stan: bytes) -> bytes:
        """Return the next request, length prefix included; a source may have STANs of its own."""


@dataclass(frozen=True, slots=True)
class FrameTemplate:
    """One terminal's frame, length prefix included, cut where its STAN stands."""

    before: bytes
    after: bytes

    def frame(self, stan: bytes) -> bytes:
        return self.before + stan + self.after


class KeptConnections:
    """One kept connection per source, each with one request in flight."""

    def __init__(self, address: tuple[str, int], sources: Sequence[FrameSource]) -> None:
        self._sources = sources
        self._selector = selectors.DefaultSelector()
        self._sockets: list[socket.socket] = []
        self.replies: dict[int, bytes] = {}  # number of a connection → its last answer
        for number in range(len(sources)):
            sock = socket.create_connection(address, timeout=CONNECT_S)
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets.append(sock)
            self._selector.register(sock, selectors.EVENT_READ, number)

    def __len__(self) -> int:
        return len(self._sockets)

    def use(self, sources: Sequence[FrameSource]) -> None:
        """Take requests from other sources from now on, one for each connection."""
        self._sources = sources

    def run(self, count: int, seconds: float, expect_bytes: int) -> Figures:
        """Exchange `count` frames, or for as long as `seconds`; `expect_bytes` is the size of a good answer."""
        figures = Figures()
        sockets, sources, selector = self._sockets, self._sources, self._selector
        started = [0.0] * len(sockets)
        partial: dict[int, bytes] = {}
        latencies = figures.latencies_s
        sent = 0
        begin = perf_counter()
        end = begin + seconds
        for number in range(min(len(sockets), count)):
            started[number] = perf_counter()
            sockets[number].send(sources[number].frame(STANS[sent % len(STANS)]))
            sent += 1
        waiting = sent
        while waiting and perf_counter() <= end + LAST_ANSWERS_S:
            for key, _ in selector.select(0.5):
                number = key.data
                sock = sockets[number]
                try:
                    data = sock.recv(4096)
                except OSError:
                    data = b""
                if not data:
                    selector.unregister(sock)
                    figures.failed += 1
                    waiting -= 1
                    continue
                if number in partial:
                    data = partial.pop(number) + data
                if len(data) < 2 or len(data) < 2 + int.from_bytes(data[:2], "big"):
                    partial[number] = data
                    continue
                now = perf_counter()
                latencies.append(now - started[number])
                if len(data) != expect_bytes:
                    figures.unexpected += 1
                self.replies[number] = data
                if sent < count and now < end:
                    started[number] = now
                    sock.send(sources[number].frame(STANS[sent % len(STANS)]))
                    sent += 1
                else:
                    waiting -= 1
        figures.elapsed_s = perf_counter() - begin
        figures.answered = len(latencies)
        figures.unanswered = waiting
        return figures

    def close(self) -> None:
        self._selector.close()
        for sock in self._sockets:
            sock.close()


def run_kept(
    address: tuple[str, int], sources: Sequence[FrameSource], count: int, seconds: float, expect_bytes: int
) -> Figures:
    """Open connections, run as `KeptConnections.run` does, close them."""
    kept = KeptConnections(address, sources)
    try:
        return kept.run(count, seconds, expect_bytes)
    finally:
        kept.close()


def run_fresh(
    address: tuple[str, int],
    sources: Sequence[FrameSource],
    *,
    at_once: int,
    count: int,
    seconds: float,
    expect_bytes: int,
) -> Figures:
    """Run `count` exchanges, each on a connection of its own, `at_once` of them open at any time."""
    figures = Figures()
    selector = selectors.DefaultSelector()
    open_: dict[socket.socket, tuple[float, bytes]] = {}
    latencies = figures.latencies_s
    begun = 0
    begin = perf_counter()
    end = begin + seconds

    def start() -> None:
        nonlocal begun
        frame = sources[begun % len(sources)].frame(STANS[begun % len(STANS)])
        now = perf_counter()
        sock = open_from(SOURCES[begun % len(SOURCES)])
        begun += 1
        if sock.connect_ex(address) not in UNDER_WAY:
            figures.failed += 1
            sock.close()
            return
        try:  # over loopback the handshake is usually done by now
            sock.send(frame)
        except OSError:
            selector.register(sock, selectors.EVENT_WRITE)
        else:
            selector.register(sock, selectors.EVENT_READ)
        open_[sock] = (now, frame)

    def finish(sock: socket.socket) -> None:
        selector.unregister(sock)
        del open_[sock]
        sock.close()
        if begun < count and perf_counter() < end:
            start()

    while begun < min(at_once, count):
        start()
    while open_ and perf_counter() <= end + LAST_ANSWERS_S:
        for key, events in selector.select(0.5):
            sock = key.fileobj
            assert isinstance(sock, socket.socket)
            started, frame = open_[sock]
            try:
                if events & selectors.EVENT_WRITE:  # connected only now
                    sock.send(frame)
                    selector.modify(sock, selectors.EVENT_READ)
                    continue
                data = sock.recv(4096)
            except OSError:
                data = b""
            if data:
                latencies.append(perf_counter() - started)
                if len(data) != expect_bytes:
                    figures.unexpected += 1
            else:
                figures.failed += 1
            finish(sock)
    figures.elapsed_s = perf_counter() - begin
    figures.answered = len(latencies)
    figures.unanswered = len(open_)
    for sock in open_:
        sock.close()
    selector.close()
    return figures
