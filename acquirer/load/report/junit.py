"""Verdicts of thresholds as JUnit's XML, as Jenkins and others read it: a suite for a run, a case for a threshold.

Elements and attributes are those of Jenkins' schema (xunit-plugin, junit-10.xsd), and no others. A property of a suite
and its output say whether the generator was the limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from acquirer.data.xml_text import allowed_in_xml
from acquirer.load.report.headline import run_summary
from acquirer.load.report.judged_run import JudgedRun
from acquirer.load.thresholds import JudgedThreshold


def thresholds_junit(runs: Sequence[JudgedRun]) -> bytes:
    """Return the verdicts as one document in UTF-8."""
    root = ElementTree.Element("testsuites", name="acquirer load")
    suites = [_suite(one) for one in runs]
    root.extend(suites)
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    root.set("time", _seconds(sum(one.figures.all.elapsed_s for one in runs)))
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, "utf-8", xml_declaration=True)
    return document + b"\n"


def _suite(one: JudgedRun) -> ElementTree.Element:
    run = one.figures.run
    suite = ElementTree.Element(
        "testsuite",
        name=allowed_in_xml(run.name),
        tests=str(len(one.judged)),
        failures=str(sum(not judged.held for judged in one.judged)),
        errors="0",
        skipped="0",
        time=_seconds(one.figures.all.elapsed_s),
        timestamp=run.begun_at[:19],
    )
    properties = ElementTree.SubElement(suite, "properties")
    facts = {
        "generator_limited": "true" if one.figures.generator_limited else "false",
        "verdict": one.verdict,
        "requests": str(len(one.figures.all)),
    }
    for name, value in facts.items():
        ElementTree.SubElement(properties, "property", name=name, value=value)
    suite.extend(_case(one, judged) for judged in one.judged)
    ElementTree.SubElement(suite, "system-out").text = allowed_in_xml("\n".join(run_summary(one.figures)))
    return suite


def _case(one: JudgedRun, judged: JudgedThreshold) -> ElementTree.Element:
    written = judged.threshold.written
    case = ElementTree.Element(
        "testcase",
        name=allowed_in_xml(written),
        classname=allowed_in_xml(f"acquirer.load.{one.figures.run.name.replace('.', ' ')}"),
        time=_seconds(0.0 if judged is not one.judged[0] else one.figures.all.elapsed_s),
    )
    if not judged.held:
        message = f"{judged.words}, and {written} was to hold"
        failure = ElementTree.SubElement(case, "failure", message=allowed_in_xml(message), type="threshold")
        failure.text = allowed_in_xml(message)
    return case


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"
