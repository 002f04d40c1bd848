"""Reports of journeys as JUnit's XML, as Jenkins and others read it: one ``<testcase>`` for each expectation.

What stands in it is masked already: it is the text that the screen shows, with the transcript of the step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal
from xml.etree import ElementTree

from acquirer.data.junit import add_junit_end, add_junit_output, junit_case, junit_document, junit_suite

if TYPE_CHECKING:
    from acquirer.journey.report import JourneyReport, JudgedExpectation, StepReport


def junit_xml(reports: Sequence[JourneyReport]) -> bytes:
    """Return the reports of journeys as one document in UTF-8."""
    return junit_document("acquirer check", [_suite(one) for one in reports], sum(one.took_s for one in reports))


def _suite(report: JourneyReport) -> ElementTree.Element:
    name = report.journey.header.name
    cases = [
        _case(name, step, found, 0.0 if place else step.took_s)
        for step in report.steps
        for place, found in enumerate(step.judged)
    ]
    return junit_suite(name, cases, report.took_s, report.began.partition("+")[0], file=report.journey.file)


def _case(journey: str, step: StepReport, found: JudgedExpectation, took_s: float) -> ElementTree.Element:
    """Return one expectation; the time of the step is that of its first."""
    title = f"{step.step.number:02} {step.step.title} · {found.key}"
    case = junit_case(title, "acquirer", journey, took_s)
    if not found.held:
        kind: Literal["failure", "error"] = "error" if found.error else "failure"
        text = f"{where(step, found)}\nexpected: {found.words}\n{found.difference}"
        add_junit_end(case, kind, found.difference, found.key, text)
    if step.transcript:
        add_junit_output(case, step.transcript)
    return case


def where(step: StepReport, found: JudgedExpectation) -> str:
    """Return which step, and on which line its expectation stands."""
    return f"step {step.step.number}, line {found.line}: {step.step.title}"
