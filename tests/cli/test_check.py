"""``acquirer check``: what it prints, its exit codes, and the JUnit file it writes."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import pytest

from acquirer import cli
from acquirer.app.journeys.prepare import PreparedJourney
from acquirer.cli.errors import Code
from acquirer.journey.page import EXAMPLE
from acquirer.journey.report import JourneyReport
from acquirer.testing import running_host

Say = pytest.CaptureFixture[str]

GREEN = '[journey]\nname = "short"\n[[step]]\nname = "lunch"\nsale = "1.00"\nexpect = { code = "00" }\n'
RED = GREEN.replace('"short"', '"failing"').replace('code = "00"', 'code = "51"') + 'verify = "reversal"\n'


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working directory: empty but for two journeys."""
    monkeypatch.chdir(tmp_path)
    Path("green.toml").write_text(GREEN)
    Path("red.toml").write_text(RED)
    return tmp_path


def plain(text: str) -> str:
    """Return what is printed without what differs from run to run."""
    text = re.sub(r"PIK [0-9A-F]{8} MAK [0-9A-F]{8}", "PIK … MAK …", text)
    text = re.sub(r"PIK [0-9A-F]{8}, MAK [0-9A-F]{8}", "PIK …, MAK …", text)
    return re.sub(r"\d+ ms|\d+\.\d s", "… ms", re.sub(r"sign-on 1 of [-0-9]+", "sign-on 1 of …", text))


STEP = """\
  1  lunch: sale 1.00
     → 0800 sign-on STAN 000001 … ← 0810 00 approved · keys PIK … MAK … · batch 000001 · … ms
     → 0200 sale STAN 000002 1.00 621234******1232 … ← 0210 00 approved · … ms
"""


def test_a_journey_that_holds_ends_with_0(capsys: Say) -> None:
    assert cli.run(["check", "green.toml"]) == Code.OK
    out, err = capsys.readouterr()
    assert plain(out) == f"short\n{STEP}     ok    expect code=00\nOK: 1 of 1 expectations hold, … ms\n"
    assert err == ""


def test_one_that_does_not_hold_ends_with_1_and_says_what_differs(capsys: Say) -> None:
    assert cli.run(["check", "red.toml", "green.toml"]) == Code.EXPECTATION_FAILED
    out, err = capsys.readouterr()
    assert (
        plain(out)
        == f"""\
failing
{STEP}\
     FAIL  expect code=51 (line 6)
           code: wanted 51, was 00 ≠
           host: 0800 sign_on 000001 00: new keys in package 003 under TMK KCV D0E06F38: PIK …, MAK …; batch 000001; \
sign-on 1 of …
           host: 0200 sale 000002 00: approved on card 'standard' 621234******1232
     FAIL  verify reversal (line 7)
           expected at least 1 reversal within 1 s, saw 0 of 2 exchanges
           nearest: #2 0200 sale  service: wanted reversal, was sale ≠   nothing fits
           nearest: #1 0800 sign_on  service: wanted reversal, was sign_on ≠   nothing fits
FAILED: 2 of 2 expectations do not hold, … ms

short
{STEP}\
     ok    expect code=00
OK: 1 of 1 expectations hold, … ms

FAILED: 1 of 2 journeys: failing
"""
    )
    assert err == ""


def test_what_the_host_says_of_a_step_is_shown_once(capsys: Say) -> None:
    Path("twice.toml").write_text(RED.replace('verify = "reversal"', 'books = { state = "declined" }'))
    assert cli.run(["check", "twice.toml"]) == Code.EXPECTATION_FAILED
    out = capsys.readouterr().out
    assert "state: wanted declined, was approved ≠" in out
    assert out.count("host: 0200 sale") == 1


def test_what_a_file_says_moves_no_cursor(capsys: Say) -> None:
    Path("odd.toml").write_text(
        '[[step]]\nvoid = { stan = "\\u001b[2J" }\nexpect = { detail = "\\u001b[2J", outcome = "approved" }\n'
    )
    assert cli.run(["check", "odd.toml"]) == Code.EXPECTATION_FAILED
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err
    assert "\\x1b[2J" in out


def test_json_is_one_object_a_line_for_each_journey(capsys: Say) -> None:
    assert cli.run(["check", "green.toml", "red.toml", "--json"]) == Code.EXPECTATION_FAILED
    green, red = map(json.loads, capsys.readouterr().out.splitlines())
    assert (green["journey"], green["passed"], green["failures"]) == ("short", True, 0)
    (step,) = red["steps"]
    assert (step["name"], step["action"], step["line"]) == ("lunch", "sale 1.00", 3)
    expected, _ = step["expectations"]
    assert (expected["expected"], expected["line"], expected["held"]) == ("code=51", 6, False)
    assert expected["text"].startswith("code: wanted 51, was 00 ≠")
    assert [exchange["service"] for exchange in step["exchanges"]] == ["sign_on", "sale"]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["none.toml"], 2, "none.toml: cannot be read (No such file or directory); name a journey, a file in TOML"),
        (["a-day"], 2, "JOURNEY: no journey is called 'a-day'"),
        (["bad.toml"], 2, "bad.toml:2: step[0].ehco: unknown key; did you mean 'echo'?"),
        (["green.toml", "bad.toml"], 2, "bad.toml:2: step[0].ehco: unknown key; did you mean 'echo'?"),
        (["green.toml", "--junit", "no/out.xml"], 2, "--junit no/out.xml: there is no folder no; make it first"),
        (["green.toml", "--junit", "."], 2, "--junit .: cannot be written: Is a directory"),
        (["green.toml", "--host", "here"], 2, "--host: 'here' is no address; write HOST:PORT, like 127.0.0.1:8583"),
        (
            ["reversal-storm", "--host", "127.0.0.1:9"],
            2,
            "reversal-storm.toml:11: step[1].fault: needs a host of ours, and this journey runs against another one; "
            "take it out, or run without --host",
        ),
        ([], 2, "Missing argument 'JOURNEY'. Try 'acquirer check --help'."),
    ],
)
def test_what_cannot_be_run_is_one_sentence(words: list[str], code: int, sentence: str, capsys: Say) -> None:
    Path("bad.toml").write_text('[[step]]\nehco = true\nexpect = { code = "00" }\n')
    assert cli.run(["check", *words]) == code
    out, err = capsys.readouterr()
    assert err.startswith(sentence)
    assert err.count("\n") == 1
    assert "bad.toml" not in words or out == ""  # nothing is run before all is read


def test_a_host_that_is_not_there_ends_with_3(capsys: Say) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert cli.run(["check", "green.toml", "--host", f"127.0.0.1:{port}"]) == Code.NO_CONNECTION
    assert capsys.readouterr().err == (
        f"no connection to 127.0.0.1:{port}: connection refused; start the host, or correct --host\n"
    )


def test_an_address_that_is_taken_ends_with_3(capsys: Say) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        Path("taken.toml").write_text(GREEN.replace("[[step]]", f'listen = "127.0.0.1:{port}"\n[[step]]', 1))
        assert cli.run(["check", "taken.toml", "--junit", "out.xml"]) == Code.NO_CONNECTION
    assert f"127.0.0.1:{port}" in capsys.readouterr().err
    (case,) = ElementTree.parse("out.xml").getroot().iter("testcase")
    assert f"127.0.0.1:{port}" in case[0].get("message", "")


def test_another_host_is_run_against_with_state(capsys: Say) -> None:
    with running_host() as host:
        for _ in range(2):
            assert cli.run(["check", "green.toml", "--host", host.address, "--state", "kept"]) == Code.OK
        assert [entry.service for entry in host.journal.list()] == ["sign_on", "sale", "sale"]
    assert Path("kept/10000161.json").exists()


def test_the_example_of_the_page_holds(capsys: Say) -> None:
    Path("journey.toml").write_text(EXAMPLE)
    assert cli.run(["check", "journey.toml"]) == Code.OK, capsys.readouterr().out


# JUnit

ALLOWED: Final = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "time", "timestamp", "file"},
        {"testcase"},
    ),
    "testcase": ({"name", "time", "classname"}, {"failure", "error", "system-out"}),
    "failure": ({"type", "message"}, set()),
    "error": ({"type", "message"}, set()),
    "system-out": (set(), set()),
}
"""Element → attributes and elements within, of those that Jenkins' schema allows (xunit-plugin, junit-10.xsd)."""


def checked(root: ElementTree.Element) -> ElementTree.Element:
    """Return a document that has nothing but what the schema allows, and what it demands."""
    for element in root.iter():
        attributes, within = ALLOWED[element.tag]
        assert set(element.attrib) <= attributes
        assert {inner.tag for inner in element} <= within
    for suite in root.iter("testsuite"):
        assert {"name", "tests", "failures", "errors"} <= set(suite.attrib)
        cases = list(suite.iter("testcase"))
        assert int(suite.get("tests", "")) == len(cases)
        assert int(suite.get("failures", "")) == len(list(suite.iter("failure")))
        assert int(suite.get("errors", "")) == len(list(suite.iter("error")))
        assert len({case.get("name") for case in cases}) == len(cases)
        assert re.fullmatch(r"[0-9]+\.[0-9]{3}", suite.get("time", ""))
    return root


def test_junit_has_a_case_for_each_expectation_with_the_transcript(capsys: Say) -> None:
    assert cli.run(["check", "red.toml", "green.toml", "--junit", "out.xml"]) == Code.EXPECTATION_FAILED
    assert "FAILED: 1 of 2 journeys" in capsys.readouterr().out
    root = checked(ElementTree.parse("out.xml").getroot())
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("3", "2", "0")
    expected, verified, held = root.iter("testcase")
    assert expected.get("name") == "01 lunch: sale 1.00 · expect"
    assert expected.get("classname") == "acquirer.failing"
    failure, output = expected
    assert failure.get("message") == "code: wanted 51, was 00 ≠"
    assert (failure.text or "").startswith(
        "step 1, line 6: lunch: sale 1.00\nexpected: code=51\ncode: wanted 51, was 00 ≠\nhost: 0800 sign_on 000001 00"
    )
    assert "→ 0200 sale STAN 000002 1.00 621234******1232 … ← 0210 00 approved" in (output.text or "")
    assert "request 0200" in (output.text or "")
    assert verified[0].get("type") == "verify"
    assert [one.tag for one in held] == ["system-out"]


def test_junit_is_written_also_where_a_journey_cannot_be_run(capsys: Say) -> None:
    Path("bad.toml").write_text("[[step]]\nehco = true\n")
    assert cli.run(["check", "bad.toml", "--junit", "out.xml"]) == Code.USAGE
    root = checked(ElementTree.parse("out.xml").getroot())
    (error,) = root.iter("error")
    assert error.get("message") == capsys.readouterr().err.strip()


def test_junit_has_what_was_run_before_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[str] = []

    def run(prepared: PreparedJourney, *arguments: object, **options: object) -> JourneyReport:
        runs.append(prepared.journey.header.name)
        if len(runs) > 1:
            raise KeyboardInterrupt
        return JourneyReport(prepared.journey, "2026-01-02T03:04:05+00:00")

    monkeypatch.setattr("acquirer.app.journeys.runner.run_journey", run)
    assert cli.run(["check", "green.toml", "red.toml", "--junit", "out.xml"]) == Code.INTERRUPTED
    root = checked(ElementTree.parse("out.xml").getroot())
    assert [suite.get("name") for suite in root] == ["short", "not run"]
    assert [error.get("message") for error in root.iter("error")] == ["interrupted"]


def test_characters_that_xml_forbids_are_replaced(capsys: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acquirer.app.journeys.runner.line", lambda exchange: "bell \x07, half \ud800, end ]]> <&>")
    assert cli.run(["check", "green.toml", "--junit", "out.xml"]) == Code.OK
    (output,) = checked(ElementTree.parse("out.xml").getroot()).iter("system-out")
    assert (output.text or "").startswith("bell \ufffd, half \ufffd, end ]]> <&>")


def test_help_fits_a_screen_of_80_columns(capsys: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert cli.run(["check", "--help"]) == Code.OK
    shown = capsys.readouterr().out
    assert "--junit FILE.xml" in shown
    assert max(map(len, shown.splitlines())) <= 80
