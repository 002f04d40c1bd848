"""Connections that send to a host as much as it takes, beside terminals that sell.

Run as ``python -m acquirer.load.flood JOB`` in a process of its own, so that what it does falls on no one else's clock.
The job is a file with a `FloodJob`; ``ready`` is printed once all connections are open, and what was counted, a JSON
object, when the input ends.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path
from time import monotonic
from typing import Any, Final

from acquirer.data.json_text import parse_json
from acquirer.load.generator import SOURCES, UNDER_WAY, open_from
from acquirer.net.files import make_room

CHUNK_BYTES: Final = 64 * 1024
"""What is handed to the system at once: some twenty frames, so that the generator costs less than the host."""

LOOK_S: Final = 0.05
"""How often a flood looks whether it shall end."""

CONNECT_S: Final = 60.0  # only a host that never accepts takes longer

UNREAD: Final = ("unread", "zero-window", "half-closed")
"""Ways that read nothing."""

HELD_S: Final = 1.0
"""Between the end of a half-closed connection's sending and its closing: its answers are written meanwhile."""

LEAST_BUFFER_BYTES: Final = 1
"""Of what is received, for a window of zero; the system makes it the least that it knows (2,304 on Linux)."""

AGAIN_S: Final = 0.05
"""Until a connection that the host has ended is opened anew: a program that tries again, not one that only connects."""


@dataclass(frozen=True, slots=True)
class FloodJob:
    """What is sent where, and how.

    `way`: ``stream`` sends frame after frame and reads what comes; ``unread`` reads nothing; ``zero-window`` neither,
    and its system takes next to nothing either; ``bytewise`` sends each byte alone; ``begun`` sends its frames once and
    waits; ``silent`` sends nothing; ``half-closed`` sends, ends its side, reads nothing and goes away without a word;
    ``fresh`` opens a connection for each frame and waits for its answer or its end; ``empty`` opens connections and
    closes them again.
    """

    address: tuple[str, int]
    way: str
    connections: int
    frames: list[list[str]]  # of each connection in turn, in hexadecimal, with their lengths

    @staticmethod
    def read(path: Path) -> FloodJob:
        """Return the job of a file."""
        job: dict[str, Any] = parse_json(path.read_text())
        return FloodJob((job["address"][0], job["address"][1]), job["way"], job["connections"], job["frames"])

    def write(self, path: Path) -> None:
        """Write it to a file."""
        path.write_text(json.dumps(asdict(self)))


@dataclass(slots=True)
class FloodCounts:
    """What a flood has done."""

    sent_bytes: int = 0
    answers: int = 0
    opened: int = 0  # connections
    ended: int = 0  # of them, by the host


class Flood:
    """All connections of a flood. Level-triggered, in one thread."""

    def __init__(self, job: FloodJob) -> None:
        self.counts = FloodCounts()
        self.over = False
        self._job = job
        least = 0 if job.way == "begun" else CHUNK_BYTES
        self._chunks = [_chunk([bytes.fromhex(frame) for frame in frames], least) for frames in job.frames]
        self._selector = selectors.DefaultSelector()
        self._again: list[tuple[float, int]] = []  # when a connection is opened anew, and its number
        self._held: deque[tuple[float, int, socket.socket]] = deque()  # half-closed: until when, number, connection
        self._sources = cycle(SOURCES)

    def open(self) -> None:
        """Open all connections that stay."""
        if self._job.way not in ("fresh", "empty"):
            for number in range(self._job.connections):
                self._open(number)

    def run(self) -> None:
        """Send until it is over."""
        if self._job.way in ("fresh", "empty"):
            self._run_fresh(wait=self._job.way == "fresh")
        else:
            self._run_kept()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        for _, _, sock in self._held:
            sock.close()
        self._selector.close()

    def _open(self, number: int) -> None:
        way = self._job.way
        sock = socket.socket()
        if way == "zero-window":  # before it connects, which is when a window is offered
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LEAST_BUFFER_BYTES)
        sock.settimeout(CONNECT_S)
        sock.connect(self._job.address)
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        events = 0 if way in UNREAD else selectors.EVENT_READ
        events |= 0 if way == "silent" else selectors.EVENT_WRITE
        self.counts.opened += 1
        self._selector.register(sock, events, _Sender(number, self._chunks[number % len(self._chunks)]))

    def _run_kept(self) -> None:
        most = 1 if self._job.way == "bytewise" else CHUNK_BYTES
        while not self.over:
            for key, events in self._selector.select(LOOK_S):
                sock, sender = key.fileobj, key.data
                assert isinstance(sock, socket.socket)
                try:
                    if events & selectors.EVENT_READ:
                        self.counts.answers += sender.read(sock)
                    if events & selectors.EVENT_WRITE:
                        self.counts.sent_bytes += sender.write(sock, most)
                        if self._job.way == "begun":
                            self._selector.modify(sock, selectors.EVENT_READ, sender)
                        elif self._job.way == "half-closed" and sender.whole:
                            sock.shutdown(socket.SHUT_WR)
                            self._selector.unregister(sock)
                            self._held.append((monotonic() + HELD_S, sender.number, sock))
                except BlockingIOError:
                    continue
                except OSError:
                    self._selector.unregister(sock)
                    sock.close()
                    self.counts.ended += 1
                    self._again.append((monotonic() + AGAIN_S, sender.number))
            now_s = monotonic()
            while self._held and self._held[0][0] <= now_s:
                _, number, sock = self._held.popleft()
                sock.close()  # what it did not read makes that a reset
                self._again.append((now_s, number))
            while self._again and self._again[0][0] <= now_s:
                self._open(self._again.pop(0)[1])

    def _run_fresh(self, *, wait: bool) -> None:
        """Keep so many connections open, each for one frame."""
        frames = self._frames()
        open_: dict[socket.socket, bytes] = {}
        while not self.over:
            while len(open_) < self._job.connections:
                sock = open_from(next(self._sources))
                if sock.connect_ex(self._job.address) not in UNDER_WAY:
                    sock.close()
                    break
                self.counts.opened += 1
                open_[sock] = next(frames)
                self._selector.register(sock, selectors.EVENT_WRITE)
            for key, events in self._selector.select(LOOK_S):
                sock = key.fileobj  # type: ignore[assignment]
                try:
                    if events & selectors.EVENT_WRITE and wait:
                        self.counts.sent_bytes += sock.send(open_[sock])
                        self._selector.modify(sock, selectors.EVENT_READ)
                        continue
                    if wait:
                        self.counts.answers += bool(sock.recv(CHUNK_BYTES))
                except OSError:
                    self.counts.ended += 1
                self._selector.unregister(sock)
                del open_[sock]
                sock.close()

    def _frames(self) -> Iterator[bytes]:
        return cycle([bytes.fromhex(frame) for frames in self._job.frames for frame in frames])


class _Sender:
    """One connection: where it is in its bytes, and in those of the answers."""

    __slots__ = ("_at", "_chunk", "_rest", "number")

    def __init__(self, number: int, chunk: bytes) -> None:
        self.number = number
        self._chunk = memoryview(chunk)
        self._at = 0
        self._rest = b""

    @property
    def whole(self) -> bool:
        """Return whether all bytes were sent, and the first comes next."""
        return self._at == 0

    def write(self, sock: socket.socket, most: int) -> int:
        """Send at most so many bytes; return how many were."""
        sent = sock.send(self._chunk[self._at : self._at + most])
        self._at = (self._at + sent) % len(self._chunk)
        return sent

    def read(self, sock: socket.socket) -> int:
        """Return how many answers came. Raises OSError when the host ends the connection."""
        data = sock.recv(CHUNK_BYTES)
        if not data:
            raise ConnectionResetError
        data = self._rest + data
        at = answers = 0
        while len(data) >= at + 2 and len(data) >= (stop := at + 2 + int.from_bytes(data[at : at + 2], "big")):
            at = stop
            answers += 1
        self._rest = data[at:]
        return answers


def _chunk(frames: list[bytes], least: int) -> bytes:
    """Return frames in turn, as many as make so many bytes, each of them whole."""
    once = b"".join(frames)
    return once * max(least // len(once), 1)


def main() -> int:
    """Run one flood until the input ends."""
    job = FloodJob.read(Path(sys.argv[1]))
    make_room(job.connections)
    flood = Flood(job)
    flood.open()
    print("ready", flush=True)

    def wait() -> None:
        sys.stdin.read()
        flood.over = True

    threading.Thread(target=wait, daemon=True).start()
    flood.run()
    print(json.dumps(asdict(flood.counts)), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
