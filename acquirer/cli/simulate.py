"""``acquirer simulate``: days of host and terminals in virtual time, with everything that goes wrong, judged."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from acquirer.cli.errors import Code
from acquirer.cli.streams import say
from acquirer.data.text import plural

if TYPE_CHECKING:
    from acquirer.simulation.campaign import SimulationTotals
    from acquirer.simulation.simulation import PlanName, SimulationResult

PROGRESS_S: Final = 5.0
"""Between two lines that say how far it is: often enough to see that it goes on."""


def command(
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="What everything is drawn from.")] = 1,
    seeds: Annotated[int, typer.Option(metavar="N", min=1, help="Run so many, from --seed on.")] = 1,
    terminals: Annotated[str, typer.Option(metavar="N", help="Terminals of the merchant.")] = "3",
    hours: Annotated[str, typer.Option(metavar="HOURS", help="How long the day is, in virtual time.")] = "4",
    dialect: Annotated[
        str, typer.Option(metavar="NAME|FILE", help="What is spoken: a dialect that ships, or a TOML file of your own.")
    ] = "unionpay-pos",
    without: Annotated[
        str, typer.Option(metavar="KINDS", help="Kinds of trouble to leave out, by commas; --list names them.")
    ] = "",
    only: Annotated[
        str, typer.Option(metavar="NUMBERS", help="Only these parts of the plan: 3,7-9, as a failure prints them.")
    ] = "",
    remembered: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Run the plans of this file before: lines as a failure prints.")
    ] = None,
    within: Annotated[
        str, typer.Option("--for", metavar="DURATION", help="Go on with further seeds for so long: 90s, 8h. Real time.")
    ] = "",
    keep_going: Annotated[bool, typer.Option("--keep-going", help="Go on with the next plan after a failure.")] = False,
    show_kinds: Annotated[bool, typer.Option("--list", help="Name the kinds of trouble and the checkers.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object with figures and failures.")] = False,
) -> int:
    """Simulate days of terminals and their host, with loss, crashes, power cuts and full disks, and judge them.

    Host, terminals and store are those of the program; network, time and disasters are drawn from the seed, and nothing
    waits. Ends with 1 when something does not hold, with the one line that reproduces it.
    """
    from acquirer.simulation.campaign import checked_name, following_seeds, read_remembered, run_all
    from acquirer.simulation.simulation import simulate

    if show_kinds:
        return _list_kinds(as_json=as_json)
    written = {"seed": str(seed), "terminals": terminals, "hours": hours, "dialect": dialect}
    written |= {"without": without, "only": only}
    name = checked_name(written)
    end_s = monotonic() + _seconds(within) if within else None
    names: list[Iterable[PlanName]] = [read_remembered(remembered)] if remembered else []
    names.append(following_seeds(name, None if end_s is not None else seeds))
    first = True

    def run(one: PlanName) -> SimulationResult:
        nonlocal first
        twice, first = first, False  # the same bytes: what one seed shows is shown for all
        return simulate(one, twice=twice)

    go_on = _Course(end_s, keep_going=keep_going)
    totals = run_all((one for some in names for one in some), run, go_on.after)
    lines = [(result, _shrunk(result)) for result in totals.failures]
    if as_json:
        _print_json(totals, lines)
    else:
        _print(totals, lines)
    return Code.EXPECTATION_FAILED if totals.failures else Code.OK


def _seconds(text: str) -> float:
    from acquirer.testing.durations import seconds_of

    try:
        return seconds_of(text)
    except ValueError as exc:
        raise typer.BadParameter(str(exc), param_hint="--for") from None


class _Course:
    """Says how far it is, and when it is over.

    Args:
        end_s: of the monotonic clock; None: when there are no more plans.
    """

    def __init__(self, end_s: float | None, *, keep_going: bool) -> None:
        self._end_s = end_s
        self._keep_going = keep_going
        self._shown_s = monotonic()

    def after(self, totals: SimulationTotals) -> bool:
        """Take what there is until now; return whether it goes on."""
        now_s = monotonic()
        if now_s - self._shown_s >= PROGRESS_S:
            self._shown_s = now_s
            say(f"{_so_far(totals)}, {_failures(totals)}")
        if totals.failures and not self._keep_going:
            return False
        return self._end_s is None or now_s < self._end_s


def _so_far(totals: SimulationTotals) -> str:
    return (
        f"{plural(totals.runs, 'day')}, {totals.hours:,.0f} hours of terminals, {totals.exchanges:,} exchanges, "
        f"{totals.fault_count:,} faults"
    )


def _failures(totals: SimulationTotals) -> str:
    return plural(len(totals.failures), "failure") if totals.failures else "no failure"


def _shrunk(result: SimulationResult) -> PlanName:
    """Return the smallest plan that fails alike, saying how it goes."""
    from acquirer.simulation.simulation import shrink

    first = result.violations[0]
    say(f"seed {result.name.seed} failed, '{first.checker}': looking for the smallest plan that does")
    last_s = monotonic()

    def on_trial(candidate: PlanName) -> None:
        nonlocal last_s
        if monotonic() - last_s >= PROGRESS_S:
            last_s = monotonic()
            parts = result.parts if candidate.only is None else len(candidate.only)
            say(f"trying {plural(parts, 'part')} of {result.parts}")

    return shrink(result.name, first.checker, on_trial)


def _print(totals: SimulationTotals, lines: list[tuple[SimulationResult, PlanName]]) -> None:
    """Print what it came to, for people."""
    from acquirer.cli.listing import BAD, GOOD, Painter, print_table
    from acquirer.simulation.plan import FAULT_KINDS

    painter = Painter()
    rows = [(kind, f"{totals.faults[kind]:,}", sentence) for kind, sentence in FAULT_KINDS.items()]
    print_table(("trouble", "acted", "what it is"), rows)
    print()
    for result, smallest in lines:
        print(painter.paint(f"FAILED: {result.violations[0].checker}", BAD))
        for one in _sentences(smallest, result):
            print(f"  {one}")
        print(f"  {smallest.line}")
    words = "FAILED" if lines else "OK"
    print(f"{painter.paint(words, BAD if lines else GOOD)}: {_so_far(totals)}, {_failures(totals)}")
    sys.stdout.flush()


MOST_SENTENCES: Final = 5
"""Of one failure: what follows from the first of them is seldom worth reading."""


def _sentences(smallest: PlanName, result: SimulationResult) -> list[str]:
    """Return what the smallest plan shows, in sentences."""
    from acquirer.simulation.simulation import simulate

    checker = result.violations[0].checker
    found = [one.sentence for one in simulate(smallest).violations if one.checker == checker]
    return (found or [one.sentence for one in result.violations])[:MOST_SENTENCES]


def _print_json(totals: SimulationTotals, lines: list[tuple[SimulationResult, PlanName]]) -> None:
    from acquirer.cli.json_output import print_object
    from acquirer.simulation.plan import FAULT_KINDS

    failures: list[dict[str, Any]] = [
        {
            "seed": result.name.seed,
            "checker": result.violations[0].checker,
            "sentences": _sentences(smallest, result),
            "reproduce": smallest.line,
        }
        for result, smallest in lines
    ]
    points = {name.removeprefix("crash "): n for name, n in sorted(totals.faults.items()) if name.startswith("crash ")}
    print_object(
        {
            "passed": not failures,
            "days": totals.runs,
            "hours": round(totals.hours, 1),
            "requests": totals.sent,
            "exchanges": totals.exchanges,
            "faults": {kind: totals.faults[kind] for kind in FAULT_KINDS},
            "crash_points": points,
            "failures": failures,
        }
    )


def _list_kinds(*, as_json: bool) -> int:
    """Print the kinds of trouble and the checkers."""
    from acquirer.cli.json_output import print_object
    from acquirer.cli.listing import print_table
    from acquirer.simulation.checkers import checker_sentences
    from acquirer.simulation.plan import FAULT_KINDS

    if as_json:
        print_object({"faults": FAULT_KINDS, "checkers": checker_sentences()})
        return Code.OK
    print_table(("trouble", "what it is"), [*FAULT_KINDS.items()])
    print()
    print_table(("checker", "what must hold"), [*checker_sentences().items()])
    return Code.OK
