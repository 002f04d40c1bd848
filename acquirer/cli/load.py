"""``acquirer load burst|report``: terminals that come all at once, and what became of them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from acquirer.cli.errors import Code, Exit
from acquirer.cli.reaching import reach

if TYPE_CHECKING:
    from acquirer.load.burst import BurstProgress
    from acquirer.load.burst_figures import BurstFigures, Distribution
    from acquirer.load.thresholds import Threshold

app = typer.Typer(rich_markup_mode=None)

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


@app.command()
def burst(
    host: Annotated[str, typer.Option(metavar="HOST:PORT", help="The host.")] = "127.0.0.1:8583",
    terminals: Annotated[
        Path | None,
        typer.Option(
            envvar="ACQUIRER_TERMINALS",
            metavar="FILE",
            help="Holds [[terminal]] tables; without it, the demo set comes.",
        ),
    ] = None,
    count: Annotated[
        int, typer.Option(metavar="N", min=1, max=1_000_000, help="Terminals that come, each once.")
    ] = 200,
    within: Annotated[str, typer.Option(metavar="DURATION", help="Within this time they come.")] = "5s",
    shape: Annotated[
        str, typer.Option(metavar="SHAPE", help="How they come: even, poisson, front (half within a quarter).")
    ] = "even",
    journey: Annotated[
        str, typer.Option(metavar="NAME", help="What each does: sign-on, or sale (behind a sign-on).")
    ] = "sign-on",
    dialect: Annotated[
        str, typer.Option(metavar="DIALECT", help="What they speak: a name or a file.")
    ] = "unionpay-pos",
    kept: Annotated[bool, typer.Option("--kept", help="Each keeps its connection for its next request.")] = False,
    source: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Addresses to connect from, as in 127.0.0.1..8 or 10.0.0.1,10.0.0.2.")
    ] = "",
    timeout: Annotated[
        str, typer.Option(metavar="DURATION", help="How long each waits; else as its dialect says.")
    ] = "",
    seed: Annotated[int, typer.Option(metavar="N", help="Draws who comes when.")] = 1,
    workers: Annotated[int, typer.Option(metavar="N", min=1, max=64, help="Processes that share the terminals.")] = 1,
    record: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep what became of each request, a file for each worker.")
    ] = None,
    threshold: Thresholds = None,
    strict: Strict = False,
    as_json: JsonOption = False,
) -> int:
    """Have terminals sign on, or sell, at moments that do not wait for anything, and say how long each took.

    Latency runs from the moment for which a request was intended: a host that stands still is seen by all who would
    have come meanwhile. What got no answer counts with its time-out. Every KCV and every MAC is checked.

    Ends with 99 when a threshold is missed, with 98 when the generator was the limit (--strict).
    """
    from acquirer.load.arrivals import SHAPES
    from acquirer.load.burst import run_plan
    from acquirer.load.burst_plan import JOURNEYS, BurstPlan

    limits = _thresholds(threshold)
    plan = BurstPlan(
        host=host,
        terminals=None if terminals is None else str(terminals),
        count=count,
        within_s=_seconds("--within", within),
        shape=_choice("--shape", shape, SHAPES),
        journey=_choice("--journey", journey, JOURNEYS),
        dialect=dialect,
        kept=kept,
        sources=_sources(source),
        timeout_s=_seconds("--timeout", timeout) if timeout else 0.0,
        seed=seed,
        workers=min(workers, count),
    )
    reach(host)
    progress = _Progress(count) if sys.stderr.isatty() else None
    figures = run_plan(plan, record, progress or _quiet)
    if progress:
        progress.end()
    return _end(figures, limits, strict=strict, as_json=as_json)


@app.command()
def report(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Records that 'load burst --record' kept.")],
    threshold: Thresholds = None,
    strict: Strict = False,
    as_json: JsonOption = False,
) -> int:
    """Say once more what a run came to, from the records of all its workers; also of one that was broken off."""
    from acquirer.load.burst import read_burst

    limits = _thresholds(threshold)
    paths = [one for path in files for one in (sorted(path.glob("*.acq")) if path.is_dir() else [path])]
    if not paths:
        raise Exit(Code.USAGE, f"{files[0]}: holds no records (*.acq); name what 'load burst --record' wrote")
    return _end(read_burst(paths), limits, strict=strict, as_json=as_json)


# what is printed


def _end(figures: BurstFigures, limits: Sequence[Threshold], *, strict: bool, as_json: bool) -> int:
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


class _Progress:
    """One line on the screen that is written over."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __call__(self, progress: BurstProgress) -> None:
        text = (
            f"{progress.elapsed_s:6.1f} s  {progress.offered} of {self._count} terminals came, {progress.done} answers"
        )
        print(text, end="\r", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the line."""
        print(file=sys.stderr)


def _quiet(_progress: BurstProgress) -> None:
    """Show nothing: no one looks."""


# what is typed


def _thresholds(written: Sequence[str] | None) -> list[Threshold]:
    from acquirer.load.thresholds import read_threshold

    return [read_threshold(one) for one in written or ()]


def _seconds(flag: str, written: str) -> float:
    from acquirer.scenario.parameters import read_duration_ms

    try:
        milliseconds = read_duration_ms(written)
    except ValueError as exc:
        raise Exit(Code.USAGE, f"{flag}: {exc}") from None
    if not milliseconds:
        raise Exit(Code.USAGE, f"{flag}: '{written}' is no time; write it like 5s or 250ms")
    return milliseconds / 1000


def _choice(flag: str, written: str, known: Iterable[str]) -> str:
    from acquirer.data.toml import did_you_mean

    names = list(known)
    if written not in names:
        hint = did_you_mean(written, names) or f"; there are {', '.join(names)}"
        raise Exit(Code.USAGE, f"{flag}: there is no '{written}'{hint}")
    return written


def _sources(written: str) -> tuple[str, ...]:
    """Return the addresses that are named, ranges of the last part spelled out."""
    import ipaddress

    found: list[str] = []
    for part in filter(None, written.split(",")):
        first, dots, last = part.strip().partition("..")
        try:
            begin = ipaddress.ip_address(first)
            end = int(begin) if not dots else int(begin) - int(begin) % 256 + int(last)
            if not 0 <= end - int(begin) < 256:
                raise ValueError
        except ValueError:
            raise Exit(Code.USAGE, f"--source: '{part}' is no address; write 127.0.0.1 or 127.0.0.1..8") from None
        found += [str(begin + n) for n in range(end - int(begin) + 1)]
    return tuple(found)
