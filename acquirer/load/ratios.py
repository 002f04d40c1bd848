"""Sign-ons a second, durable on SQLite, as a share of a bare Twisted echo's, alone and beside a burst of signatures.

Host and echo get the same frames, driven by the same generator in this process; the rounds of both alternate, and the
best round of each counts, because noise only ever slows. Then many terminals upload a signature at once while others
sign on.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep
from typing import Final

from acquirer.load.cpu import NotMeasurable
from acquirer.load.figures import Figures
from acquirer.load.frames import FIRST_TID, sign_on_templates
from acquirer.load.generator import STANS, FrameTemplate, run_fresh, run_kept
from acquirer.load.servers import DIALECT, MASTER_KEY, REGISTERED, ServerProcess, approved_answer, echo_server, host
from acquirer.load.uploads import UploadingTerminals, UploadRound, summed_rounds
from acquirer.settings.specs import load_dialect

MARKS: Final = {"kept": 0.35, "fresh": 0.50}
"""The share of the echo's rate that a host must reach."""

UPLOADS_MARK: Final = 0.85
"""And the share of its own rate that it must keep while signatures are uploaded: decoding them takes a core of the two
for a second or two, at a low priority."""

PICTURES_S: Final = 60.0  # for the pictures of all rounds: some ten milliseconds each


@dataclass(frozen=True, slots=True)
class RatioOptions:
    """What is measured, and for how long."""

    seconds: float = 3.0  # at most, for each round
    rounds: int = 3
    connections: int = 200
    count: int = 150_000  # exchanges at most, for each round
    uploads: int = 200  # signatures uploaded at once; 0 leaves that out
    log: str = "json"  # the host's --log
    store: str = "sqlite"  # or "memory"


@dataclass(slots=True)
class Round:
    """One run against one server."""

    figures: Figures
    cpu_s: float  # processor time the server used; 0.0 where that cannot be measured

    @property
    def cpu_us(self) -> float:
        """Processor time of one exchange: what can be compared when others use the machine too."""
        return self.cpu_s / max(self.figures.answered, 1) * 1_000_000

    def __str__(self) -> str:
        f = self.figures
        lost = f.failed + f.unanswered + f.unexpected
        return (
            f"{f.rate:9,.0f}/s  p50 {f.latency_ms(0.5):6.1f} ms  p99 {f.latency_ms(0.99):6.1f} ms  "
            f"max {f.latency_ms(1.0):6.1f} ms  server {self.cpu_s / f.elapsed_s:4.0%} of a core, "
            f"{self.cpu_us:4.0f} µs each" + (f"  LOST {lost}" if lost else "")
        )


def run(options: RatioOptions) -> int:
    """Run everything, print a table; return 1 when a mark was missed and 0 otherwise."""
    dialect = load_dialect(DIALECT)
    templates, mid = sign_on_templates(dialect, REGISTERED)
    request_bytes = len(templates[0].frame(STANS[0]))
    with tempfile.TemporaryDirectory(prefix="acquirer-bench-") as name:
        directory = Path(name)
        with (
            host(directory, mid, store=options.store, log=options.log) as acquirer,
            echo_server(directory) as yardstick,
        ):
            answer = approved_answer(acquirer, dialect, templates[-1])
            print(f"{options.connections} connections; sign-ons of {request_bytes} bytes, answered with {len(answer)}")
            servers = {"echo": (yardstick, request_bytes), "acquirer": (acquirer, len(answer))}
            best = {kind: _best(kind, servers, templates, options) for kind in MARKS}
            uploads = _uploads(acquirer, templates, mid, len(answer), options) if options.uploads else None
            on_disk = options.store == "sqlite"
            pictures_s = _pictures_s(directory) if uploads and on_disk else None
        journalled = _journalled(directory) if on_disk else None
    missed = [_report(kind, best[kind]) for kind in best]
    if uploads is not None:
        missed.append(_report_uploads(uploads, options))
    if pictures_s is not None:
        print(f"pictures of all signatures were made {pictures_s:.1f} s after the last round")
    if journalled is not None:
        print(f"{journalled:,} exchanges are in the journal")
    return int(any(missed))


def measured_cpu_s(server: ServerProcess) -> float:
    """Return the processor time a server has used so far; 0.0 where that cannot be measured."""
    try:
        return server.cpu_s()
    except NotMeasurable:
        return 0.0


def _best(
    kind: str,
    servers: Mapping[str, tuple[ServerProcess, int]],
    templates: Sequence[FrameTemplate],
    options: RatioOptions,
) -> dict[str, Round]:
    best: dict[str, Round] = {}
    for _ in range(options.rounds):
        for name, (server, answer_bytes) in servers.items():
            one = _round(kind, server, templates, answer_bytes, options)
            print(f"  {kind:5}  {name:8}  {one}", flush=True)
            if name not in best or one.figures.rate > best[name].figures.rate:
                best[name] = one
    return best


def _round(
    kind: str, server: ServerProcess, templates: Sequence[FrameTemplate], answer_bytes: int, options: RatioOptions
) -> Round:
    before_s = measured_cpu_s(server)
    if kind == "kept":
        sources = templates[: options.connections]
        figures = run_kept(server.address, sources, options.count, options.seconds, answer_bytes)
    else:
        figures = run_fresh(
            server.address,
            templates,
            at_once=options.connections,
            count=options.count,
            seconds=options.seconds,
            expect_bytes=answer_bytes,
        )
    return Round(figures, measured_cpu_s(server) - before_s)


def _report(kind: str, best: dict[str, Round]) -> bool:
    """Print the ratio of a kind; True when it is below its mark, or anything was lost."""
    acquirer, yardstick = best["acquirer"].figures, best["echo"].figures
    ratio = acquirer.rate / yardstick.rate
    lost = acquirer.failed + acquirer.unanswered + acquirer.unexpected
    verdict = "reached" if ratio >= MARKS[kind] else "MISSED"
    cpu_us = best["acquirer"].cpu_us
    by_cpu = f"by processor time {best['echo'].cpu_us / cpu_us:.2f}, " if cpu_us else ""
    print(
        f"{kind}: {acquirer.rate:,.0f} sign-ons/s, echo {yardstick.rate:,.0f}/s, "
        f"ratio {ratio:.2f} (mark {MARKS[kind]:.2f} {verdict}), {by_cpu}p99 {acquirer.latency_ms(0.99):.1f} ms"
    )
    return ratio < MARKS[kind] or bool(lost)


def _uploads(
    server: ServerProcess, templates: Sequence[FrameTemplate], mid: str, answer_bytes: int, options: RatioOptions
) -> UploadRound:
    """Rounds of sign-ons alone and beside the burst, taken together."""
    tids = [str(FIRST_TID + REGISTERED - 1 - n) for n in range(options.uploads)]
    terminals = UploadingTerminals(server.address, load_dialect(DIALECT), tids, mid, MASTER_KEY)
    rounds = []
    for number in range(options.rounds):
        sources = templates[: options.connections]
        one = terminals.round(number, sources, options.count, options.seconds, answer_bytes)
        text = f"{one.alone.rate:9,.0f}/s alone  {one.beside.rate:9,.0f}/s beside {one.burst.answered} uploads"
        print(f"  uploads  {text}, answered within {one.burst.latency_ms(1.0):.0f} ms", flush=True)
        rounds.append(one)
    return summed_rounds(rounds)


def _report_uploads(whole: UploadRound, options: RatioOptions) -> bool:
    """Print what a burst of uploads cost; True when that was too much, or an upload was lost."""
    burst, beside = whole.burst, whole.beside
    lost = burst.failed + burst.unanswered + beside.unexpected + beside.failed
    verdict = "reached" if whole.share >= UPLOADS_MARK else "MISSED"
    print(
        f"uploads: {options.uploads} at once, p50 {burst.latency_ms(0.5):.1f} ms, p99 {burst.latency_ms(0.99):.1f} ms; "
        f"sign-ons beside them {beside.rate:,.0f}/s, alone {whole.alone.rate:,.0f}/s, "
        f"ratio {whole.share:.2f} (mark {UPLOADS_MARK:.2f} {verdict}), p99 {beside.latency_ms(0.99):.1f} ms"
        + (f", LOST {lost}" if lost else "")
    )
    return whole.share < UPLOADS_MARK or bool(lost)


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
