"""``acquirer certify run``: a terminal led through cases, each judged, and a report written."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from acquirer.cli.errors import Code, Exit

if TYPE_CHECKING:
    from acquirer.app.certification.performing import StepPerformer
    from acquirer.app.certification.prepare import PreparedCases
    from acquirer.app.certification.run_folder import RunFolder
    from acquirer.certification.report import CertificationReport
    from acquirer.settings.registration import Registration
    from acquirer.settings.tls_tables import ServerTlsTable


OWN_TERMINAL: Final = "our own terminal"
"""Who did the cases, where our terminal played both."""


def run(
    listen: Annotated[
        str | None,
        typer.Option(
            metavar="[HOST:]PORT[,tls=NAME]",
            help="Where the terminal connects; port 0: a free one. [tls.NAME] stands in acquirer.toml.",
        ),
    ] = None,
    tid: Annotated[str, typer.Option(metavar="TID", help="The terminal's number.")] = "",
    cases: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME|FILE.toml", help="Files of cases; without it, all that ship. Repeatable."),
    ] = None,
    case: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only cases of these names; * stands for any characters. Repeatable."),
    ] = None,
    terminals: Annotated[
        str | None, typer.Option(metavar="FILE.toml", help="Where the terminal's keys stand; else the demo terminals.")
    ] = None,
    timeout: Annotated[
        str,
        typer.Option(metavar="DURATION", help="How long the terminal waits for an answer; else as its dialect says."),
    ] = "",
    without: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FEATURE",
            help="What it does not have, as in signature,operators (docs/certification.md): no case that needs it.",
        ),
    ] = None,
    drive: Annotated[
        str, typer.Option(metavar="COMMAND", help="A command that is run for each step, in place of a person.")
    ] = "",
    own_terminal: Annotated[
        bool,
        typer.Option(
            "--own-terminal", help="Have our own terminal certified: it plays both, without TLS, and no time passes."
        ),
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for the report; without it, certification-TID-TIME.")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Go on with the run of this folder, with the same cases.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON, and all else on stderr.")] = False,
) -> int:
    """Lead a terminal through cases, judge each by what the wire shows, and write report.html, report.json, junit.xml.

    A person is shown what to do; Enter or n says that a step is done, r repeats the case, s skips it, q ends.
    Ends with 0 when every case that a terminal must pass has passed, 1 when one has not, 2 when an option or a file
    cannot be used, 3 when the address is taken, 130 when it was ended before (--resume goes on).
    """
    from acquirer.app.certification.prepare import prepare_cases, read_features, terminal_to_certify
    from acquirer.app.certification.run_folder import RunFolder
    from acquirer.cli.journal_query import seconds_of
    from acquirer.settings.config import load_config
    from acquirer.settings.listen import parse_listen

    if drive and own_terminal:
        raise Exit(Code.USAGE, "--drive and --own-terminal: who does the steps is one of them; leave one out.")
    if out and resume:
        raise Exit(Code.USAGE, "--out and --resume: a run goes on in its own folder; leave --out away.")
    config = load_config({"listen": listen and [listen], "terminals": terminals})
    address = config.listen[0]
    where = parse_listen(address)
    if where.dialect:
        raise Exit(Code.USAGE, f"--listen {address}: the dialect is that of the cases; leave it away.")
    if where.tls and own_terminal:
        problem = f"our own terminal is certified without TLS; leave ,tls={where.tls} away."
        raise Exit(Code.USAGE, f"--listen {address}: {problem}")
    folder = RunFolder(resume or out or Path(f"certification-{tid}-{datetime.now():%Y%m%d-%H%M%S}"))
    begun = folder.load() if resume else None
    if begun and without:
        raise Exit(Code.USAGE, "--without belongs to the beginning of a run; with --resume, leave it away.")
    if begun and not (drive or own_terminal):
        own_terminal, drive = begun.driven_by == OWN_TERMINAL, begun.driven_by
    number = tid or (begun.tid if begun else "")
    if not number:
        raise Exit(Code.USAGE, "--tid is missing: name the terminal that is certified, by its number.")
    prepared = prepare_cases(
        cases or (begun.files if begun else ()),
        timeout_s=(seconds_of("--timeout", timeout) if timeout else 0.0) or (begun.timeout_s if begun else 0.0),
        only=case or (begun.planned if begun else ()),
    )
    known = terminal_to_certify(number, config.terminals)
    options = _RunOptions(
        address, config.tls, where.tls, [] if own_terminal else _command(drive), own_terminal, as_json
    )
    if begun:
        report = _going_on(folder, begun, prepared, number)
    else:
        features = read_features(without or ())
        folder.make()
        report = _begun(prepared, number, features, OWN_TERMINAL if own_terminal else drive)
    whole = _run(folder, prepared, known, report, options)
    return _end(folder, report, whole=whole, as_json=as_json)


@dataclass(frozen=True, slots=True)
class _RunOptions:
    listen: str
    tls: tuple[ServerTlsTable, ...]
    tls_name: str
    command: list[str]
    own_terminal: bool
    as_json: bool


def _command(text: str) -> list[str]:
    from acquirer.app.certification.command import read_command

    if not text:
        return []
    try:
        return read_command(text)
    except ValueError as exc:
        raise Exit(Code.USAGE, f"--drive: '{text}' is no command: {exc}.") from None


def _begun(prepared: PreparedCases, tid: str, features: tuple[str, ...], driven_by: str) -> CertificationReport:
    from acquirer import __version__
    from acquirer.certification.report import CertificationReport

    return CertificationReport(
        tid=tid,
        dialect=prepared.dialect.name,
        version=__version__,
        files=prepared.named,
        digest=prepared.digest,
        planned=tuple(one.name for one in prepared.cases),
        timeout_s=prepared.timeout_s,
        without=features,
        driven_by=driven_by,
        began=_now(),
    )


def _going_on(folder: RunFolder, begun: CertificationReport, prepared: PreparedCases, tid: str) -> CertificationReport:
    """Return the report of a run that is gone on with. Raises Exit."""
    if begun.tid != tid:
        raise Exit(Code.USAGE, f"--resume {folder.path}: that run certifies terminal {begun.tid}, not {tid}.")
    if begun.digest != prepared.digest or begun.planned != tuple(one.name for one in prepared.cases):
        problem = "these are other cases, or another --timeout, than it began with; begin anew, in another folder"
        raise Exit(Code.USAGE, f"--resume {folder.path}: {problem}.")
    return begun


def _run(
    folder: RunFolder, prepared: PreparedCases, known: Registration, report: CertificationReport, options: _RunOptions
) -> bool:
    """Run what the report does not have yet; return whether all was run. Raises Exit."""
    from acquirer.app.certification.runner import run_cases
    from acquirer.cli.certify_lines import CertificationLines
    from acquirer.cli.journey_host import journey_host
    from acquirer.errors import StoreError
    from acquirer.net.server import BindError

    talk = sys.stderr if options.as_json else sys.stdout
    settings: dict[str, Any] = {
        "dialect": prepared.dialect_source,
        "listen": options.listen,
        "tls": options.tls,
        "store": folder.store,
        "terminals": None,
    }
    try:
        with journey_host(virtual=options.own_terminal, register=(known,), **settings) as host:
            tls = f", TLS {options.tls_name}" if options.tls_name else ""
            spoken = f"{report.dialect}{tls}"
            print(f"ready: {host.address} waits for terminal {report.tid} ({spoken})", file=talk, flush=True)
            performer = _performer(folder, prepared, known, host, options)
            try:
                return run_cases(
                    prepared,
                    report,
                    host,
                    performer,
                    CertificationLines(talk),
                    timezone=host.journal.timezone,
                    keep=folder.keep,
                )
            except KeyboardInterrupt:
                return False
            finally:
                performer.close()
    except BindError as exc:
        raise Exit(Code.NO_CONNECTION, f"{exc}.") from None
    except StoreError as exc:
        raise Exit(Code.USAGE, f"{exc}.") from None


def _performer(
    folder: RunFolder, prepared: PreparedCases, known: Registration, host: Any, options: _RunOptions
) -> StepPerformer:
    if options.own_terminal:
        from acquirer.app.certification.own_terminal import OwnTerminal

        return OwnTerminal(host, prepared, known, folder.path / "terminal")
    if options.command:
        from acquirer.app.certification.command import CommandPerformer

        return CommandPerformer(options.command)
    from acquirer.cli.certify_person import KEYS, PersonAtKeyboard, keyboard

    talk = sys.stderr if options.as_json else sys.stdout
    print(f"Each step goes on by itself once its messages have come. Enter or {KEYS}", file=talk, flush=True)
    return PersonAtKeyboard(keyboard(), talk)


def _end(folder: RunFolder, report: CertificationReport, *, whole: bool, as_json: bool) -> int:
    """Write the report, say how it went, and return the exit code."""
    from acquirer.app.certification.run_folder import HTML_NAME
    from acquirer.certification.report import report_document, summary_line
    from acquirer.cli.json_output import print_object

    report.ended = _now() if whole else ""
    folder.finish(report)
    talk = sys.stderr if as_json else sys.stdout
    word = {"passed": "OK", "failed": "FAILED", "incomplete": "INCOMPLETE"}[report.overall]
    print(f"\n{word}: {summary_line(report)}; {folder.path / HTML_NAME}", file=talk, flush=True)
    if as_json:
        print_object(report_document(report))
    if not whole:
        print(f"To go on: acquirer certify run --resume {folder.path}", file=talk, flush=True)
        return Code.INTERRUPTED
    return Code.OK if report.overall == "passed" else Code.EXPECTATION_FAILED


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
