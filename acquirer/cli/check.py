"""``acquirer check``: journeys run against a host of ours, or another one; ends with 1 when one does not hold."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from acquirer.cli.errors import Code, Exit
from acquirer.cli.reaching import reach
from acquirer.cli.tls_options import CaOption, CertificateOption, KeyOption, NameOption, Tls, VersionOption
from acquirer.data.text import plural, printable
from acquirer.errors import ConfigurationError

if TYPE_CHECKING:
    from acquirer.app.journeys.prepare import PreparedJourney
    from acquirer.app.journeys.runner import JourneyObserver
    from acquirer.journey.journey import JourneyStep
    from acquirer.journey.report import JourneyReport, JudgedExpectation
    from acquirer.terminal.exchange import Exchange


def command(
    journeys: Annotated[
        list[str], typer.Argument(metavar="JOURNEY", help="Journeys that ship, by name, or files that end in .toml.")
    ],
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE.xml", help="Write the result as JUnit XML, for CI; it is printed too.")
    ] = None,
    host: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT", help="Run against this host. What needs a host of ours is refused before it begins."
        ),
    ] = None,
    state: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Where terminals keep keys and counters, with --host."),
    ] = Path("acquirer-terminals"),
    tls_ca: CaOption = None,
    tls_certificate: CertificateOption = None,
    tls_key: KeyOption = None,
    tls_name: NameOption = "",
    tls_version: VersionOption = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line for each journey.")] = False,
) -> int:
    """Run journeys: steps of terminals, faults on either side, and what must come of it.

    Ends with 1 when an expectation does not hold, with 2 before anything is sent when a file cannot be used, with 3
    when the host cannot be reached. 'acquirer journeys' describes how journeys are written, and those that ship.
    """
    from acquirer.app.journeys.prepare import prepare

    if junit and not junit.absolute().parent.is_dir():
        raise Exit(Code.USAGE, f"--junit {junit}: there is no folder {junit.parent}; make it first")
    tls = Tls(tls_ca, tls_certificate, tls_key, tls_name, tls_version)
    if not host and tls != Tls():
        raise Exit(Code.USAGE, "--tls-…: is how a host is called, and none is: name it with --host")
    observer: JourneyObserver = _Silent() if as_json else _Lines()
    reports: list[JourneyReport] = []
    with _written(junit, reports):
        prepared = [prepare(one, own_host=host is None) for one in journeys]
        if host:
            reach(host)
        for one in prepared:
            reports.append(_run(one, observer, host, state, tls))
            if as_json:
                _print_json(reports[-1])
    return _end(reports, as_json=as_json)


@contextmanager
def _written(junit: Path | None, reports: list[JourneyReport]) -> Iterator[None]:
    """Write what was run until the end of the block, and what kept the rest from being run. Raises Exit."""
    try:
        yield
    except (ConfigurationError, Exit, KeyboardInterrupt) as exc:
        if junit:
            from acquirer.journey.report import not_run

            reports.append(not_run(str(exc) or "interrupted"))
            with suppress(OSError):  # the first failure decides
                _write(junit, reports)
        raise
    if junit:
        try:
            _write(junit, reports)
        except OSError as exc:
            raise Exit(Code.USAGE, f"--junit {junit}: cannot be written: {exc.strerror}") from None


def _write(junit: Path, reports: Sequence[JourneyReport]) -> None:
    from acquirer.cli.junit import junit_xml

    junit.write_bytes(junit_xml(reports))


def _run(
    prepared: PreparedJourney, observer: JourneyObserver, host: str | None, state: Path, tls: Tls
) -> JourneyReport:
    from acquirer.app.journeys.runner import run_journey
    from acquirer.cli.journey_host import journey_host
    from acquirer.errors import StoreError
    from acquirer.net.server import BindError

    try:
        return run_journey(
            prepared,
            observer,
            open_host=journey_host,
            address=host or "",
            state=state if host else None,
            further=tls.options(),
        )
    except BindError as exc:
        raise Exit(Code.NO_CONNECTION, f"{prepared.journey.file}: {exc}.") from None
    except StoreError as exc:
        raise Exit(Code.USAGE, f"{prepared.journey.file}: {exc}.") from None


def _end(reports: Sequence[JourneyReport], *, as_json: bool) -> int:
    failed = [report for report in reports if not report.passed]
    if not as_json and len(reports) > 1:
        total = plural(len(reports), "journey")
        names = ", ".join(report.journey.header.name for report in failed)
        print(f"\nFAILED: {len(failed)} of {total}: {names}" if failed else f"\nOK: {total}")
    return Code.EXPECTATION_FAILED if failed else Code.OK


class _Silent:
    """Prints nothing while a journey runs."""

    def journey_began(self, prepared: PreparedJourney) -> None: ...

    def step_began(self, step: JourneyStep) -> None: ...

    def exchange_ended(self, exchange: Exchange) -> None: ...

    def judged(self, found: JudgedExpectation) -> None: ...

    def journey_ended(self, report: JourneyReport) -> None: ...


class _Lines:
    """Prints a journey as it runs: each step, its exchanges, what was expected of it."""

    def __init__(self) -> None:
        from acquirer.cli.listing import Painter

        self._painter = Painter()
        self._begun = False
        self._explained: set[str] = set()  # lines of what the host says, in this step

    def journey_began(self, prepared: PreparedJourney) -> None:
        from acquirer.cli.listing import KEY

        if self._begun:
            print()
        print(self._painter.paint(prepared.journey.header.name, KEY))
        self._begun = True

    def step_began(self, step: JourneyStep) -> None:
        self._explained.clear()
        print(f"{step.number:3}  {printable(step.title)}", flush=True)

    def exchange_ended(self, exchange: Exchange) -> None:
        from acquirer.cli.listing import QUIET
        from acquirer.terminal.rendering import line

        print(self._painter.paint(f"     {line(exchange)}", QUIET), flush=True)

    def judged(self, found: JudgedExpectation) -> None:
        from acquirer.cli.listing import BAD, GOOD
        from acquirer.journey.report import HOST_SAYS

        words = f"{found.key} {printable(found.words)}"
        if found.held:
            print(f"     {self._painter.paint('ok', GOOD)}    {words}", flush=True)
            return
        print(f"     {self._painter.paint('FAIL', BAD)}  {words} (line {found.line})")
        for text in found.difference.split("\n"):
            if text not in self._explained:
                print(f"           {printable(text)}", flush=True)
            if text.startswith(HOST_SAYS):
                self._explained.add(text)

    def journey_ended(self, report: JourneyReport) -> None:
        total, took = len(report.judged), f"{report.took_s:.1f} s"
        if report.passed:
            print(f"OK: {total} of {total} expectations hold, {took}", flush=True)
        else:
            holds = "does not hold" if report.failures == 1 else "do not hold"
            print(f"FAILED: {report.failures} of {total} expectations {holds}, {took}", flush=True)


def _print_json(report: JourneyReport) -> None:
    """Print how a journey went, for programs."""
    from acquirer.cli.json_output import print_object
    from acquirer.terminal.rendering import exchange_json
    from acquirer.wire.masking import mask_card_numbers

    steps: list[dict[str, Any]] = [
        {
            "number": step.step.number,
            "name": mask_card_numbers(step.step.name),
            "action": step.step.words,
            "line": step.step.line,
            "took_s": round(step.took_s, 3),
            "expectations": [
                {
                    "key": one.key,
                    "line": one.line,
                    "expected": one.words,
                    "held": one.held,
                    "text": one.difference,
                }
                for one in step.judged
            ],
            "exchanges": [exchange_json(exchange) for exchange in step.exchanges],
        }
        for step in report.steps
    ]
    header = report.journey.header
    print_object(
        {
            "journey": header.name,
            "file": report.journey.file,
            "at": report.began,
            "passed": report.passed,
            "failures": report.failures,
            "took_s": round(report.took_s, 3),
            "steps": steps,
        }
    )
    sys.stdout.flush()
