"""How long a sale takes while others send a host as much as it takes: good requests, and rubbish of every kind.

Some terminals sell at a steady pace, each over a connection of its own, in an open loop: latency runs from the moment
for which a sale was intended. Beside them, in phases that alternate within one run, nothing happens, or connections of
another process (`load.flood`) send good echo tests, or one kind of rubbish, from its first frame on. What counts is the
99th percentile of the sales beside rubbish as a multiple of that beside the echoes.
"""

from __future__ import annotations

import selectors
import socket
import subprocess
import sys
import tempfile
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from acquirer.data.json_text import parse_json
from acquirer.dialect.dialect import Dialect
from acquirer.errors import ConfigurationError
from acquirer.load.figures import percentile
from acquirer.load.flood import FloodJob
from acquirer.load.flood_kinds import GOOD, OTHERS, RUBBISH, FloodFrames, FloodKind
from acquirer.load.frames import FIRST_TID, sign_on_templates
from acquirer.load.servers import DIALECT, MASTER_KEY, REGISTERED, ServerProcess, host
from acquirer.load.terminals import REPLY_S, LoadTerminal, Sales, signed_on
from acquirer.settings.specs import load_dialect

MARK: Final = 3.0
"""What the 99th percentile of sales beside rubbish may be of that beside as many good echo tests."""

SELLERS: Final = 16
PER_S: Final = 50
"""Sales a second over all sellers: a shop at its busiest, and little beside what a host can do."""

STANS_OF_A_PHASE: Final = 1_000
ALONE, ECHOES = "alone", "echoes"


class TooManyConnections(ConfigurationError):
    """There are fewer terminals than connections that were asked for."""


@dataclass(frozen=True, slots=True)
class FairnessOptions:
    """What is measured, and for how long."""

    rounds: int = 3
    seconds: float = 5.0  # of each phase
    connections: int = 100  # fewer than `OTHERS`
    beside: tuple[str, ...] = ()  # kinds of rubbish; (): all


@dataclass(slots=True)
class Phase:
    """Sales beside one kind of flood, or none, all rounds taken together."""

    latencies_s: list[float] = field(default_factory=list)
    codes: Counter[str] = field(default_factory=Counter)
    lost: int = 0  # sales without an answer
    seconds: float = 0.0
    flood: Counter[str] = field(default_factory=Counter)  # see `flood.FloodCounts`
    shed: int = 0  # refusals that were not journalled

    def latency_ms(self, share: float) -> float:
        """Return a percentile of the sales' latencies."""
        return percentile(sorted(self.latencies_s), share) * 1000


def measure_fairness(options: FairnessOptions) -> int:
    """Print latencies of sales beside each kind of flood; return 1 when a mark was missed or a sale was lost.

    Raises:
        TooManyConnections: there are not as many terminals.
    """
    if options.connections >= OTHERS:
        raise TooManyConnections(f"{options.connections} connections are too many: {OTHERS - 1} have a terminal each")
    dialect = load_dialect(DIALECT)
    templates, mid = sign_on_templates(dialect, REGISTERED)
    kinds = {ALONE: None, ECHOES: GOOD, **{name: RUBBISH[name] for name in options.beside or RUBBISH}}
    phases = {name: Phase() for name in kinds}
    with tempfile.TemporaryDirectory(prefix="acquirer-bench-") as path:
        directory = Path(path)
        with host(directory, mid) as server:
            frames = FloodFrames(dialect, templates, mid)
            numbers = range(options.connections)
            frames.terminals = signed_on(
                server.address, dialect, [str(FIRST_TID + number) for number in numbers], mid, MASTER_KEY
            )
            tids = [str(FIRST_TID + REGISTERED - 1 - n) for n in range(SELLERS)]
            sellers = Sellers(server.address, dialect, signed_on(server.address, dialect, tids, mid, MASTER_KEY))
            log = _Log(directory / "log")
            for number in range(options.rounds):
                for name, kind in kinds.items():
                    phase, sales = phases[name], sellers.prepare(options.seconds)
                    with flooded(directory, server, options, kind, frames, phase):
                        took = sellers.sell(sales, phase, options.seconds)
                    server.settled_cpu_s()
                    phase.shed += log.shed()
                    print(f"  round {number + 1}  {name:13}  {took}", flush=True)
            sellers.close()
        counted = log.counters()
    return _report(phases, kinds, counted)


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
    FloodJob(server.address, kind.way, options.connections, sent).write(path)
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

    def counters(self) -> dict[str, Any]:
        """Return what the host has counted until its end."""
        self.shed()
        self._stream.close()
        return {name: value for name, value in self._counters.items() if isinstance(value, int)}


def _report(phases: Mapping[str, Phase], kinds: Mapping[str, FloodKind | None], counted: Mapping[str, int]) -> int:
    """Print a table; return 1 when something is out of proportion."""
    missed = False
    echoes_ms = phases[ECHOES].latency_ms(0.99)
    print(f"sales beside …{'':34} p50 ms    p99 ms   ratio   answers/s   shed  lost")
    for name, phase in phases.items():
        kind = kinds[name]
        title = "nothing" if kind is None else kind.title
        ratio = phase.latency_ms(0.99) / echoes_ms if echoes_ms else 0.0
        declined = phase.codes.total() - phase.codes["00"]
        bad = bool(phase.lost or declined) or (name not in (ALONE, ECHOES) and ratio > MARK)
        missed |= bad
        codes = f"  codes {dict(phase.codes)}" if declined else ""
        print(
            f"  {title:45} {phase.latency_ms(0.5):7.1f}  {phase.latency_ms(0.99):8.1f}  {ratio:6.2f}  "
            f"{phase.flood['answers'] / max(phase.seconds, 0.001):10,.0f}  {phase.shed:5}  {phase.lost:4}"
            f"{codes}{'  MISSED' if bad else ''}"
        )
    print("the host counted " + ", ".join(f"{name} {value:,}" for name, value in counted.items()))
    return int(missed)
