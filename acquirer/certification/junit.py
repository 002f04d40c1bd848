"""A report as JUnit's XML, as Jenkins and others read it: a suite for a file of cases, a ``<testcase>`` for a case.

What could not be judged is an error, what was not done is skipped; what only should be so is never a failure: it stands
in the output of its case.
"""

from __future__ import annotations

from xml.etree import ElementTree

from acquirer.certification.report import CaseFinding, CaseResult, CertificationReport
from acquirer.data.junit import add_junit_end, add_junit_output, junit_case, junit_document, junit_suite
from acquirer.data.xml_text import allowed_in_xml


def certification_junit(report: CertificationReport) -> bytes:
    """Return a report as one document in UTF-8."""
    files = dict.fromkeys(one.file for one in report.results)
    suites = [_suite(report, file) for file in files]
    return junit_document("acquirer certify", suites, sum(one.took_s for one in report.results))


def _suite(report: CertificationReport, file: str) -> ElementTree.Element:
    results = [one for one in report.results if one.file == file]
    cases = [_case(report, one) for one in results]
    took_s = sum(one.took_s for one in results)
    return junit_suite(f"{file} · {report.tid}", cases, took_s, report.began.partition("+")[0])


def _case(report: CertificationReport, result: CaseResult) -> ElementTree.Element:
    case = junit_case(f"{result.name} · {result.title}", "acquirer.certification", result.file, result.took_s)
    ends = [_finding(one) for one in result.findings if one.difference]
    remarks = ""
    if result.verdict == "not-done":
        ElementTree.SubElement(case, "skipped", message=allowed_in_xml(result.sentence))
    elif result.verdict == "not-judged":
        message = result.sentence or "a question was not answered"
        add_junit_end(case, "error", message, "certification", "\n".join(ends) or message)
    elif result.verdict == "failed" and result.severity == "must":
        message = result.failures[0].what
        add_junit_end(case, "failure", message, "certification", "\n".join(ends) or message)
    elif ends:
        remarks = "\n".join(["remarks, of what only should be so:", *ends, ""])
    tried = f"attempts before this one: {', '.join(result.earlier)}\n" if result.earlier else ""
    output = f"{tried}{remarks}{result.transcript}"
    if output:
        add_junit_output(case, f"terminal {report.tid}\n{output}")
    return case


def _finding(finding: CaseFinding) -> str:
    return f"{finding.what}\nline {finding.line}: {finding.words}\n{finding.difference}"
