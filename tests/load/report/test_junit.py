"""Verdicts as JUnit's XML, held to what Jenkins' schema allows."""

from __future__ import annotations

from xml.etree import ElementTree

from acquirer.load.report.junit import thresholds_junit
from tests.load.recorded import drawn_records, record
from tests.load.report.conftest import MakeRun

# xunit-plugin, junit-10.xsd: what may stand where, in this order; `None` repeats.
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase", "system-out"},
    "properties": {"property"},
    "testcase": {"failure"},
}
ATTRIBUTES = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "time", "skipped", "timestamp"},
    "testcase": {"name", "classname", "time"},
    "failure": {"type", "message"},
    "property": {"name", "value"},
}


def parsed(document: bytes) -> ElementTree.Element:
    root = ElementTree.fromstring(document)
    for element in root.iter():
        assert {child.tag for child in element} <= CHILDREN.get(element.tag, set())
        assert set(element.attrib) <= ATTRIBUTES.get(element.tag, set())
    return root


def test_each_threshold_is_a_case(judged: MakeRun) -> None:
    one = judged(drawn_records(400, 1_000_000), ["p(99)<1ms", "errors<5%", "p(50)<1us"], name="monday.1")
    root = parsed(thresholds_junit([one]))
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("3", "2", "0")
    (suite,) = root
    assert suite.get("name") == "monday.1"
    assert suite.get("timestamp") == "2026-11-30T00:53:20"
    cases = suite.findall("testcase")
    assert [case.get("name") for case in cases] == ["p(99)<1ms", "errors<5%", "p(50)<1us"]
    assert {case.get("classname") for case in cases} == {"acquirer.load.monday 1"}
    failures = [case.find("failure") for case in cases]
    assert failures[1] is None
    value = f"{one.figures.all.latency.quantile(99).ms:.1f} ms"
    assert failures[0].get("message") == f"{value}, and p(99)<1ms was to hold"
    assert suite.findtext("system-out", "").startswith("400 requests of 400 terminals")


def test_the_limit_of_the_generator_is_a_property(judged: MakeRun) -> None:
    for late_us, limited in ((0, "false"), (90_000, "true")):
        root = parsed(thresholds_junit([judged([record(late_us)])]))
        properties = {one.get("name"): one.get("value") for one in root.iter("property")}
        assert properties["generator_limited"] == limited
        assert ("the generator was the limit" in root.findtext("*/system-out", "")) is (limited == "true")


def test_several_runs_are_several_suites(judged: MakeRun) -> None:
    runs = [judged([record()], ["p(99)<1ms"], name="a"), judged([record()], ["p(99)<2ms"], name="b")]
    root = parsed(thresholds_junit(runs))
    assert [(suite.get("name"), suite.get("failures")) for suite in root] == [("a", "1"), ("b", "0")]


def test_what_xml_forbids_is_replaced(judged: MakeRun) -> None:
    root = parsed(thresholds_junit([judged([record()], ["errors<1%"], name='a\x00<b>"&')]))
    assert root[0].get("name") == 'a\ufffd<b>"&'
