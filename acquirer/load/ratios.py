"""Sign-ons and sales a second, as a share of a bare Twisted echo's and of each other's; also of any other host's.

Hosts, peer and echo get the same frames, driven by the same generator in this process, in alternating rounds; what
counts is the median of the ratios of neighbouring rounds (`load.pairs`). Then many terminals upload a signature at once
while others sign on.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep
from typing import Final

from acquirer.dialect.dialect import Dialect
from acquirer.load import pairs
from acquirer.load.figures import Figures
from acquirer.load.frames import FIRST_TID, sign_on_templates
from acquirer.load.generator import STANS, FrameTemplate, run_fresh, run_kept
from acquirer.load.pairs import Mark, Spread
from acquirer.load.rounds import MeasuredServer
from acquirer.load.servers import (
    DIALECT,
    MASTER_KEY,
    REGISTERED,
    approved_answer,
    echo_server,
    host,
    how_built,
)
from acquirer.load.terminals import LoadTerminal, Sales, signed_on
from acquirer.load.uploads import UploadingTerminals, UploadRound, summed_rounds
from acquirer.settings.specs import load_dialect

KINDS: Final = ("kept", "fresh", "sales", "uploads")

MARKS: Final = {"kept": Mark(0.60), "fresh": Mark(0.85)}
"""The share of the echo's rate that a host must reach."""

CPU_MARK: Final = Mark(2.5, at_most=True)
"""Processor time of a sign-on over a kept connection, in all processes, of the echo's."""

MEMORY_MARK: Final = Mark(0.97)
"""Rate with a store in memory, of that with one on disk: not slower. Rounds of one host differ by three hundredths."""

SALES_MARK: Final = Mark(0.80)
"""Rate of sales with MACs, of that of sign-ons."""

UPLOADS_MARK: Final = Mark(0.85)
"""And the share of its own rate that it must keep while signatures are uploaded: decoding them takes a core of the two
for a second or two, at a low priority."""

PICTURES_S: Final = 60.0  # for the pictures of all rounds: some ten milliseconds each
MOST_UPLOAD_ROUNDS: Final = 3  # each has hundreds of uploads
MOST_SALES: Final = 30_000  # in a round: they are made ahead, at some 40 µs each

ECHO, HOST, MEMORY, PEER = "echo", "acquirer", "in memory", "peer"


@dataclass(frozen=True, slots=True)
class RatioOptions:
    """What is measured, and for how long."""

    seconds: float = 3.0  # at most, for each round
    rounds: int = 9
    connections: int = 200
    count: int = 150_000  # exchanges at most, for each round
    uploads: int = 200  # signatures uploaded at once; 0 leaves that out
    log: str = "json"  # the host's --log
    store: str = "both"  # "sqlite", "memory"; or on disk, and a second host with a store in memory beside it
    kinds: tuple[str, ...] = KINDS
    peer: tuple[str, int] | None = None  # another host to measure in the same rounds
    peer_pid: int = 0  # its process, if it runs on this machine


@dataclass(slots=True)
class Bench:
    """What all kinds of load share."""

    options: RatioOptions
    dialect: Dialect
    templates: Sequence[FrameTemplate]
    mid: str
    load: float  # load average of the minute before
    contenders: dict[str, MeasuredServer]
    noisy: str = ""

    def kept(self, one: MeasuredServer) -> Callable[[], Figures]:
        """Return what drives sign-ons over kept connections."""
        sources, options = self.templates[: self.options.connections], self.options
        return lambda: run_kept(one.address, sources, options.count, options.seconds, one.answer_bytes)

    def fresh(self, one: MeasuredServer) -> Callable[[], Figures]:
        """Return what drives sign-ons, each over a connection of its own."""
        options = self.options
        return lambda: run_fresh(
            one.address,
            self.templates,
            at_once=options.connections,
            count=options.count,
            seconds=options.seconds,
            expect_bytes=one.answer_bytes,
        )

    def compare(self, kind: str, drive: Callable[[MeasuredServer], Callable[[], Figures]]) -> bool:
        """Drive all contenders in alternating rounds and report; return whether a mark was missed."""
        chosen = [one for one in self.contenders.values() if one.name != MEMORY or kind == "kept"]
        for number in range(self.options.rounds):
            for one in chosen if number % 2 == 0 else reversed(chosen):
                one.measure(kind, drive(one))
        echo = self.contenders[ECHO]
        self.noisy = pairs.noise(self.load, os.cpu_count() or 1, echo.rates(kind))
        ours = self.contenders[HOST]
        missed = any(round_.lost for one in chosen for round_ in one.rounds[kind])
        if missed:
            print(f"{kind}: exchanges were LOST")
        ratio = pairs.paired(ours.rates(kind), echo.rates(kind))
        missed |= self._report(
            kind,
            f"{pairs.middle(ours.rates(kind)):,.0f} sign-ons/s, echo {pairs.middle(echo.rates(kind)):,.0f}/s, "
            f"p99 {ours.latency_ms(kind, 0.99):.1f} ms, ratio",
            ratio,
            MARKS[kind],
        )
        missed |= self._report_cpu(kind, ours, echo)
        if PEER in self.contenders:
            self._report_peer(kind, ours, self.contenders[PEER])
        if kind == "kept" and MEMORY in self.contenders:
            memory = self.contenders[MEMORY]
            found = pairs.paired(memory.rates(kind), ours.rates(kind))
            text = f"{pairs.middle(memory.rates(kind)):,.0f} sign-ons/s with a store in memory, of those on disk"
            missed |= self._report(kind, text, found, MEMORY_MARK)
        return missed

    def sales(self) -> bool:
        """Drive sign-ons and sales with MACs in alternating rounds and report; return whether the mark was missed."""
        options, ours = self.options, self.contenders[HOST]
        count = min(options.count, MOST_SALES)
        tids = [str(FIRST_TID + REGISTERED - 1 - number) for number in range(options.connections)]
        sellers = signed_on(ours.address, self.dialect, tids, self.mid, MASTER_KEY)
        answer_bytes = len(approved_answer(ours.address, self.dialect, Sales(sellers, 1, 1)))
        for number in range(options.rounds):
            drives = [
                ("sign-ons", self._sign_ons(ours, count)),
                ("sales", self._sold(sellers, number, count, answer_bytes)),
            ]
            for kind, drive in drives if number % 2 == 0 else reversed(drives):
                ours.measure(kind, drive)
        ratio = pairs.paired(ours.rates("sales"), ours.rates("sign-ons"))
        self.noisy = pairs.noise(self.load, os.cpu_count() or 1, ours.rates("sign-ons"))
        text = (
            f"{pairs.middle(ours.rates('sales')):,.0f} sales/s with MACs, sign-ons "
            f"{pairs.middle(ours.rates('sign-ons')):,.0f}/s, ratio"
        )
        missed = self._report("sales", text, ratio, SALES_MARK)
        print(f"sales: processor time {ours.cost('sales')}; of a sign-on {ours.cost('sign-ons')}")
        return missed or any(one.lost for kind in ("sales", "sign-ons") for one in ours.rounds[kind])

    def _sign_ons(self, one: MeasuredServer, count: int) -> Callable[[], Figures]:
        sources, seconds = self.templates[: self.options.connections], self.options.seconds
        return lambda: run_kept(one.address, sources, count, seconds, one.answer_bytes)

    def _sold(
        self, sellers: Sequence[LoadTerminal], number: int, count: int, answer_bytes: int
    ) -> Callable[[], Figures]:
        options, ours = self.options, self.contenders[HOST]
        source = Sales(sellers, 2 + number * (count // len(sellers) + 1), count)
        return lambda: run_kept(ours.address, [source] * options.connections, count, options.seconds, answer_bytes)

    def _report(self, kind: str, text: str, found: Spread, mark: Mark) -> bool:
        verdict, missed = mark.verdict(found.median, self.noisy)
        print(f"{kind}: {text} {found} in {self.options.rounds} pairs ({verdict})", flush=True)
        return missed

    def _report_cpu(self, kind: str, ours: MeasuredServer, echo: MeasuredServer) -> bool:
        if not any(ours.cpu_us(kind)):
            return False
        ratio = pairs.paired(ours.cpu_us(kind), echo.cpu_us(kind))
        text = f"processor time {ours.cost(kind)}; echo {pairs.middle(echo.cpu_us(kind)):.1f} µs, ratio"
        if kind == "kept":
            return self._report(kind, text, ratio, CPU_MARK)
        print(f"{kind}: {text} {ratio}")
        return False

    def _report_peer(self, kind: str, ours: MeasuredServer, peer: MeasuredServer) -> None:
        ratio = pairs.paired(ours.rates(kind), peer.rates(kind))
        rate = f"{pairs.middle(peer.rates(kind)):,.0f} sign-ons/s, p99 {peer.latency_ms(kind, 0.99):.1f} ms"
        cost = f", processor time {peer.cost(kind)}" if peer.pid else ""
        print(f"{kind}: peer {rate}{cost}; ours of it {ratio}")


def run(options: RatioOptions) -> int:
    """Run everything, print what it came to; return 1 when a mark was missed or an exchange lost, and 0 otherwise."""
    dialect = load_dialect(DIALECT)
    templates, mid = sign_on_templates(dialect, REGISTERED)
    load = os.getloadavg()[0]
    print(f"{how_built()}; load average before {load:.2f}, {os.cpu_count()} processors")
    missed, pictures_s = False, None
    with tempfile.TemporaryDirectory(prefix="acquirer-bench-") as name:
        directory = Path(name)
        with _contenders(directory, dialect, templates, mid, options) as contenders:
            bench = Bench(options, dialect, templates, mid, load, contenders)
            ours = contenders[HOST]
            request_bytes = contenders[ECHO].answer_bytes
            print(
                f"{options.connections} connections; sign-ons of {request_bytes} bytes, "
                f"answered with {ours.answer_bytes}"
            )
            if "kept" in options.kinds:
                missed |= bench.compare("kept", bench.kept)
            if "fresh" in options.kinds:
                missed |= bench.compare("fresh", bench.fresh)
            if "sales" in options.kinds:
                missed |= bench.sales()
            if "uploads" in options.kinds and options.uploads:
                whole = _uploads(ours, templates, mid, options)
                missed |= _report_uploads(whole, options, bench.noisy)
                pictures_s = _pictures_s(directory) if options.store != "memory" else None
        journalled = _journalled(directory) if options.store != "memory" else None
    if pictures_s is not None:
        print(f"pictures of all signatures were made {pictures_s:.1f} s after the last round")
    if journalled is not None:
        print(f"{journalled:,} exchanges are in the journal")
    print(f"load average before {load:.2f}, after {os.getloadavg()[0]:.2f}")
    return int(missed)


@contextmanager
def _contenders(
    directory: Path, dialect: Dialect, templates: Sequence[FrameTemplate], mid: str, options: RatioOptions
) -> Iterator[dict[str, MeasuredServer]]:
    """Start what is measured; yield it by name."""
    beside = directory / "beside"
    beside.mkdir()
    store = "memory" if options.store == "memory" else "sqlite"
    with (
        host(directory, mid, store=store, log=options.log) as ours,
        echo_server(directory) as echo,
        host(beside, mid, store="memory", log=options.log) if options.store == "both" else nullcontext() as memory,
    ):
        found = {ECHO: MeasuredServer(ECHO, echo.address, echo.process.pid, len(templates[0].frame(STANS[0])))}
        hosts = [(HOST, ours.address, ours.process.pid)]
        if memory is not None:
            hosts.append((MEMORY, memory.address, memory.process.pid))
        if options.peer is not None:
            hosts.append((PEER, options.peer, options.peer_pid))
        for name, address, pid in hosts:
            found[name] = MeasuredServer(name, address, pid, len(approved_answer(address, dialect, templates[-1])))
        yield found


def _uploads(ours: MeasuredServer, templates: Sequence[FrameTemplate], mid: str, options: RatioOptions) -> UploadRound:
    """Rounds of sign-ons alone and beside the burst, taken together."""
    tids = [str(FIRST_TID + REGISTERED - 1 - n) for n in range(options.uploads)]
    terminals = UploadingTerminals(ours.address, load_dialect(DIALECT), tids, mid, MASTER_KEY)
    rounds = []
    for number in range(min(options.rounds, MOST_UPLOAD_ROUNDS)):
        sources = templates[: options.connections]
        one = terminals.round(number, sources, options.count, options.seconds, ours.answer_bytes)
        text = f"{one.alone.rate:9,.0f}/s alone  {one.beside.rate:9,.0f}/s beside {one.burst.answered} uploads"
        print(f"  uploads  {text}, answered within {one.burst.latency_ms(1.0):.0f} ms", flush=True)
        rounds.append(one)
    return summed_rounds(rounds)


def _report_uploads(whole: UploadRound, options: RatioOptions, noisy: str) -> bool:
    """Print what a burst of uploads cost; True when that was too much, or an upload was lost."""
    burst, beside = whole.burst, whole.beside
    lost = burst.failed + burst.unanswered + beside.unexpected + beside.failed
    verdict, missed = UPLOADS_MARK.verdict(whole.share, noisy)
    print(
        f"uploads: {options.uploads} at once, p50 {burst.latency_ms(0.5):.1f} ms, p99 {burst.latency_ms(0.99):.1f} ms; "
        f"sign-ons beside them {beside.rate:,.0f}/s, alone {whole.alone.rate:,.0f}/s, "
        f"ratio {whole.share:.2f} ({verdict}), p99 {beside.latency_ms(0.99):.1f} ms"
        + (f", LOST {lost}" if lost else "")
    )
    return missed or bool(lost)


def _pictures_s(directory: Path) -> float | None:
    """Return how long it takes until every signature has its picture; None when that takes too long."""
    begin = perf_counter()
    with closing(sqlite3.connect(directory / "bench.db")) as connection:
        while connection.execute("SELECT count(*) FROM signature WHERE picture = 'waiting'").fetchone()[0]:
            if perf_counter() > begin + PICTURES_S:
                return None
            sleep(0.05)
    return perf_counter() - begin


def _journalled(directory: Path) -> int:
    with closing(sqlite3.connect(directory / "bench.db")) as connection:
        return int(connection.execute("SELECT count(*) FROM exchange").fetchone()[0])
