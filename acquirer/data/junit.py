"""JUnit's XML, as Jenkins and others read it.

1. Elements and attributes are those of Jenkins' schema (xunit-plugin, junit-10.xsd), and no others.
2. Characters that XML 1.0 forbids are replaced.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from xml.etree import ElementTree

from acquirer.data.xml_text import allowed_in_xml


def junit_document(name: str, suites: Sequence[ElementTree.Element], took_s: float) -> bytes:
    """Return suites as one document in UTF-8, with what they count together."""
    root = ElementTree.Element("testsuites", name=name)
    root.extend(suites)
    for total in ("tests", "failures", "errors"):
        root.set(total, str(sum(int(suite.get(total, "0")) for suite in suites)))
    root.set("time", _seconds(took_s))
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, "utf-8", xml_declaration=True)
    return document + b"\n"


def junit_suite(
    name: str, cases: Sequence[ElementTree.Element], took_s: float, timestamp: str, **further: str
) -> ElementTree.Element:
    """Return a suite of cases, which are counted by how they ended.

    Args:
        timestamp: ISO 8601 to the second, without a time zone.
        further: attributes.
    """
    attributes = {
        "name": name,
        "tests": str(len(cases)),
        "failures": str(_ended(cases, "failure")),
        "errors": str(_ended(cases, "error")),
        "skipped": str(_ended(cases, "skipped")),
        "time": _seconds(took_s),
        "timestamp": timestamp,
        **further,
    }
    suite = ElementTree.Element("testsuite", {key: allowed_in_xml(value) for key, value in attributes.items()})
    suite.extend(cases)
    return suite


def junit_case(name: str, room: str, suite: str, took_s: float) -> ElementTree.Element:
    """Return a case that passed, until it is said otherwise.

    Args:
        room: before the name of its suite, in that of its class.
    """
    return ElementTree.Element(
        "testcase",
        name=allowed_in_xml(name),
        classname=allowed_in_xml(f"{room}.{suite.replace('.', ' ')}"),
        time=_seconds(took_s),
    )


def add_junit_end(
    case: ElementTree.Element, kind: Literal["failure", "error"], message: str, reason: str, text: str
) -> None:
    """Have a case end otherwise than passed.

    Args:
        message: of which the first line is shown.
        reason: the type of its end.
        text: the whole of it.
    """
    end = ElementTree.SubElement(case, kind, message=allowed_in_xml(message.partition("\n")[0]), type=reason)
    end.text = allowed_in_xml(text)


def add_junit_output(element: ElementTree.Element, text: str) -> None:
    """Add what a case or a suite has printed."""
    ElementTree.SubElement(element, "system-out").text = allowed_in_xml(text)


def _ended(cases: Sequence[ElementTree.Element], kind: str) -> int:
    return sum(case.find(kind) is not None for case in cases)


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"
