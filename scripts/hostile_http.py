"""Measure how long POS terminals wait for their answers while HTTP clients misbehave at the same host.

1. `acquirer serve --http` is started on a fresh store. Some terminals work at it without a pause: echo tests and sales.
2. In turns of some seconds HTTP is left alone, then misused in one way, each way beside a quiet turn. The order is the
   same in each round, and the rounds are repeated.
3. Printed are the medians of the rounds: p50 and p99 of an answer, and p99 as a multiple of that of the quiet turn
   beside it; and how busy the machine is, for on one that is not quiet a multiple means little.

What misuses runs in a process of its own, and takes processor time from the host as any other program does: the row
"busy" has some of that without HTTP.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Final

from acquirer.app.terminal import Terminal
from acquirer.settings.terminals import demo_terminals

PAUSE_S: Final = 0.5
"""After a way of misuse, so that its last connections are gone."""

LORIS, WAITS, FLOODS = 600, 1_000, 8
"""Connections of a byte a second; waits at once; clients that ask as fast as they are answered."""

JSON: Final = "Host: localhost\r\nContent-Type: application/json\r\n"


class Misuse:
    """What a hostile client does until it is ended. Everything a host answers or cuts is taken as it comes."""

    def __init__(self, host: str, port: int) -> None:
        self._at = (host, port)
        self._end = threading.Event()
        self._open: list[socket.socket] = []

    def connect(self) -> socket.socket | None:
        with suppress(OSError):
            sock = socket.create_connection(self._at, timeout=5)
            self._open.append(sock)
            return sock
        return None

    def repeat(self, request: bytes, *, rest_s: float = 0.0) -> None:
        """Send a request again and again, over a connection each."""
        while not self._end.is_set():
            with suppress(OSError), socket.create_connection(self._at, timeout=5) as sock:
                sock.sendall(request)
                sock.recv(1 << 16)
            self._end.wait(rest_s)

    def slow_heads(self) -> None:
        """Send heads, and bodies, a byte a second, over hundreds of connections."""
        body = f"POST /rules HTTP/1.1\r\n{JSON}Content-Length: 1000\r\n\r\n".encode()
        socks = [self.connect() for _ in range(LORIS)]
        for number, sock in enumerate(socks):
            with suppress(OSError):
                if sock is not None:
                    sock.sendall(body if number % 2 else b"GET /livez HTTP/1.1\r\n")
        while not self._end.wait(1.0):
            for at, sock in enumerate(socks):
                try:
                    if sock is not None:
                        sock.sendall(b"x")
                except OSError:
                    socks[at] = self.connect()

    def large_heads(self) -> None:
        self.repeat(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n" + b"X-Y: " + b"z" * (1 << 20) + b"\r\n\r\n")

    def large_bodies(self) -> None:
        head = f"POST /rules HTTP/1.1\r\n{JSON}Content-Length: {8 << 20}\r\n\r\n".encode()
        self.repeat(head + b" " * (8 << 20))

    def waits(self) -> None:
        """Have a thousand requests wait for what never comes."""
        body = json.dumps({"when": {"service": "void"}, "timeout": 60}).encode()
        request = f"POST /journal/wait HTTP/1.1\r\n{JSON}Content-Length: {len(body)}\r\n\r\n".encode() + body
        while not self._end.is_set():
            for _ in range(WAITS):
                if (sock := self.connect()) is not None:
                    with suppress(OSError):
                        sock.sendall(request)
            self._end.wait(1.0)
            self.close()

    def searches(self) -> None:
        """Search the whole journal for what no index finds, as fast as it is answered."""
        self.repeat(b"GET /journal?filter=why=~zzz&limit=1000 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")

    def mistakes(self) -> None:
        """Send as many rules as are taken at once, with more mistakes in the last ones than are named."""
        rules = [{"name": f"rule {number}", "when": "service=sale", "then": {"code": "51"}} for number in range(980)]
        rules += [{"name": f"rule {number}", "then": {"code": "none"}} for number in range(980, 1_000)]
        body = json.dumps(rules).encode()
        self.repeat(f"POST /rules HTTP/1.1\r\n{JSON}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    def strangers(self) -> None:
        """Ask as a page of another site does, under a name that was rebound."""
        self.repeat(b"GET /journal HTTP/1.1\r\nHost: evil.example\r\nOrigin: http://evil.example\r\n\r\n")

    def busy(self) -> None:
        """Take processor time, and leave HTTP alone."""
        while not self._end.is_set():
            sum(range(20_000))
            self._end.wait(0.001)

    def run(self, way: str) -> None:
        threads = [
            threading.Thread(target=getattr(self, way), daemon=True) for _ in range(1 if way in ALONE else FLOODS)
        ]
        for thread in threads:
            thread.start()
        sys.stdin.read()  # until the parent ends it
        self._end.set()
        self.close()

    def close(self) -> None:
        for sock in self._open:
            with suppress(OSError):
                sock.close()
        self._open.clear()


ALONE: Final = ("slow_heads", "waits", "busy")
WAYS: Final = ("busy", "slow_heads", "large_heads", "large_bodies", "waits", "searches", "mistakes", "strangers")


@contextmanager
def misused(way: str, url: str) -> Iterator[None]:
    """Have HTTP misused in one way for the time of a ``with`` block, by a process of its own."""
    command = [sys.executable, __file__, "--misuse", way, url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        try:
            time.sleep(PAUSE_S)
            yield
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(30)
    time.sleep(PAUSE_S)


@contextmanager
def serving(folder: Path) -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", "acquirer", "serve", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--json"]
    with subprocess.Popen(
        [*command, "--store", f"sqlite:///{folder}/host.db", "--log", "off"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


class Terminals:
    """Terminals that work without a pause, and note how long each answer took."""

    def __init__(self, address: str, folder: Path, count: int) -> None:
        self.took_s: list[float] = []
        self._end = threading.Event()
        tids = [one.tid for one in demo_terminals()][:count]
        self._threads = [threading.Thread(target=self._work, args=(tid, address, folder)) for tid in tids]

    def _work(self, tid: str, address: str, folder: Path) -> None:
        with Terminal(tid, host=address, state=folder / tid, keep_open=True) as terminal:
            terminal.sign_on()
            steps: Sequence[Callable[[], object]] = (
                terminal.echo,
                lambda: terminal.sale("1.00", "standard", pin="123456"),
            )
            while not self._end.is_set():
                for step in steps:
                    began_s = time.perf_counter()
                    step()
                    self.took_s.append(time.perf_counter() - began_s)

    def measured(self, seconds: float) -> tuple[float, float, int]:
        """Return p50 and p99 in milliseconds, and how many answers there were, of so many seconds."""
        first = len(self.took_s)
        time.sleep(seconds)
        took = sorted(self.took_s[first:])
        if not took:
            return float("inf"), float("inf"), 0
        return 1000 * took[len(took) // 2], 1000 * took[int(len(took) * 0.99)], len(took)

    def __enter__(self) -> Terminals:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="./scripts/hostile-http", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, help="of all ways")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each turn")
    parser.add_argument("--terminals", type=int, default=4, help="that work at the same time")
    parser.add_argument("--ways", default=",".join(WAYS), help="of misuse, with commas between them")
    parser.add_argument("--misuse", nargs=2, metavar=("WAY", "URL"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.misuse:
        host, _, port = given.misuse[1].removeprefix("http://").rpartition(":")
        Misuse(host, int(port)).run(given.misuse[0])
        return 0
    ways = given.ways.split(",")
    if unknown := sorted({*ways} - {*WAYS}):
        parser.error(f"--ways: there is no '{unknown[0]}'; there are {', '.join(WAYS)}")
    found: dict[str, list[tuple[float, float, float, int]]] = {way: [] for way in ways}
    quiet: list[tuple[float, float, int]] = []
    with (
        tempfile.TemporaryDirectory() as place,
        serving(Path(place)) as ready,
        Terminals(ready["listen"], Path(place), given.terminals) as terminals,
    ):
        terminals.measured(1.0)  # sign-ons
        for _ in range(given.rounds):
            for way in ways:
                before = terminals.measured(given.seconds)
                quiet.append(before)
                with misused(way, ready["http"]):
                    p50, p99, number = terminals.measured(given.seconds)
                found[way].append((p50, p99, p99 / before[1], number))
    about = f"{given.terminals} terminals, {given.rounds} rounds, turns of {given.seconds:g} s"
    print(f"load average {os.getloadavg()[0]:.2f}; {about}")
    print(f"{'HTTP':14} {'p50 ms':>8} {'p99 ms':>8} {'p99 ×':>7} {'answers/s':>10}")
    rows = {"left alone": [(p50, p99, 1.0, number) for p50, p99, number in quiet], **found}
    for way, measured in rows.items():
        p50, p99, ratio, number = (median(column) for column in zip(*measured, strict=True))
        print(f"{way:14} {p50:8.2f} {p99:8.2f} {ratio:7.2f} {number / given.seconds:10.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
