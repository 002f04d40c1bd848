"""The bench: sign-ons a second, durable on SQLite, beside a bare Twisted echo and beside a burst of signatures.

Host and echo get the same frames, each in a process of its own, one after the other, driven by the same generator in
this process; the rounds of both alternate, and the best round of each counts, because noise only ever slows. Then many
terminals upload a signature at once while others sign on. Run by ``scripts/bench``.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep
from typing import TextIO

from acquirer.load.figures import Figures
from acquirer.load.frames import FIRST_TID, sign_on_templates
from acquirer.load.generator import STANS, Kept, Template, fresh
from acquirer.load.uploads import Beside, Signers, together
from acquirer.settings.specs import load_dialect

TERMINALS = 1_000
"""More than are ever in flight: fresh connections must not queue behind one another's terminal."""

TMK = "258FB0AB70D025CDB99DF2C4D302D646"  # published
MARKS = {"kept": 0.35, "fresh": 0.50}
"""The share of the echo's rate that a host must reach."""
UPLOADS_MARK = 0.85
"""And the share of its own rate that it must keep while signatures are uploaded: decoding them takes a core of the two
for a second or two, at a low priority."""
PICTURES_S = 60.0  # for the pictures of all rounds: some ten milliseconds each


@dataclass(frozen=True, slots=True)
class Server:
    """A server under test, in a process of its own."""

    process: subprocess.Popen[str]
    address: tuple[str, int]

    def cpu_s(self) -> float:
        """Processor time it has used, and the processes it has started."""
        pid = str(self.process.pid)
        started = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return sum(map(_cpu_s, [pid, *started]))


def _cpu_s(pid: str) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Round:
    """One run against one server."""

    figures: Figures
    cpu_s: float  # processor time the server used

    @property
    def cpu_us(self) -> float:
        """Processor time of one exchange: what can be compared when others use the machine too."""
        return self.cpu_s / max(self.figures.answered, 1) * 1_000_000

    def __str__(self) -> str:
        f = self.figures
        lost = f.failed + f.unanswered + f.wrong
        return (
            f"{f.rate:9,.0f}/s  p50 {f.latency_ms(0.5):6.1f} ms  p99 {f.latency_ms(0.99):6.1f} ms  "
            f"max {f.latency_ms(1.0):6.1f} ms  server {self.cpu_s / f.elapsed_s:4.0%} of a core, "
            f"{self.cpu_us:4.0f} µs each" + (f"  LOST {lost}" if lost else "")
        )


def main() -> int:
    """Run everything, print a table, return 1 when a mark was missed and 0 otherwise."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=3.0, help="at most, for each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--count", type=int, default=150_000, help="exchanges at most, for each round")
    parser.add_argument("--uploads", type=int, default=200, help="signatures uploaded at once; 0 leaves that out")
    parser.add_argument("--log", default="json", help="the host's --log; its lines go to a file")
    parser.add_argument("--store", choices=("sqlite", "memory"), default="sqlite")
    return run(parser.parse_args())


def run(options: argparse.Namespace) -> int:
    """See `main`."""
    dialect = load_dialect("unionpay-pos")
    templates, mid = sign_on_templates(dialect, TERMINALS)
    request_bytes = len(templates[0].frame(STANS[0]))
    with tempfile.TemporaryDirectory(prefix="acquirer-bench-") as directory:
        with host(Path(directory), mid, options) as acquirer, echo() as yardstick:
            answer = _approved(acquirer, templates[-1])
            print(f"{options.connections} connections; sign-ons of {request_bytes} bytes, answered with {len(answer)}")
            sizes = {"echo": request_bytes, "acquirer": len(answer)}
            best: dict[str, dict[str, Round]] = {}
            for kind in ("kept", "fresh"):
                best[kind] = _best(kind, {"echo": yardstick, "acquirer": acquirer}, templates, sizes, options)
            uploads = _uploads(acquirer, templates, mid, len(answer), options) if options.uploads else None
            pictures_s = _pictured(Path(directory)) if uploads and options.store == "sqlite" else None
        booked = _booked(Path(directory)) if options.store == "sqlite" else None
    missed = [_tell(kind, best[kind]) for kind in best]
    if uploads is not None:
        missed.append(_tell_uploads(uploads, options))
    if pictures_s is not None:
        print(f"pictures of all signatures were made {pictures_s:.1f} s after the last round")
    if booked is not None:
        print(f"{booked:,} exchanges are in the journal")
    return int(any(missed))


def _best(
    kind: str,
    servers: dict[str, Server],
    templates: Sequence[Template],
    sizes: dict[str, int],
    options: argparse.Namespace,
) -> dict[str, Round]:
    best: dict[str, Round] = {}
    for _ in range(options.rounds):
        for name, server in servers.items():
            run = _round(kind, server, templates, sizes[name], options)
            print(f"  {kind:5}  {name:8}  {run}", flush=True)
            if name not in best or run.figures.rate > best[name].figures.rate:
                best[name] = run
    return best


def _round(kind: str, server: Server, templates: Sequence[Template], size: int, options: argparse.Namespace) -> Round:
    before_s = server.cpu_s()
    if kind == "kept":
        kept = Kept(server.address, templates[: options.connections])
        try:
            figures = kept.run(options.count, options.seconds, size)
        finally:
            kept.close()
    else:
        figures = fresh(
            server.address,
            templates,
            at_once=options.connections,
            count=options.count,
            seconds=options.seconds,
            expect_bytes=size,
        )
    return Round(figures, server.cpu_s() - before_s)


def _uploads(server: Server, templates: Sequence[Template], mid: str, size: int, options: argparse.Namespace) -> Beside:
    """Rounds of sign-ons alone and beside the burst, taken together."""
    tids = [str(FIRST_TID + TERMINALS - 1 - n) for n in range(options.uploads)]
    signers = Signers(server.address, load_dialect("unionpay-pos"), tids, mid, TMK)
    rounds = []
    for number in range(options.rounds):
        run = signers.round(number, templates[: options.connections], options.count, options.seconds, size)
        told = f"{run.alone.rate:9,.0f}/s alone  {run.beside.rate:9,.0f}/s beside {run.burst.answered} uploads"
        print(f"  uploads  {told}, answered within {run.burst.latency_ms(1.0):.0f} ms", flush=True)
        rounds.append(run)
    return together(rounds)


def _tell_uploads(run: Beside, options: argparse.Namespace) -> bool:
    """Print what a burst of uploads cost; True when that was too much, or an upload was lost."""
    burst = run.burst
    lost = burst.failed + burst.unanswered + run.beside.wrong + run.beside.failed
    verdict = "reached" if run.share >= UPLOADS_MARK else "MISSED"
    print(
        f"uploads: {options.uploads} at once, p50 {burst.latency_ms(0.5):.1f} ms, p99 {burst.latency_ms(0.99):.1f} ms; "
        f"sign-ons beside them {run.beside.rate:,.0f}/s, alone {run.alone.rate:,.0f}/s, "
        f"ratio {run.share:.2f} (mark {UPLOADS_MARK:.2f} {verdict}), p99 {run.beside.latency_ms(0.99):.1f} ms"
        + (f", LOST {lost}" if lost else "")
    )
    return run.share < UPLOADS_MARK or bool(lost)


def _pictured(directory: Path) -> float | None:
    """How long it takes until every signature has its picture; None when that takes too long."""
    connection = sqlite3.connect(directory / "bench.db")
    begin = perf_counter()
    try:
        while connection.execute("SELECT count(*) FROM signature WHERE picture = 'waiting'").fetchone()[0]:
            if perf_counter() > begin + PICTURES_S:
                return None
            sleep(0.05)
    finally:
        connection.close()
    return perf_counter() - begin


def _tell(kind: str, best: dict[str, Round]) -> bool:
    """Print the ratio of a kind; True when it is below its mark, or anything was lost."""
    acquirer, yardstick = best["acquirer"].figures, best["echo"].figures
    ratio = acquirer.rate / yardstick.rate
    lost = acquirer.failed + acquirer.unanswered + acquirer.wrong
    verdict = "reached" if ratio >= MARKS[kind] else "MISSED"
    print(
        f"{kind}: {acquirer.rate:,.0f} sign-ons/s, echo {yardstick.rate:,.0f}/s, "
        f"ratio {ratio:.2f} (mark {MARKS[kind]:.2f} {verdict}), "
        f"by processor time {best['echo'].cpu_us / best['acquirer'].cpu_us:.2f}, p99 {acquirer.latency_ms(0.99):.1f} ms"
    )
    return ratio < MARKS[kind] or bool(lost)


@contextmanager
def host(directory: Path, mid: str, options: argparse.Namespace) -> Iterator[Server]:
    """An ``acquirer serve`` with enough terminals, its store and its log in `directory`."""
    terminals = directory / "terminals.toml"
    last = FIRST_TID + TERMINALS - 1
    terminals.write_text(f'[[terminal]]\ntid = "{FIRST_TID}..{last}"\nmid = "{mid}"\ntmk = "{TMK}"\n')
    store = "memory:" if options.store == "memory" else f"sqlite:///{directory / 'bench.db'}"
    command = ["-m", "acquirer", "serve", "--listen", "127.0.0.1:0", "--store", store, "--json"]
    with (directory / "log").open("w") as log:
        yield from _started([*command, "--terminals", str(terminals), "--log", options.log], log)


@contextmanager
def echo() -> Iterator[Server]:
    """The yardstick."""
    yield from _started(["-m", "acquirer.load.echo"], None)


def _started(arguments: list[str], stderr: TextIO | None) -> Iterator[Server]:
    command = [sys.executable, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True)  # noqa: S603  our own
    assert process.stdout is not None
    try:
        ready = process.stdout.readline()
        if not ready:
            raise SystemExit(f"{' '.join(arguments[:3])} did not start: it ended with {process.wait()}")
        name, _, port = json.loads(ready)["listen"].rpartition(":")
        yield Server(process, (name, int(port)))
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()


def _approved(server: Server, template: Template) -> bytes:
    """The host's answer to one sign-on; it must be an approval, or there is nothing to measure."""
    dialect = load_dialect("unionpay-pos")
    kept = Kept(server.address, [template])
    try:
        kept.run(1, 5, 0)
        answer = kept.replies[0]
    finally:
        kept.close()
    code = dialect.text(dialect.decode(answer[dialect.framing.length_bytes :]), "code")
    if code != "00":
        raise SystemExit(f"the host answers a sign-on with {code}: there is nothing to measure")
    return answer


def _booked(directory: Path) -> int:
    connection = sqlite3.connect(directory / "bench.db")
    try:
        return int(connection.execute("SELECT count(*) FROM journal").fetchone()[0])
    finally:
        connection.close()


if __name__ == "__main__":
    raise SystemExit(main())
