"""What ``acquirer load`` prints of a run: while it goes on, and in the end; and the options that say how."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Final

import typer

from acquirer.cli.errors import Code

if TYPE_CHECKING:
    from acquirer.load.burst_figures import BurstFigures, Distribution
    from acquirer.load.run import RunProgress
    from acquirer.load.thresholds import Threshold

LIMITED: Final = "the generator was the limit: these figures say as much about it as about the host"

Thresholds = Annotated[
    list[str] | None,
    typer.Option(
        "--threshold",
        metavar="FIGURE",
        help="What must hold, as in 'p(99)<250ms', 'errors<0.1%': else it ends with 99.",
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="End with 98 when the generator was the limit.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object.")]


def thresholds_of(written: Sequence[str] | None) -> list[Threshold]:
    """Return thresholds as they were typed. Raises ThresholdError."""
    from acquirer.load.thresholds import read_threshold

    return [read_threshold(one) for one in written or ()]


def finish(figures: BurstFigures, limits: Sequence[Threshold], *, strict: bool, as_json: bool) -> int:
    """Print what a run came to; return its exit code."""
    judged = [(one, figures.figure(one)) for one in limits]
    missed = [one for one, figure in judged if not one.holds(figure)]
    if as_json:
        from acquirer.cli.json_output import print_object

        verdicts = [
            {"threshold": one.written, "value": round(figure, 6), "held": one.holds(figure)} for one, figure in judged
        ]
        print_object({**figures.as_json(), "thresholds": verdicts, "passed": not missed})
    else:
        for line in _summary(figures):
            print(line)
        for one, figure in judged:
            print(f"{'ok    ' if one.holds(figure) else 'MISSED'} {one.written}: {_value(one, figure)}")
    if missed:
        return Code.THRESHOLDS_MISSED
    return Code.GENERATOR_LIMIT if strict and figures.generator_limited else Code.OK


def _summary(figures: BurstFigures) -> list[str]:
    from acquirer.data.text import plural

    outcomes = ", ".join(f"{n} {outcome.word}" for outcome, n in sorted(figures.outcomes.items())) or "none"
    codes = ", ".join(f"{code} ×{n}" for code, n in sorted(figures.codes.items())) or "none"
    lines = [
        f"{plural(len(figures.records), 'request')} of {plural(figures.planned, 'terminal')} in "
        f"{figures.elapsed_s:.2f} s ({figures.rate:.0f} answered a second): {outcomes}",
        f"latency since the intended moment: {_times(figures.latency)}",
        f"service time since the sending:    {_times(figures.service_time)}",
        f"begun late: {figures.late:.2%} by more than 10 ms, p99 {figures.lateness.quantile(99).ms:.1f} ms; "
        f"codes {codes}",
    ]
    if not figures.whole:
        lines.append("the run was broken off: what was under way is not among these")
    if figures.generator_limited:
        lines.append(f"! {LIMITED}")
    return lines


def _times(times: Distribution) -> str:
    shown = [(f"p{percent:g}", times.quantile(percent)) for percent in (50, 90, 99, 99.9)]
    shown.append(("max", times.most))
    return "  ".join(f"{name} {'≥ ' if one.at_least else ''}{one.ms:.1f} ms" for name, one in shown)


def _value(threshold: Threshold, figure: float) -> str:
    unit = threshold.unit
    return {"ms": f"{figure:.1f} ms", "share": f"{figure:.3%}", "a second": f"{figure:.0f}/s", "": f"{figure:g}"}[unit]


@contextmanager
def watching(planned: int) -> Iterator[Callable[[RunProgress], None]]:
    """Give what shows how far a run is: on a screen a line that is written over, elsewhere nothing."""
    if not sys.stderr.isatty():
        yield lambda _progress: None
        return

    def show(progress: RunProgress) -> None:
        text = f"{progress.elapsed_s:6.1f} s  {progress.offered} of {planned} were due, {progress.done} have ended"
        print(text, end="\r", file=sys.stderr, flush=True)

    yield show
    print(file=sys.stderr)
