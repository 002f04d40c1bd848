"""``acquirer load burst|report``: terminals that come all at once, and what became of them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from acquirer.cli.errors import Code, Exit
from acquirer.cli.load_output import (
    Csv,
    JsonOption,
    Junit,
    Outputs,
    Page,
    RequestsCsv,
    Strict,
    Thresholds,
    finish,
    outputs_of,
)
from acquirer.cli.load_progress import watching
from acquirer.cli.load_report import report
from acquirer.cli.reaching import reach

if TYPE_CHECKING:
    from acquirer.load.burst_plan import BurstPlan

app = typer.Typer(rich_markup_mode=None)


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
    page: Page = None,
    csv: Csv = None,
    csv_requests: RequestsCsv = None,
    junit: Junit = None,
) -> int:
    """Have terminals sign on, or sell, at moments that do not wait for anything, and say how long each took.

    Latency runs from the moment for which a request was intended: a host that stands still is seen by all who would
    have come meanwhile. What got no answer counts with its time-out. Every KCV and every MAC is checked.

    Ends with 99 when a threshold is missed, with 98 when the generator was the limit (--strict).
    """
    from acquirer.load.arrivals import SHAPES
    from acquirer.load.burst_plan import JOURNEYS, BurstPlan

    outputs = outputs_of(
        threshold, strict=strict, as_json=as_json, page=page, csv=csv, requests_csv=csv_requests, junit=junit
    )
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
    with ExitStack() as stack:
        folder = record or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="acquirer-load-")))
        return _run(plan, folder, "" if record else "burst", outputs)


def _run(plan: BurstPlan, folder: Path, name: str, outputs: Outputs) -> int:
    """Run a plan, say what it came to, and return the exit code.

    Args:
        name: of the run; "": that of its folder.
    """
    from acquirer.load.live_figures import LiveFigures
    from acquirer.load.recorded_run import read_runs
    from acquirer.load.run import run_plan, services_of
    from acquirer.load.run_figures import RunFigures
    from acquirer.load.thresholds import check_scope

    services, phases = services_of(plan), ["burst"]
    for threshold in outputs.thresholds:
        check_scope(threshold, services, phases)
    with watching(plan.count, LiveFigures(services, phases), outputs.thresholds) as watch:
        files = run_plan(plan, folder, watch)
    return finish([RunFigures(run) for run in read_runs(files, name=name)], outputs)


app.command()(report)


# what is typed


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
