"""A certification in one process, with our own terminal in the place of the person and the terminal under test."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from acquirer.app.certification.own_terminal import OwnTerminal
from acquirer.app.certification.performing import StepPerformer
from acquirer.app.certification.prepare import PreparedCases, prepare_cases, terminal_to_certify
from acquirer.app.certification.runner import run_cases
from acquirer.certification.case import CaseStep, CertificationCase
from acquirer.certification.report import CaseResult, CertificationReport
from acquirer.cli.journey_host import journey_host
from acquirer.journal.entry import Entry

TID = "10000161"
SHANGHAI = ZoneInfo("Asia/Shanghai")


class Unseen:
    """Observes a certification and shows nothing of it."""

    def case_began(self, case: CertificationCase, number: int, total: int) -> None: ...

    def step_began(self, case: CertificationCase, step: CaseStep) -> None: ...

    def exchange_seen(self, entry: Entry) -> None: ...

    def case_ended(self, result: CaseResult) -> None: ...


def begun(prepared: PreparedCases, without: Sequence[Any] = ()) -> CertificationReport:
    """Return the report of a run that has not done a case yet."""
    return CertificationReport(
        tid=TID,
        dialect=prepared.dialect.name,
        version="0",
        files=prepared.named,
        digest=prepared.digest,
        planned=tuple(one.name for one in prepared.cases),
        timeout_s=prepared.timeout_s,
        without=tuple(without),
    )


def certify(
    folder: Path,
    names: Sequence[str] = (),
    only: Collection[str] = (),
    *,
    performer: StepPerformer | None = None,
    without: Sequence[Any] = (),
) -> CertificationReport:
    """Run cases with our own terminal, or another performer, and return the report."""
    prepared = prepare_cases(names, only=only)
    report = begun(prepared, without)
    known = terminal_to_certify(TID, None)
    with journey_host(virtual=performer is None, dialect=prepared.dialect_source) as host:
        chosen = performer or OwnTerminal(host, prepared, known, folder / "terminal")
        try:
            run_cases(prepared, report, host, chosen, Unseen(), timezone=SHANGHAI, keep=lambda _report: None)
        finally:
            chosen.close()
    return report


def failing(report: CertificationReport) -> dict[str, list[str]]:
    """Return of each case that did not pass what does not hold, or why it was not judged."""
    return {
        one.name: [finding.what for finding in one.failures] or [one.sentence]
        for one in report.results
        if one.verdict != "passed"
    }
