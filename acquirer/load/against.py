"""Processor time per exchange of two revisions, alternating in one run, so that both meet the same machine.

The other revision is checked out into a temporary git worktree and served from there with its own code, by the Python
and the libraries that run this. Hosts of both revisions run at once; a round is made of short slices, in which the
generator drives now the one, now the other, with the same number of exchanges: what else the machine does falls on
both. Medians count: a round that was disturbed all the same does not move them.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

from acquirer.dialect.dialect import Dialect
from acquirer.errors import ConfigurationError
from acquirer.load.figures import Figures
from acquirer.load.frames import FIRST_TID, sign_on_templates
from acquirer.load.generator import FrameSource, KeptConnections, run_fresh
from acquirer.load.servers import DIALECT, MASTER_KEY, REGISTERED, ROOT, ServerProcess, approved_answer, host
from acquirer.load.terminals import LoadTerminal, Sales, signed_on
from acquirer.settings.specs import load_dialect

MARK: Final = 1.05
"""What the median of this revision may be of the other's: below that rounds of one revision differ as much."""

SLICES: Final = 10  # of a round, each some tenths of a second
STANS_OF_A_SLICE: Final = 500  # of each terminal that sells
HERE: Final = "here"


@dataclass(frozen=True, slots=True)
class AgainstOptions:
    """What is compared."""

    revision: str
    rounds: int = 9
    connections: int = 200
    count: int = 20_000  # exchanges of each revision in each round, at least ten
    seconds: float = 60.0  # at most, for each round
    kinds: tuple[str, ...] = ("kept", "fresh", "sales")
    rules: int = 0  # in force at the host of this revision, and not at the other


class CheckoutError(ConfigurationError):
    """The other revision cannot be checked out."""


@dataclass(slots=True)
class Contender:
    """The host of one revision, and what its rounds have cost."""

    name: str
    server: ServerProcess
    answer_bytes: int = 0
    sellers: list[LoadTerminal] = field(default_factory=list)
    connections: KeptConnections | None = None
    cpu_us: list[float] = field(default_factory=list)  # of one exchange, round by round
    used_s: float = 0.0  # processor time when it was last driven

    @property
    def spread_us(self) -> float:
        return max(self.cpu_us) - min(self.cpu_us)

    def __str__(self) -> str:
        low, high = min(self.cpu_us), max(self.cpu_us)
        return f"{self.name} {median(self.cpu_us):.1f} µs ({low:.1f} to {high:.1f})"


Drive = Callable[[Contender, int], Figures]
"""Drives a contender for one slice, whose number it is given."""


def compare(options: AgainstOptions, repository: Path = ROOT) -> int:
    """Print medians, spread and ratio for each kind of load; return 1 when this revision costs more than the mark.

    Raises:
        CheckoutError: there is no such revision, or no git.
        NotMeasurable: this system does not say what running processes use.
    """
    dialect = load_dialect(DIALECT)
    templates, mid = sign_on_templates(dialect, REGISTERED)
    missed = False
    with (
        checked_out(options.revision, repository) as tree,
        tempfile.TemporaryDirectory(prefix="acquirer-bench-") as their_directory,
        tempfile.TemporaryDirectory(prefix="acquirer-bench-") as our_directory,
        host(Path(their_directory), mid, code=tree) as theirs,
        host(Path(our_directory), mid, rules=options.rules) as ours,
    ):
        for kind in options.kinds:
            contenders = (Contender(options.revision, theirs), Contender(HERE, ours))
            try:
                drive = _drive(kind, dialect, templates, mid, contenders, options)
                missed |= _compared(kind, contenders, drive, options.rounds)
            finally:
                for one in contenders:
                    if one.connections is not None:
                        one.connections.close()
    return int(missed)


def verdict(kind: str, theirs: Contender, ours: Contender) -> tuple[str, bool]:
    """Return a line that compares two contenders, and whether ours costs more than noise and the mark allow.

    >>> a, b = Contender("v1", None), Contender("here", None)  # type: ignore[arg-type]
    >>> a.cpu_us, b.cpu_us = [100.0, 102.0, 101.0], [104.0, 102.0, 103.0]
    >>> verdict("kept", a, b)
    ('kept: v1 101.0 µs (100.0 to 102.0), here 103.0 µs (102.0 to 104.0), ratio 1.020 (mark 1.05 reached)', False)
    """
    difference_us = median(ours.cpu_us) - median(theirs.cpu_us)
    ratio = median(ours.cpu_us) / median(theirs.cpu_us)
    missed = ratio > MARK and difference_us > max(theirs.spread_us, ours.spread_us)
    outcome = "MISSED" if missed else "reached" if ratio <= MARK else "not reached, but within the spread of the rounds"
    return f"{kind}: {theirs}, {ours}, ratio {ratio:.3f} (mark {MARK:.2f} {outcome})", missed


@contextmanager
def checked_out(revision: str, repository: Path = ROOT) -> Iterator[Path]:
    """Yield a directory with the files of `revision`, gone afterwards.

    Raises:
        CheckoutError: with git's own sentence.
    """
    with tempfile.TemporaryDirectory(prefix="acquirer-bench-") as directory:
        tree = Path(directory) / "tree"
        _git(repository, "worktree", "add", "--detach", "--quiet", str(tree), f"{revision}^{{commit}}")
        try:
            yield tree
        finally:
            _git(repository, "worktree", "remove", "--force", str(tree))


def _git(repository: Path, *arguments: str) -> None:
    try:
        done = subprocess.run(  # noqa: S603  our own
            ["git", "-C", str(repository), *arguments],  # noqa: S607  wherever git is
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as exc:
        raise CheckoutError(f"git cannot be run: {exc.strerror}; install git") from None
    if done.returncode:
        raise CheckoutError(f"git {arguments[0]} {arguments[1]}: {done.stderr.strip()}")


def _compared(kind: str, contenders: tuple[Contender, Contender], drive: Drive, rounds: int) -> bool:
    for one in contenders:
        one.used_s = one.server.settled_cpu_s()
    for number in range(rounds):
        used_s = dict.fromkeys([one.name for one in contenders], 0.0)
        answered = dict(used_s)
        for part in range(number * SLICES, (number + 1) * SLICES):
            for one in contenders if part % 2 else reversed(contenders):
                figures = drive(one, part)
                if lost := figures.failed + figures.unanswered + figures.unexpected:
                    raise SystemExit(f"{one.name}: {lost} of {lost + figures.answered} exchanges failed")
                before_s, one.used_s = one.used_s, one.server.settled_cpu_s()
                used_s[one.name] += one.used_s - before_s
                answered[one.name] += figures.answered
        for one in contenders:
            one.cpu_us.append(used_s[one.name] / answered[one.name] * 1_000_000)
        pair = "  ".join(f"{one.name} {one.cpu_us[-1]:6.1f} µs" for one in contenders)
        print(f"  {kind:5}  round {number + 1}  {pair}", flush=True)
    line, missed = verdict(kind, *contenders)
    print(line, flush=True)
    return missed


def _drive(
    kind: str,
    dialect: Dialect,
    templates: Sequence[FrameSource],
    mid: str,
    contenders: Sequence[Contender],
    options: AgainstOptions,
) -> Drive:
    count = options.count // SLICES
    if kind == "sales":
        tids = [str(FIRST_TID + REGISTERED - 1 - n) for n in range(options.connections)]
        for one in contenders:
            one.sellers = signed_on(one.server.address, dialect, tids, mid, MASTER_KEY)
            first = Sales(one.sellers, STANS_OF_A_SLICE - 1, 1)
            one.answer_bytes = len(approved_answer(one.server.address, dialect, first))
    else:
        for one in contenders:
            one.answer_bytes = len(approved_answer(one.server.address, dialect, templates[-1]))
    if kind != "fresh":
        for one in contenders:
            one.connections = KeptConnections(one.server.address, templates[: options.connections])

    def kept(one: Contender, _number: int) -> Figures:
        assert one.connections is not None
        return one.connections.run(count, options.seconds, one.answer_bytes)

    def fresh(one: Contender, _number: int) -> Figures:
        return run_fresh(
            one.server.address,
            templates,
            at_once=options.connections,
            count=count,
            seconds=options.seconds,
            expect_bytes=one.answer_bytes,
        )

    def sales(one: Contender, number: int) -> Figures:
        assert one.connections is not None
        source = Sales(one.sellers, (number + 1) * STANS_OF_A_SLICE, count)
        one.connections.use([source] * options.connections)
        return one.connections.run(count, options.seconds, one.answer_bytes)

    return {"kept": kept, "fresh": fresh, "sales": sales}[kind]
