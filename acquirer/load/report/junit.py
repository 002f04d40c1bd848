"""Verdicts of thresholds as JUnit's XML, as Jenkins and others read it: a suite for a run, a case for a threshold.

A property of a suite and its output say whether the generator was the limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from acquirer.data.junit import add_junit_end, add_junit_output, junit_case, junit_document, junit_suite
from acquirer.load.report.headline import run_summary
from acquirer.load.report.judged_run import JudgedRun
from acquirer.load.thresholds import JudgedThreshold


def thresholds_junit(runs: Sequence[JudgedRun]) -> bytes:
    """Return the verdicts as one document in UTF-8."""
    return junit_document(
        "acquirer load", [_suite(one) for one in runs], sum(one.figures.all.elapsed_s for one in runs)
    )


def _suite(one: JudgedRun) -> ElementTree.Element:
    run = one.figures.run
    cases = [_case(one, judged) for judged in one.judged]
    suite = junit_suite(run.name, cases, one.figures.all.elapsed_s, run.begun_at[:19])
    properties = ElementTree.Element("properties")
    facts = {
        "generator_limited": "true" if one.figures.generator_limited else "false",
        "verdict": one.verdict,
        "requests": str(len(one.figures.all)),
    }
    for name, value in facts.items():
        ElementTree.SubElement(properties, "property", name=name, value=value)
    suite.insert(0, properties)
    add_junit_output(suite, "\n".join(run_summary(one.figures)))
    return suite


def _case(one: JudgedRun, judged: JudgedThreshold) -> ElementTree.Element:
    written = judged.threshold.written
    took_s = 0.0 if judged is not one.judged[0] else one.figures.all.elapsed_s
    case = junit_case(written, "acquirer.load", one.figures.run.name, took_s)
    if not judged.held:
        message = f"{judged.words}, and {written} was to hold"
        add_junit_end(case, "failure", message, "threshold", message)
    return case
