"""A report as JUnit's XML, as Jenkins and others read it: a suite for a file of cases, a ``<testcase>`` for a case.

1. Elements and attributes are those of Jenkins' schema (xunit-plugin, junit-10.xsd), and no others.
2. What could not be judged is an error, what was not done is skipped; what only should be so is never a failure: it
   stands in the output of its case.
"""

from __future__ import annotations

from xml.etree import ElementTree

from acquirer.certification.report import CaseFinding, CaseResult, CertificationReport
from acquirer.data.xml_text import allowed_in_xml


def certification_junit(report: CertificationReport) -> bytes:
    """Return a report as one document in UTF-8."""
    root = ElementTree.Element("testsuites", name="acquirer certify")
    files = dict.fromkeys(one.file for one in report.results)
    suites = [_suite(report, file) for file in files]
    root.extend(suites)
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    root.set("time", _seconds(sum(one.took_s for one in report.results)))
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, "utf-8", xml_declaration=True)
    return document + b"\n"


def _suite(report: CertificationReport, file: str) -> ElementTree.Element:
    results = [one for one in report.results if one.file == file]
    cases = [_case(report, one) for one in results]
    attributes = {
        "name": f"{file} · {report.tid}",
        "tests": str(len(cases)),
        "failures": str(sum(one.find("failure") is not None for one in cases)),
        "errors": str(sum(one.find("error") is not None for one in cases)),
        "skipped": str(sum(one.find("skipped") is not None for one in cases)),
        "time": _seconds(sum(one.took_s for one in results)),
        "timestamp": report.began.partition("+")[0],
    }
    suite = ElementTree.Element("testsuite", {key: allowed_in_xml(value) for key, value in attributes.items()})
    suite.extend(cases)
    return suite


def _case(report: CertificationReport, result: CaseResult) -> ElementTree.Element:
    case = ElementTree.Element(
        "testcase",
        name=allowed_in_xml(f"{result.name} · {result.title}"),
        classname=allowed_in_xml(f"acquirer.certification.{result.file.replace('.', ' ')}"),
        time=_seconds(result.took_s),
    )
    ends = [_finding(one) for one in result.findings if one.difference]
    remarks = ""
    if result.verdict == "not-done":
        ElementTree.SubElement(case, "skipped", message=allowed_in_xml(result.sentence))
    elif result.verdict == "not-judged":
        _end(case, "error", result.sentence or "a question was not answered", ends)
    elif result.verdict == "failed" and result.severity == "must":
        _end(case, "failure", result.failures[0].what, ends)
    elif ends:
        remarks = "\n".join(["remarks, of what only should be so:", *ends, ""])
    tried = f"attempts before this one: {', '.join(result.earlier)}\n" if result.earlier else ""
    output = f"{tried}{remarks}{result.transcript}"
    if output:
        ElementTree.SubElement(case, "system-out").text = allowed_in_xml(f"terminal {report.tid}\n{output}")
    return case


def _end(case: ElementTree.Element, kind: str, message: str, lines: list[str]) -> None:
    ended = ElementTree.SubElement(case, kind, message=allowed_in_xml(message.partition("\n")[0]), type="certification")
    ended.text = allowed_in_xml("\n".join(lines) or message)


def _finding(finding: CaseFinding) -> str:
    return f"{finding.what}\nline {finding.line}: {finding.words}\n{finding.difference}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"
