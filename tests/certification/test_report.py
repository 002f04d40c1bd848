"""Reports: their verdicts, their forms, and two of them compared."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest

from acquirer.certification.comparison import compare_reports, counted_changes
from acquirer.certification.junit import certification_junit
from acquirer.certification.page import certification_page
from acquirer.certification.reading_report import read_report
from acquirer.certification.report import (
    CaseFinding,
    CaseResult,
    CertificationReport,
    DoneStep,
    report_document,
    summary_line,
)
from acquirer.data.toml import DataError

HELD = CaseFinding("one sale", "must", 3, "sale · 1×")
BROKEN = replace(HELD, difference="expected exactly 1 sale, saw 2\nfits: #1 <b>")


def result(name: str, verdict: Any = "passed", **changes: Any) -> CaseResult:
    """Return how a case went."""
    findings = {"passed": (HELD,), "failed": (BROKEN,)}.get(verdict, ())
    values = {"findings": findings, "steps": (DoneStep("Pay.", "is silent"),), "transcript": "1  0200 sale", **changes}
    case = CaseResult(name, f"title of {name}", "reversals", "must", "why", "source", verdict)
    return replace(case, **values)


def report(*results: CaseResult, planned: int = 0) -> CertificationReport:
    """Return a report of cases."""
    names = [one.name for one in results] + [f"left-{number}" for number in range(planned)]
    return CertificationReport(
        "10000161", "unionpay-pos", "0.2", ("reversals",), "abc", tuple(names), 60.0, ("void",),
        began="2026-01-01T00:00:00", results=list(results),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("found", "overall"),
    [
        (report(result("a"), result("b")), "passed"),
        (report(result("a"), result("b", "failed")), "failed"),
        (report(result("a"), result("b", "failed", severity="should")), "passed"),
        (report(result("a"), result("b", "not-judged")), "incomplete"),
        (report(result("a"), result("b", "not-done")), "incomplete"),
        (report(result("a"), result("b", "not-done", lacks="no void")), "passed"),
        (report(result("a"), planned=1), "incomplete"),
        (report(result("a", "failed"), planned=1), "failed"),
    ],
)
def test_a_terminal_passes_by_what_it_must_pass(found: CertificationReport, overall: str) -> None:
    assert found.overall == overall


def test_a_summary_counts_every_verdict() -> None:
    found = report(result("a"), result("b", "failed"), result("c", "not-judged"), result("d", "not-done"), planned=2)
    assert summary_line(found) == "1 of 6 cases passed, 1 failed, 1 could not be judged, 1 not done, 2 left"


def test_a_report_is_read_as_it_was_written() -> None:
    written = report(result("a", earlier=("failed",), took_s=1.5), result("b", "failed", sentence="so"), planned=1)
    text = json.dumps(report_document(written))
    again = read_report(text, "report.json")
    assert json.dumps(report_document(again)) == text


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        (("tid",), 3, "r.json: tid: must be a text in quotes"),
        (("results", 0, "verdict"), "fine", "r.json: results[0].verdict: unknown value 'fine'"),
        (("results", 0, "took_s"), "long", "r.json: results[0].took_s: must be a number"),
        (("results", 0, "findings", 0, "line"), None, "r.json: results[0].findings[0].line: must be a whole number"),
        (("planned",), None, "r.json: planned: must be a list"),
    ],
)
def test_a_report_that_was_changed_is_refused(path: tuple[Any, ...], value: Any, problem: str) -> None:
    document: Any = json.loads(json.dumps(report_document(report(result("a")))))
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(DataError, match=r"r\.json") as refused:
        read_report(json.dumps(document), "r.json")
    assert str(refused.value).startswith(problem)


def test_two_reports_differ_case_by_case() -> None:
    before = report(result("a"), result("b", "failed"), result("c", "failed"), result("d"), result("gone"))
    other = replace(BROKEN, what="no reversal")
    after = report(
        result("a", "failed"), result("b"), result("c", "failed", findings=(HELD, other)), result("d"), result("new")
    )
    changes = compare_reports(before, after)
    assert [(one.name, one.change) for one in changes] == [
        ("a", "worse"), ("b", "better"), ("c", "changed"), ("new", "new"), ("gone", "gone"), ("d", "same"),
    ]  # fmt: skip
    assert changes[0].lines == ("does not hold any more: one sale",)
    assert changes[2].lines == ("holds now: one sale", "also expected: no reversal")
    assert counted_changes(changes) == {"worse": 1, "better": 1, "changed": 1, "new": 1, "gone": 1, "same": 1}


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ("failed", "not-judged", "better"),
        ("not-judged", "failed", "worse"),
        ("passed", "not-done", "worse"),
        ("not-done", "not-judged", "changed"),
    ],
)
def test_what_could_not_be_judged_is_better_than_a_failure(before: Any, after: Any, change: str) -> None:
    (one,) = compare_reports(report(result("a", before)), report(result("a", after)))
    assert one.change == change


def test_junit_says_failure_error_and_skipped() -> None:
    remark = result("e", "failed", severity="should")
    found = report(result("a"), result("b", "failed"), result("c", "not-judged", sentence="no answer"),
                   result("d", "not-done", sentence="skipped"), remark)  # fmt: skip
    root = ElementTree.fromstring(certification_junit(found))
    (suite,) = root
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "5", "failures": "1", "errors": "1", "skipped": "1",
    }  # fmt: skip
    ends = {case.get("name", "")[0]: [one.tag for one in case if one.tag != "system-out"] for case in suite}
    assert ends == {"a": [], "b": ["failure"], "c": ["error"], "d": ["skipped"], "e": []}
    output = suite[4].find("system-out")
    assert output is not None
    assert "remarks, of what only should be so:" in (output.text or "")


class Tags(HTMLParser):
    """Collects the elements of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_a_page_needs_nothing_from_anywhere_and_escapes_what_it_is_given() -> None:
    page = certification_page(report(result("a"), result("b", "failed", sentence="<script>alert(1)</script>")))
    tags = Tags()
    tags.feed(page)
    names = [tag for tag, _ in tags.found]
    assert not {"script", "link", "img", "iframe", "b"} & set(names)
    assert [one["href"] for tag, one in tags.found if tag == "a"] == ["#b"]
    policy = next(one["content"] for tag, one in tags.found if one.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy


def test_what_did_not_pass_stands_open() -> None:
    tags = Tags()
    tags.feed(certification_page(report(result("a"), result("b", "failed"))))
    cards = {one["id"]: "open" in one for tag, one in tags.found if tag == "details" and "id" in one}
    assert cards == {"a": False, "b": True}
