"""How long a sale takes while others send a host as much as it takes: good requests, and rubbish of every kind.

Some terminals sell at a steady pace, each over a connection of its own, in an open loop: latency runs from the moment
for which a sale was intended. Beside them, in phases that alternate within one run, nothing happens, or connections of
another process (`load.flood`) send good requests, or one kind of rubbish, from its first frame on. What counts is the
99th percentile of the sales beside rubbish as a multiple of that beside the good requests it is compared with; and the
memory of the host and its children before a flood, the most during it, and once it is over. Each round has hosts of its
own, so that nothing is left of the last: one for all that is compared with the same good requests.
"""

from __future__ import annotations

import selectors
import socket
import subprocess
import sys
import tempfile
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from acquirer.data.json_text import parse_json
from acquirer.dialect.dialect import Dialect
from acquirer.errors import ConfigurationError
from acquirer.load.fairness_table import MemoryUse, Phase, report
from acquirer.load.figures import percentile
from acquirer.load.flood import FloodJob
from acquirer.load.flood_kinds import (
    ALONE,
    GOOD,
    OTHERS,
    RUBBISH,
    FloodFrames,
    FloodKind,
    ordinary_image,
    yardstick_of,
)
from acquirer.load.frames import FIRST_TID, sign_on_templates
from acquirer.load.memory import forget_peak, peak_bytes, resident_bytes
from acquirer.load.servers import DIALECT, MASTER_KEY, REGISTERED, ServerProcess, host
from acquirer.load.terminals import REPLY_S, LoadTerminal, Sales, signed_on
from acquirer.settings.specs import load_dialect

SELLERS: Final = 16
PER_S: Final = 50
"""Sales a second over all sellers: a shop at its busiest, and little beside what a host can do."""

STANS_OF_A_PHASE: Final = 1_000

MOST: Final = "connections_most"
"""The one of a host's counters that several hosts cannot be added up of."""

SETTLE_MOST_S: Final = 20.0
"""For a host to come to rest behind a flood, before the next: images of signatures may wait for minutes."""


class TooManyConnections(ConfigurationError):
    """There are fewer terminals than connections that were asked for."""


@dataclass(frozen=True, slots=True)
class FairnessOptions:
    """What is measured, and for how long."""

    rounds: int = 3
    seconds: float = 5.0  # of each phase
    connections: int = 100  # fewer than `OTHERS`
    beside: tuple[str, ...] = ()  # kinds of rubbish; (): all


def measure_fairness(options: FairnessOptions) -> int:
    """Print sales and memory beside each kind of flood; return 1 when a mark was missed or a sale was lost.

    Raises:
        TooManyConnections: there are not as many terminals.
        NotMeasurable: this system does not say how much memory a running process takes.
    """
    if options.connections >= OTHERS:
        raise TooManyConnections(f"{options.connections} connections are too many: {OTHERS - 1} have a terminal each")
    kinds = kinds_of(options.beside)
    phases = {name: Phase() for name in kinds}
    counted: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="acquirer-bench-") as path:
        for number in range(options.rounds):
            for names in hosts_of(kinds):
                directory = Path(path) / f"{number}-{names[-1]}"
                directory.mkdir()
                chosen = {name: kinds[name] for name in names}
                counted.update(_measure_host(directory, options, chosen, phases, f"round {number + 1}"))
    return report(phases, kinds, options.connections, counted)


def kinds_of(beside: Sequence[str]) -> dict[str, FloodKind | None]:
    """Return what is measured: nothing, what some kinds of rubbish are compared with, and these; none named: all."""
    names = beside or tuple(RUBBISH)
    good = [name for name in GOOD if any(yardstick_of(one) == name for one in names)]
    return {ALONE: None, **{name: GOOD[name] for name in good}, **{name: RUBBISH[name] for name in names}}


def hosts_of(kinds: Iterable[str]) -> list[list[str]]:
    """Return which of them are measured at one host, one after the other: those that are compared with the same."""
    found: dict[str, list[str]] = {}
    for name in kinds:
        found.setdefault(yardstick_of(name), []).append(name)
    return list(found.values())


def _measure_host(
    directory: Path,
    options: FairnessOptions,
    kinds: Mapping[str, FloodKind | None],
    phases: Mapping[str, Phase],
    title: str,
) -> Counter[str]:
    """Have one host serve sellers beside floods of these kinds; return what it counted."""
    dialect = load_dialect(DIALECT)
    templates, mid = sign_on_templates(dialect, REGISTERED)
    with host(directory, mid) as server:
        frames = FloodFrames(dialect, templates, mid)
        tids = [str(FIRST_TID + number) for number in range(options.connections)]
        frames.terminals = signed_on(server.address, dialect, tids, mid, MASTER_KEY)
        tids = [str(FIRST_TID + REGISTERED - 1 - n) for n in range(SELLERS)]
        sellers = Sellers(server.address, dialect, signed_on(server.address, dialect, tids, mid, MASTER_KEY))
        sellers.sign(ordinary_image())  # which starts the process that decodes: none begins in a phase
        server.settled_cpu_s(SETTLE_MOST_S)
        log = _Log(directory / "log")
        for name, kind in kinds.items():
            phase, sales = phases[name], sellers.prepare(options.seconds)
            frames.phase += 1
            with remembered(server, phase.memory):
                with flooded(directory, server, options, kind, frames, phase):
                    took = sellers.sell(sales, phase, options.seconds)
                server.settled_cpu_s(SETTLE_MOST_S)
            phase.shed += log.shed()
            print(f"  {title}  {name:13}  {took}  {phase.memory[-1]}", flush=True)
        sellers.close()
    return log.counters()


@contextmanager
def remembered(server: ServerProcess, memory: list[MemoryUse]) -> Iterator[None]:
    """Add the memory of a host and its children before, during and behind a block.

    A child that begins within it counts as if it had been there: the one that makes keys begins with the demand.
    """
    pid = server.process.pid
    forget_peak(pid)
    before = resident_bytes(pid)
    yield
    highest, after = peak_bytes(pid), resident_bytes(pid)
    was = sum({**highest, **before}.values())
    memory.append(MemoryUse(was, sum(highest.values()), sum(after.values())))


class Sellers:
    """Terminals that sell in turn, each over a connection that it keeps."""

    def __init__(self, address: tuple[str, int], dialect: Dialect, terminals: Sequence[LoadTerminal]) -> None:
        self._dialect = dialect
        self._terminals = terminals
        self._sockets = [socket.create_connection(address, timeout=REPLY_S) for _ in terminals]
        self._selector = selectors.DefaultSelector()
        self._phases = 0
        for number, sock in enumerate(self._sockets):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(sock, selectors.EVENT_READ, number)

    def sign(self, image: bytes) -> None:
        """Have the first of them sell, and its cardholder sign."""
        self._terminals[0].sell(self._sockets[0])
        self._terminals[0].sign(self._sockets[0], image)

    def prepare(self, seconds: float) -> Sales:
        """Return the sales of a phase that takes so long."""
        self._phases += 1
        return Sales(self._terminals, self._phases * STANS_OF_A_PHASE, int(seconds * PER_S))

    def sell(self, sales: Sales, phase: Phase, seconds: float) -> str:
        """Sell for so long, add what was found to `phase`, and return it as text."""
        count = int(seconds * PER_S)
        waiting: list[deque[float]] = [deque() for _ in self._sockets]  # when sales were intended, oldest first
        partial = [b""] * len(self._sockets)
        latencies: list[float] = []
        begin = perf_counter()
        sent = 0
        while (sent < count or any(waiting)) and perf_counter() < begin + seconds + REPLY_S:
            if sent < count and perf_counter() >= (intended := begin + sent / PER_S):
                number = sent % len(self._sockets)
                self._sockets[number].sendall(sales.frame(b""))
                waiting[number].append(intended)
                sent += 1
                continue
            rest_s = begin + sent / PER_S - perf_counter() if sent < count else 0.1
            for key, _ in self._selector.select(max(rest_s, 0)):
                number = key.data
                partial[number] += self._sockets[number].recv(4096)
                now = perf_counter()
                while (stop := 2 + int.from_bytes(partial[number][:2], "big")) <= len(partial[number]) > 2:
                    answer, partial[number] = partial[number][2:stop], partial[number][stop:]
                    if not waiting[number]:  # of an earlier phase, where it counts as lost
                        continue
                    latencies.append(now - waiting[number].popleft())
                    phase.codes[self._dialect.text(self._dialect.decode(answer), "code")] += 1
        phase.seconds += perf_counter() - begin
        phase.latencies_s += latencies
        phase.lost += count - len(latencies)
        ordered = sorted(latencies)
        return f"sales p50 {percentile(ordered, 0.5) * 1000:7.1f} ms  p99 {percentile(ordered, 0.99) * 1000:7.1f} ms"

    def close(self) -> None:
        """Close all connections."""
        self._selector.close()
        for sock in self._sockets:
            sock.close()


@contextmanager
def flooded(
    directory: Path,
    server: ServerProcess,
    options: FairnessOptions,
    kind: FloodKind | None,
    frames: FloodFrames,
    phase: Phase,
) -> Iterator[None]:
    """Have connections send while the block runs, and add what they counted to `phase`; None: there are none."""
    if kind is None:
        yield
        return
    path = directory / "flood.json"
    sent = [[frame.hex() for frame in kind.frames(frames, number)] for number in range(options.connections)]
    FloodJob(server.address, kind.way, options.connections * kind.times, sent).write(path)
    with subprocess.Popen(  # noqa: S603  our own
        [sys.executable, "-m", "acquirer.load.flood", str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            if process.stdout.readline() != "ready\n":
                raise SystemExit("the connections beside the sellers could not be opened")
            yield
        finally:
            counted, _ = process.communicate()
            phase.flood.update(parse_json(counted) if counted else {})


class _Log:
    """What a host's log says of refusals that were not journalled."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open(encoding="utf-8")
        self._counters: dict[str, Any] = {}

    def shed(self) -> int:
        """Return how many there were since it was asked last."""
        found = 0
        for line in self._stream:
            if '"event":"not-journalled"' in line:
                found += parse_json(line).get("refusals", 0)
            elif '"event":"stopped"' in line:
                self._counters = parse_json(line)
        return found

    def counters(self) -> Counter[str]:
        """Return what the host has counted until its end."""
        self.shed()
        self._stream.close()
        return Counter(
            {name: value for name, value in self._counters.items() if isinstance(value, int) and name != MOST}
        )
