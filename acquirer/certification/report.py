"""How a certification went, as data: for JSON, JUnit, a page, and for comparing two of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from acquirer.certification.case import Severity
from acquirer.data.text import plural

FORMAT: Final = "acquirer-certification-1"
"""What a report in JSON says of itself."""

CaseVerdict = Literal["passed", "failed", "not-judged", "not-done"]

VERDICTS: Final[dict[CaseVerdict, str]] = {
    "passed": "passed",
    "failed": "failed",
    "not-judged": "could not be judged",
    "not-done": "not done",
}
"""Verdict of a case → how people read it."""

Overall = Literal["passed", "failed", "incomplete"]


@dataclass(frozen=True, slots=True)
class CaseFinding:
    """One expectation, and what differs, masked; "" when nothing does.

    Args:
        what: it in words.
        words: as the file has it.
        unjudged: whether it could not be judged.
        final: whether nothing that may still arrive could change it.
    """

    what: str
    severity: Severity
    line: int
    words: str
    difference: str = ""
    unjudged: bool = False
    final: bool = False


@dataclass(frozen=True, slots=True)
class DoneStep:
    """One step of a case as it was done, for a report."""

    do: str
    host: str = ""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How one case went.

    Args:
        sentence: why it was not done, or could not be judged.
        lacks: what the terminal does not have, so that the case is not for it.
        transcript: what was exchanged, masked.
        earlier: the verdicts of earlier attempts.
        began: UTC, ISO 8601.
    """

    name: str
    title: str
    file: str
    severity: Severity
    why: str
    source: str
    verdict: CaseVerdict
    sentence: str = ""
    lacks: str = ""
    findings: tuple[CaseFinding, ...] = ()
    steps: tuple[DoneStep, ...] = ()
    transcript: str = ""
    earlier: tuple[CaseVerdict, ...] = ()
    began: str = ""
    took_s: float = 0.0

    @property
    def failures(self) -> list[CaseFinding]:
        """What does not hold, and was judged."""
        return [one for one in self.findings if one.difference and not one.unjudged]

    @property
    def remarks(self) -> list[CaseFinding]:
        """What only should hold, and does not, in a case that passed."""
        return self.failures if self.verdict == "passed" else []

    @property
    def counts(self) -> bool:
        """Whether the terminal is certified by it."""
        return self.severity == "must" and not self.lacks


@dataclass(slots=True)
class CertificationReport:
    """How a certification went.

    Args:
        version: of the program.
        files: the files of cases.
        digest: of the cases, so that a run is not gone on with under others.
        planned: names of all cases, in order.
        timeout_s: how long the terminal waits for an answer, as it was declared.
        without: what it does not have.
        driven_by: who played the person: "" for one, else the command.
    """

    tid: str
    dialect: str
    version: str
    files: tuple[str, ...]
    digest: str
    planned: tuple[str, ...]
    timeout_s: float
    without: tuple[str, ...] = ()
    driven_by: str = ""
    began: str = ""
    ended: str = ""
    results: list[CaseResult] = field(default_factory=list)

    @property
    def overall(self) -> Overall:
        """Whether the terminal passed."""
        counted = [one for one in self.results if one.counts]
        if any(one.verdict == "failed" for one in counted):
            return "failed"
        whole = {one.name for one in self.results} >= set(self.planned)
        return "passed" if whole and all(one.verdict == "passed" for one in counted) else "incomplete"

    def number(self, verdict: CaseVerdict) -> int:
        """Return how many cases have a verdict."""
        return sum(one.verdict == verdict for one in self.results)

    def put(self, result: CaseResult) -> None:
        """Add how a case went, in the place of an earlier attempt."""
        self.results = [*(one for one in self.results if one.name != result.name), result]
        self.results.sort(key=lambda one: self.planned.index(one.name))


def judged_verdict(findings: Sequence[CaseFinding], severity: Severity) -> CaseVerdict:
    """Return the verdict of a case that was done: what only should hold fails a case that only should pass.

    >>> judged_verdict([CaseFinding("one reversal", "should", 3, "reversal", "saw 0")], "must")
    'passed'
    """
    counted = [one for one in findings if one.severity == "must" or severity == "should"]
    if any(one.difference and not one.unjudged for one in counted):
        return "failed"
    return "not-judged" if any(one.unjudged for one in counted) else "passed"


def summary_line(report: CertificationReport) -> str:
    """Return how a certification went, in a line."""
    left = len(report.planned) - len(report.results)
    parts = [
        f"{report.number('passed')} of {plural(len(report.planned), 'case')} passed",
        f"{report.number('failed')} failed" if report.number("failed") else "",
        f"{report.number('not-judged')} could not be judged" if report.number("not-judged") else "",
        f"{report.number('not-done')} not done" if report.number("not-done") else "",
        f"{left} left" if left else "",
    ]
    return ", ".join(filter(None, parts))


def report_document(report: CertificationReport) -> dict[str, Any]:
    """Return a report for machines."""
    document = asdict(report)
    results = document.pop("results")
    for one in results:
        for finding in one["findings"]:
            del finding["final"]  # of a case that is under way
    totals = {verdict.replace("-", "_"): report.number(verdict) for verdict in VERDICTS}
    return {"format": FORMAT, "overall": report.overall, **document, "totals": totals, "results": results}
