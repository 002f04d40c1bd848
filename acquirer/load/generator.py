"""A closed-loop generator over raw sockets: each connection sends a frame, waits for the answer, sends the next.

It is written against the kernel and not on Twisted, so that it costs less than the servers it drives and treats all of
them alike. It knows of a frame only its 2-byte length prefix and where the STAN stands.
"""

from __future__ import annotations

import errno
import select
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

from acquirer.load.figures import Figures

SOURCES = tuple(f"127.0.0.{n}" for n in range(1, 9))
"""Addresses to connect from: one pair of addresses has only some 28 000 ports, each unusable for a while after."""

IP_BIND_ADDRESS_NO_PORT = 24  # Linux: the port is chosen at connect, by all four parts of the address


@dataclass(frozen=True, slots=True)
class Template:
    """One terminal's frame, length prefix included, cut where its STAN stands."""

    before: bytes
    after: bytes

    def frame(self, stan: bytes) -> bytes:
        return self.before + stan + self.after


STANS = tuple(bytes.fromhex(f"{n:06d}") for n in range(1, 50_000))


class Kept:
    """One kept connection per template, each with one request in flight."""

    def __init__(self, address: tuple[str, int], templates: Sequence[Template]) -> None:
        self._templates = templates
        self._sockets: dict[int, socket.socket] = {}
        self._slots: dict[int, int] = {}
        self._epoll = select.epoll()
        for slot in range(len(templates)):
            sock = socket.create_connection(address, timeout=5)
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets[sock.fileno()] = sock
            self._slots[sock.fileno()] = slot
            self._epoll.register(sock.fileno(), select.EPOLLIN)
        self.replies: dict[int, bytes] = {}  # slot → its last answer

    def run(self, count: int, seconds: float, expect_bytes: int) -> Figures:
        """Exchange `count` frames, or for as long as `seconds`; `expect_bytes` is the size of a good answer."""
        figures = Figures()
        sockets, slots, templates = self._sockets, self._slots, self._templates
        started: dict[int, float] = {}
        partial: dict[int, bytes] = {}
        latencies = figures.latencies_s
        sent = 0
        begin = perf_counter()
        end = begin + seconds
        for fd, sock in sockets.items():
            started[fd] = perf_counter()
            sock.send(templates[slots[fd]].frame(STANS[sent % len(STANS)]))
            sent += 1
        waiting = sent
        while waiting:
            now = perf_counter()
            if now > end + 5:  # the last answers had 5 s to come
                break
            for fd, _ in self._epoll.poll(0.5):
                sock = sockets[fd]
                try:
                    data = sock.recv(4096)
                except OSError:
                    data = b""
                if not data:
                    self._epoll.unregister(fd)
                    figures.failed += 1
                    waiting -= 1
                    continue
                if fd in partial:
                    data = partial.pop(fd) + data
                if len(data) < 2 or len(data) < 2 + int.from_bytes(data[:2], "big"):
                    partial[fd] = data
                    continue
                now = perf_counter()
                latencies.append(now - started[fd])
                if len(data) != expect_bytes:
                    figures.wrong += 1
                slot = slots[fd]
                self.replies[slot] = data
                if sent < count and now < end:
                    started[fd] = now
                    sock.send(templates[slot].frame(STANS[sent % len(STANS)]))
                    sent += 1
                else:
                    waiting -= 1
        figures.elapsed_s = perf_counter() - begin
        figures.answered = len(latencies)
        figures.unanswered = waiting
        return figures

    def close(self) -> None:
        self._epoll.close()
        for sock in self._sockets.values():
            sock.close()


def fresh(
    address: tuple[str, int],
    templates: Sequence[Template],
    *,
    at_once: int,
    count: int,
    seconds: float,
    expect_bytes: int,
) -> Figures:
    """`count` exchanges, each on a connection of its own, `at_once` of them open at any time."""
    figures = Figures()
    epoll = select.epoll()
    open_: dict[int, tuple[socket.socket, float, bytes]] = {}
    latencies = figures.latencies_s
    begun = 0
    begin = perf_counter()
    end = begin + seconds

    def start() -> None:
        nonlocal begun
        frame = templates[begun % len(templates)].frame(STANS[begun % len(STANS)])
        now = perf_counter()
        sock = socket.socket()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        sock.bind((SOURCES[begun % len(SOURCES)], 0))
        begun += 1
        failure = sock.connect_ex(address)
        if failure not in (0, errno.EINPROGRESS):
            figures.failed += 1
            sock.close()
            return
        try:  # over loopback the handshake is usually done by now
            sock.send(frame)
        except (BlockingIOError, OSError):
            epoll.register(sock.fileno(), select.EPOLLOUT)
        else:
            epoll.register(sock.fileno(), select.EPOLLIN)
        open_[sock.fileno()] = (sock, now, frame)

    while begun < min(at_once, count):
        start()
    while open_:
        if perf_counter() > end + 5:
            break
        for fd, events in epoll.poll(0.5):
            sock, started, frame = open_[fd]
            if events == select.EPOLLOUT:  # connected only now
                sock.send(frame)
                epoll.modify(fd, select.EPOLLIN)
                continue
            try:
                data = sock.recv(4096)
            except OSError:
                data = b""
            if data:
                latencies.append(perf_counter() - started)
                if len(data) != expect_bytes:
                    figures.wrong += 1
            else:
                figures.failed += 1
            del open_[fd]
            sock.close()
            if begun < count and perf_counter() < end:
                start()
    figures.elapsed_s = perf_counter() - begin
    figures.answered = len(latencies)
    figures.unanswered = len(open_)
    for sock, _, _ in open_.values():
        sock.close()
    epoll.close()
    return figures
