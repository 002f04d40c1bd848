"""``acquirer load burst|run|report``: many terminals at once, as a plan has them come, and what became of them."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
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
from acquirer.cli.load_values import read_choice, read_seconds, read_value
from acquirer.cli.reaching import reach
from acquirer.cli.streams import say
from acquirer.cli.tls_options import CaOption, CertificateOption, KeyOption, NameOption, Tls, VersionOption

if TYPE_CHECKING:
    from acquirer.load.plan import LoadPlan
    from acquirer.load.terminal_journeys import TerminalJourney

app = typer.Typer(rich_markup_mode=None)

Source = Annotated[
    str, typer.Option(metavar="ADDRESS", help="Addresses to connect from, as in 127.0.0.1..8 or 10.0.0.1,10.0.0.2.")
]
RecordOption = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Keep what became of each request, a file for each worker.")
]
ShardOption = Annotated[
    str, typer.Option("--shard", metavar="I/N", help="Which of several machines this is, each with its share: 2/5.")
]
StartAt = Annotated[str, typer.Option(metavar="TIME", help="Begin then, as in 08:00:00Z; else once all is prepared.")]


@app.command()
def run(
    plan: Annotated[Path, typer.Argument(metavar="PLAN.toml", help="What is to be done: see docs/load.md.")],
    host: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Another host than the plan's.")] = None,
    terminals: Annotated[Path | None, typer.Option(metavar="FILE", help="Other terminals than the plan's.")] = None,
    workers: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=64, help="Other than the plan's: processes on this machine.")
    ] = None,
    tls_ca: CaOption = None,
    tls_certificate: CertificateOption = None,
    tls_key: KeyOption = None,
    tls_name: NameOption = "",
    tls_version: VersionOption = "",
    shard: ShardOption = "1/1",
    start_at: StartAt = "",
    record: RecordOption = None,
    threshold: Thresholds = None,
    strict: Strict = False,
    as_json: JsonOption = False,
    page: Page = None,
    csv: Csv = None,
    csv_requests: RequestsCsv = None,
    junit: Junit = None,
) -> int:
    """Run a plan of phases: bursts, rates, ramps, herds, users; and say how long each request took.

    Five machines run one plan with --shard 1/5 to 5/5 and the same --start-at; what they record is reported together.

    Ends with 99 when a threshold is missed, with 98 when the generator was the limit (--strict), with 130 on Ctrl-C.
    """
    from acquirer.load.plan_file import read_plan

    found = read_plan(plan)
    outputs = outputs_of(
        (*found.thresholds, *(threshold or ())), strict=strict, as_json=as_json, page=page, csv=csv,
        requests_csv=csv_requests, junit=junit,
    )  # fmt: skip
    found = replace(
        found,
        host=host or found.host,
        terminals=str(terminals) if terminals else found.terminals,
        workers=workers or found.workers,
        thresholds=tuple(outputs.thresholds),
        tls=Tls(tls_ca, tls_certificate, tls_key, tls_name, tls_version).arguments() or found.tls,
    )
    return _run(_started(found, shard, start_at), record, plan.stem, outputs)


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
    repeat: Annotated[
        bool, typer.Option("--repeat", help="With fewer terminals than that, they come again, in the same order.")
    ] = False,
    within: Annotated[str, typer.Option(metavar="DURATION", help="Within this time they come.")] = "5s",
    shape: Annotated[
        str, typer.Option(metavar="SHAPE", help="How they come: even, poisson, front (half within a quarter).")
    ] = "even",
    journey: Annotated[
        str, typer.Option(metavar="NAME", help="What each does: sign-on, sale, reversal, signature, day.")
    ] = "sign-on",
    amount: Annotated[
        str, typer.Option(metavar="AMOUNT", help="Of a sale: 12.34, or drawn from 1.00..50.00; default: 1.00.")
    ] = "",
    card: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Pays; of several one is drawn for each sale.")
    ] = None,
    cards: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Holds those cards, as for serve; else the shipped test cards.")
    ] = None,
    entry: Annotated[str, typer.Option(metavar="NAME", help="How it is read: magstripe (default), chip, …")] = "",
    pin: Annotated[bool, typer.Option("--pin", help="The PIN that the table has for it is keyed in.")] = False,
    dialect: Annotated[
        str, typer.Option(metavar="DIALECT", help="What they speak: a name or a file.")
    ] = "unionpay-pos",
    kept: Annotated[bool, typer.Option("--kept", help="Each keeps its connection for its next request.")] = False,
    no_verify: Annotated[
        bool, typer.Option("--no-verify", help="Check no KCV and no MAC of answers, to see what that costs.")
    ] = False,
    source: Source = "",
    timeout: Annotated[
        str, typer.Option(metavar="DURATION", help="How long each waits; else as its dialect says.")
    ] = "",
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Draws who comes when.")] = 1,
    workers: Annotated[int, typer.Option(metavar="N", min=1, max=64, help="Processes that share the terminals.")] = 1,
    tls_ca: CaOption = None,
    tls_certificate: CertificateOption = None,
    tls_key: KeyOption = None,
    tls_name: NameOption = "",
    tls_version: VersionOption = "",
    shard: ShardOption = "1/1",
    start_at: StartAt = "",
    record: RecordOption = None,
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

    Ends with 99 when a threshold is missed, with 98 when the generator was the limit (--strict), with 130 on Ctrl-C.
    """
    from acquirer.load.arrivals import SHAPES
    from acquirer.load.phases import Burst
    from acquirer.load.plan import LoadPlan
    from acquirer.load.plan_file import read_sources
    from acquirer.load.plan_journeys import read_journey

    outputs = outputs_of(
        threshold, strict=strict, as_json=as_json, page=page, csv=csv, requests_csv=csv_requests, junit=junit
    )
    plan = LoadPlan(
        host=host,
        terminals=None if terminals is None else str(terminals),
        phases=(
            Burst(
                count=count,
                within_s=read_seconds("--within", within),
                shape=read_choice("--shape", shape, SHAPES),
                journey=_paid(
                    read_value("--journey", read_journey, journey), amount, card or (), entry, cards, pin=pin
                ),
            ),
        ),
        cards=None if cards is None else str(cards),
        dialect=dialect,
        kept=kept,
        verify=not no_verify,
        repeat=repeat,
        sources=read_value("--source", read_sources, source),
        timeout_s=read_seconds("--timeout", timeout) if timeout else 0.0,
        seed=seed,
        workers=min(workers, count),
        thresholds=tuple(outputs.thresholds),
        tls=Tls(tls_ca, tls_certificate, tls_key, tls_name, tls_version).arguments() or None,
    )
    return _run(_started(plan, shard, start_at), record, "burst", outputs)


app.command()(report)


def _started(plan: LoadPlan, shard: str, start_at: str) -> LoadPlan:
    """Return a plan with its place among several machines, when it begins, and how it was called."""
    from datetime import datetime

    from acquirer.load.plan import read_shard
    from acquirer.load.start_at import read_start

    def start(text: str) -> int:
        return read_start(text, datetime.now().astimezone())

    return replace(
        plan,
        shard=read_value("--shard", read_shard, shard),
        start_unix_ns=read_value("--start-at", start, start_at) if start_at else None,
        command=("acquirer", *sys.argv[1:]),
    )


def _run(plan: LoadPlan, record: Path | None, name: str, outputs: Outputs) -> int:
    """Run a plan, say what it came to, and return the exit code.

    Args:
        name: of the run, when its records are not kept in a folder that has one.
    """
    from datetime import UTC, datetime

    from acquirer.load.live_figures import LiveFigures
    from acquirer.load.recorded_run import read_runs
    from acquirer.load.run import run_plan, services_of
    from acquirer.load.run_figures import RunFigures
    from acquirer.load.thresholds import check_scope
    from acquirer.load.tls_calls import check_tls
    from acquirer.settings.specs import load_dialect

    services = services_of(load_dialect(plan.dialect))
    for threshold in outputs.thresholds:
        check_scope(threshold, services, plan.phase_names)
    check_tls(plan)
    reach(plan.host)
    if plan.start_unix_ns is not None:
        at = datetime.fromtimestamp(plan.start_unix_ns // 1_000_000_000, UTC)
        say(f"begins at {at:%Y-%m-%dT%H:%M:%SZ}")
    planned = sum(phase.arrivals or 0 for phase in plan.phases) // plan.shard.of
    with ExitStack() as stack:
        folder = record or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="acquirer-load-")))
        with watching(planned, LiveFigures(services, plan.phase_names), outputs.thresholds) as watch:
            end = run_plan(plan, folder, watch)
        for problem in end.problems:
            say(problem)
        code = finish([RunFigures(run) for run in read_runs(end.files, name="" if record else name)], outputs)
    if end.interrupted:
        return Code.INTERRUPTED
    if watch.why:  # it was missed then, also if all that ended later was faster
        return Code.THRESHOLDS_MISSED
    return code or (Code.EXPECTATION_FAILED if end.problems else Code.OK)


def _paid(
    journey: TerminalJourney, amount: str, names: Sequence[str], entry: str, table: Path | None, *, pin: bool
) -> TerminalJourney:
    """Return a journey whose sales are paid as the options say."""
    from acquirer.load.plan_values import read_amounts

    if not journey.sales and (amount or names or entry or table or pin):
        raise Exit(
            Code.USAGE,
            f"--amount, --card, --cards, --entry and --pin are of sales, and the journey '{journey.name}' has none",
        )
    least, most = read_value("--amount", read_amounts, amount) if amount else (journey.least_minor, journey.most_minor)
    return replace(
        journey, least_minor=least, most_minor=most, cards=tuple(names), entry=entry or journey.entry, pin=pin
    )
