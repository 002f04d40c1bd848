"""What a relay adds to an exchange: one terminal asks a bare echo directly and through a relay, in turns."""

from __future__ import annotations

import socket
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from acquirer.load.servers import DIALECT, ROOT, ServerProcess, echo_server, started
from acquirer.settings.specs import load_dialect

COUNT: Final = 3_000
"""Exchanges of each way in a round; the median of so many moves by a few microseconds only."""

ROUNDS: Final = 5
WARM: Final = 200  # exchanges that are not counted: the relay's first ones compile its codec
MARK_MS: Final = 1.0
"""The median of what a relay may add: a terminal waits for a mobile network a hundred times as long."""


def measure_relay(rounds: int = ROUNDS, count: int = COUNT) -> int:
    """Print what a relay adds; return 1 when that is more than the mark."""
    dialect = load_dialect(DIALECT)
    request = next(bytes.fromhex(one.hex) for one in dialect.samples if "sign-on request" in one.title)
    added: list[float] = []
    with tempfile.TemporaryDirectory(prefix="acquirer-bench-") as name:
        directory = Path(name)
        with (
            echo_server(directory) as echo,
            _relay(directory, echo.address) as relay,
            _connected(echo.address) as direct,
            _connected(relay.address) as relayed,
        ):
            for sock in (direct, relayed):
                _times_ms(sock, request, WARM)
            for number in range(1, rounds + 1):
                one, other = _times_ms(direct, request, count), _times_ms(relayed, request, count)
                added.append(statistics.median(other) - statistics.median(one))
                print(f"round {number}: direct {_words(one)}; relayed {_words(other)}; p50 added {added[-1]:.3f} ms")
    median = statistics.median(added)
    verdict = "OK" if median <= MARK_MS else "MISSED"
    print(f"a relay adds {median:.3f} ms (p50), mark {MARK_MS:g} ms: {verdict}; journalled on SQLite meanwhile")
    return int(median > MARK_MS)


def _times_ms(sock: socket.socket, request: bytes, count: int) -> list[float]:
    times = []
    for _ in range(count):
        began_ns = time.perf_counter_ns()
        sock.sendall(request)
        left = len(request)
        while left:
            left -= len(sock.recv(left))
        times.append((time.perf_counter_ns() - began_ns) / 1e6)
    return times


def _words(times_ms: list[float]) -> str:
    times = sorted(times_ms)
    return f"p50 {times[len(times) // 2]:.3f} ms, p99 {times[len(times) * 99 // 100]:.3f} ms"


@contextmanager
def _connected(address: tuple[str, int]) -> Iterator[socket.socket]:
    with socket.create_connection(address) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield sock


@contextmanager
def _relay(directory: Path, to: tuple[str, int]) -> Iterator[ServerProcess]:
    """Run ``acquirer relay`` with a store on disk."""
    command = ["-m", "acquirer", "relay", "--listen", "127.0.0.1:0", "--to", f"{to[0]}:{to[1]}", "--json"]
    command += ["--store", f"sqlite:///{directory / 'relay.db'}", "--log", "json"]
    with (directory / "relay").open("w") as stream:
        yield from started(command, ROOT, directory, stream)
