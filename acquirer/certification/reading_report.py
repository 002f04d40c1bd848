"""Reading a report in JSON: for comparing two of them, and for going on with a run that was interrupted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from acquirer.certification.case import SEVERITIES
from acquirer.certification.report import (
    FORMAT,
    VERDICTS,
    CaseFinding,
    CaseResult,
    CertificationReport,
    DoneStep,
)
from acquirer.data.json_text import JsonTextError, parse_json
from acquirer.data.table import Table
from acquirer.data.toml import DataError, Document, KeyPath

_EXAMPLE: Final = "name a report.json that 'acquirer certify run' wrote"


@dataclass(frozen=True, slots=True)
class _JsonDocument(Document):
    """A document whose places are named by their path alone."""

    def line(self, path: KeyPath) -> int:  # noqa: ARG002  the same for every path
        return 0


def read_report(text: str, name: str) -> CertificationReport:
    """Return a report.

    Raises:
        DataError: the text is none.
    """
    try:
        data = parse_json(text)
    except JsonTextError as exc:
        raise DataError(name, exc.line, "", f"is not JSON: {exc.problem}; {_EXAMPLE}") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise DataError(name, 0, "", f"is no report of a certification ({FORMAT}); {_EXAMPLE}")
    table = Table(_JsonDocument(name, data, {}))
    return CertificationReport(
        tid=table.text("tid"),
        dialect=table.text("dialect"),
        version=table.text("version"),
        files=table.texts("files"),
        digest=table.text("digest"),
        planned=table.texts("planned"),
        timeout_s=_number(table, "timeout_s"),
        without=table.texts("without"),
        driven_by=table.text("driven_by"),
        began=table.text("began"),
        ended=table.text("ended"),
        results=[_result(one) for one in table.tables("results")],
    )


def _result(table: Table) -> CaseResult:
    return CaseResult(
        name=table.text("name"),
        title=table.text("title"),
        file=table.text("file"),
        severity=table.choice("severity", SEVERITIES),
        why=table.text("why"),
        source=table.text("source"),
        verdict=table.choice("verdict", VERDICTS),
        sentence=table.text("sentence"),
        lacks=table.text("lacks"),
        findings=tuple(_finding(one) for one in table.tables("findings")),
        steps=tuple(DoneStep(one.text("do"), one.text("host")) for one in table.tables("steps")),
        transcript=table.text("transcript"),
        earlier=table.choices("earlier", VERDICTS),
        began=table.text("began"),
        took_s=_number(table, "took_s"),
    )


def _finding(table: Table) -> CaseFinding:
    return CaseFinding(
        what=table.text("what"),
        severity=table.choice("severity", SEVERITIES),
        line=table.number("line"),
        words=table.text("words"),
        difference=table.text("difference"),
        unjudged=table.flag("unjudged", False),
        final=True,
    )


def _number(table: Table, key: str) -> float:
    value = table.raw(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise table.error(key, "must be a number")
    return float(value)
