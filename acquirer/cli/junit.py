"""Reports of journeys as JUnit's XML, as Jenkins and others read it: one ``<testcase>`` for each expectation.

1. Elements and attributes are those of Jenkins' schema (xunit-plugin, junit-10.xsd), and no others.
2. Characters that XML 1.0 forbids are replaced.
3. What stands in it is masked already: it is the text that the screen shows, with the transcript of the step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from acquirer.data.xml_text import allowed_in_xml

if TYPE_CHECKING:
    from acquirer.journey.report import JourneyReport, JudgedExpectation, StepReport


def junit_xml(reports: Sequence[JourneyReport]) -> bytes:
    """Return the reports of journeys as one document in UTF-8."""
    root = ElementTree.Element("testsuites", name="acquirer check")
    suites = [_suite(report) for report in reports]
    root.extend(suites)
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    root.set("time", _seconds(sum(report.took_s for report in reports)))
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, "utf-8", xml_declaration=True)
    return document + b"\n"


def _suite(report: JourneyReport) -> ElementTree.Element:
    name = report.journey.header.name
    judged = report.judged
    errors = sum(one.error and not one.held for one in judged)
    attributes = {
        "name": name,
        "tests": str(len(judged)),
        "failures": str(report.failures - errors),
        "errors": str(errors),
        "skipped": "0",
        "time": _seconds(report.took_s),
        "timestamp": report.began.partition("+")[0],
        "file": report.journey.file,
    }
    suite = ElementTree.Element("testsuite", {key: allowed_in_xml(value) for key, value in attributes.items()})
    for step in report.steps:
        for place, found in enumerate(step.judged):
            suite.append(_case(name, step, found, 0.0 if place else step.took_s))
    return suite


def _case(journey: str, step: StepReport, found: JudgedExpectation, took_s: float) -> ElementTree.Element:
    """Return one expectation; the time of the step is that of its first."""
    title = f"{step.step.number:02} {step.step.title} · {found.key}"
    case = ElementTree.Element(
        "testcase",
        name=allowed_in_xml(title),
        classname=allowed_in_xml(f"acquirer.{journey.replace('.', ' ')}"),
        time=_seconds(took_s),
    )
    if not found.held:
        kind = "error" if found.error else "failure"
        message = found.difference.partition("\n")[0]
        difference = ElementTree.SubElement(case, kind, message=allowed_in_xml(message), type=found.key)
        difference.text = allowed_in_xml(f"{where(step, found)}\nexpected: {found.words}\n{found.difference}")
    if step.transcript:
        ElementTree.SubElement(case, "system-out").text = allowed_in_xml(step.transcript)
    return case


def where(step: StepReport, found: JudgedExpectation) -> str:
    """Return which step, and on which line its expectation stands."""
    return f"step {step.step.number}, line {found.line}: {step.step.title}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"
