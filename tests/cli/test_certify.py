"""``acquirer certify``: runs of a person, of a command, of our own terminal; how they end, and what they leave."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from acquirer import cli
from acquirer.app.terminal import Terminal
from acquirer.cli.errors import Code
from acquirer.settings.certificate_maker import WantedCertificates, make_certificates

ROOT = Path(__file__).parents[2]
ACQUIRER = str(Path(sys.executable).with_name("acquirer"))
HANGS_S = 300  # no busy machine takes so long

Say = pytest.CaptureFixture[str]

CASES = """\
[certification]
about = "Two cases, to try things with."

[[case]]
name = "sells"
title = "A sale is approved"
why = "Else there is no money."
source = "the shop"
time = "2min"
signed_on = false

[[case.step]]
name = "sale"
do = "Pay 1.00."
sale = "1.00"
arrives = { service = "sale", amount = "1.00" }
quiet = "200ms"

[[case.step.expect]]
what = "one sale"
verify = { service = "sale", count = 1 }

[[case]]
name = "prints"
title = "A slip is printed"
why = "Customers ask for it."
source = "the shop"
severity = "should"
signed_on = false

[[case.step]]
do = "Pay 2.00."
sale = "2.00"
arrives = { service = "sale", amount = "2.00" }
quiet = "200ms"

[[case.step.expect]]
what = "a slip"
ask = "Did it print?"
answer = "yes"
expect = { receipt = true }
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working directory: empty but for a file of cases."""
    monkeypatch.chdir(tmp_path)
    Path("cases.toml").write_text(CASES, encoding="utf-8")
    return tmp_path


def free_port() -> str:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{sock.getsockname()[1]}"


BEGIN = ("--tid", "10000161", "--cases", "cases.toml")


class Typing:
    """An input at which lines are typed while the program runs."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        self._source = os.fdopen(self._read, encoding="utf-8")
        self._sink = os.fdopen(self._write, "w", encoding="utf-8")
        self._over = threading.Event()

    def __iter__(self) -> Typing:
        return self

    def __next__(self) -> str:
        line = self._source.readline()
        if not line:
            self._source.close()
            self._over.set()
            raise StopIteration
        return line

    def type(self, line: str) -> None:
        self._sink.write(f"{line}\n")
        self._sink.flush()

    def end(self) -> None:
        self._sink.close()

    def close(self) -> None:
        """End, and wait until the program has noticed."""
        self._sink.close()
        assert self._over.wait(HANGS_S)


class Screen(io.StringIO):
    """What is printed, with something that happens when certain words are; each once."""

    def __init__(self, *happens: tuple[str, Callable[[], object]]) -> None:
        super().__init__()
        self._happens = list(happens)
        self._threads: list[threading.Thread] = []

    def wait(self) -> None:
        """Wait until all that was to happen has."""
        for thread in self._threads:
            thread.join()
        assert self._happens == []

    def write(self, text: str) -> int:
        if self._happens and self._happens[0][0] in text:
            self._threads.append(threading.Thread(target=self._happens.pop(0)[1]))
            self._threads[-1].start()
        return super().write(text)


def run_as_a_person(monkeypatch: pytest.MonkeyPatch, typed: Typing, screen: Screen, *arguments: str) -> int:
    monkeypatch.setattr(sys, "stdin", typed)
    monkeypatch.setattr(sys, "stdout", screen)
    try:
        return cli.run(["certify", "run", *arguments])
    finally:
        typed.close()
        screen.wait()


def test_a_person_is_led_through_and_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    address, typed = free_port(), Typing()
    with Terminal("10000161", host=address) as terminal:
        screen = Screen(
            ("Pay 1.00.", lambda: terminal.sale("1.00")),
            ("Pay 2.00.", lambda: terminal.sale("2.00")),
            ("Did it print?", lambda: typed.type("y")),
        )
        assert run_as_a_person(monkeypatch, typed, screen, *BEGIN, "--listen", address, "--out", "out") == Code.OK
    text = screen.getvalue()
    assert f"ready: {address} waits for terminal 10000161 (unionpay-pos)" in text
    assert "1/2  sells\n     A sale is approved\n   → Pay 1.00.\n" in text
    assert "     ← 0800 sign_on 000001  → 00\n     ← 0200 sale 000002 1.00  → 00\n     passed\n" in text
    assert "OK: 2 of 2 cases passed; out/report.html" in text


def test_a_person_repeats_skips_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    address, typed = free_port(), Typing()
    with Terminal("10000161", host=address) as terminal:
        screen = Screen(
            ("Pay 1.00.", lambda: typed.type("r")),
            ("Pay 1.00.", lambda: terminal.sale("1.00")),
            ("Pay 2.00.", lambda: typed.type("s")),
        )
        arguments = (*BEGIN, "--listen", address, "--out", "out")
        assert run_as_a_person(monkeypatch, typed, screen, *arguments) == Code.OK  # what it skips only should be so
    report = json.loads(Path("out/report.json").read_text())
    sells, prints = report["results"]
    assert (sells["verdict"], sells["earlier"]) == ("passed", ["not-done"])
    assert (prints["verdict"], prints["sentence"]) == ("not-done", "left out by the person who did the cases")


def test_a_run_that_a_person_ends_is_gone_on_with(monkeypatch: pytest.MonkeyPatch) -> None:
    address, typed = free_port(), Typing()
    with Terminal("10000161", host=address) as terminal:
        screen = Screen(("Pay 1.00.", lambda: terminal.sale("1.00")), ("Pay 2.00.", lambda: typed.type("q")))
        code = run_as_a_person(monkeypatch, typed, screen, *BEGIN, "--listen", address, "--out", "out")
        assert code == Code.INTERRUPTED
        assert "1 of 2 cases passed, 1 left" in screen.getvalue()
        assert "To go on: acquirer certify run --resume out" in screen.getvalue()
        typed = Typing()
        screen = Screen(
            ("Pay 2.00.", lambda: terminal.sale("2.00")),
            ("Did it print?", lambda: typed.type("no")),
            ("next case", lambda: typed.type("n")),
        )
        code = run_as_a_person(monkeypatch, typed, screen, "--resume", "out", "--listen", address)
    assert code == Code.OK
    assert "Pay 1.00." not in screen.getvalue()
    assert "1 of 2 cases passed, 1 failed" in screen.getvalue()
    assert [one["verdict"] for one in json.loads(Path("out/report.json").read_text())["results"]] == [
        "passed", "failed",
    ]  # fmt: skip


def test_at_the_end_of_the_input_questions_stay_open(monkeypatch: pytest.MonkeyPatch) -> None:
    address, typed = free_port(), Typing()
    typed.end()
    with Terminal("10000161", host=address) as terminal:
        screen = Screen(("Pay 2.00.", lambda: terminal.sale("2.00")))
        arguments = (*BEGIN, "--listen", address, "--case", "prints", "--out", "out")
        assert run_as_a_person(monkeypatch, typed, screen, *arguments) == Code.OK
    assert "could not be judged: the question was not answered" in screen.getvalue()


def certify(*arguments: str) -> list[str]:
    return ["certify", "run", "--listen", "127.0.0.1:0", "--tid", "10000161", *arguments]


def test_our_own_terminal_leaves_reports_of_three_kinds(place: Path, capsys: Say) -> None:
    assert cli.run(certify("--own-terminal", "--cases", "cases.toml", "--out", "out", "--json")) == Code.OK
    out, err = capsys.readouterr()
    printed = json.loads(out)
    assert printed == json.loads(Path("out/report.json").read_text())
    assert (printed["overall"], printed["totals"]["passed"]) == ("passed", 2)
    assert "→ Pay 1.00." in err
    suites = ElementTree.parse(place / "out/junit.xml").getroot()
    assert (suites.get("tests"), suites.get("failures"), suites.get("errors")) == ("2", "0", "0")
    page = Path("out/report.html").read_text()
    assert "<script" not in page
    assert "10000161" in page
    assert not re.search(r"(src|href)=\"(?!#)", page)


def test_a_folder_that_holds_a_run_is_not_written_over(capsys: Say) -> None:
    arguments = certify("--own-terminal", "--cases", "cases.toml", "--case", "sells", "--out", "out")
    assert cli.run(arguments) == Code.OK
    assert cli.run(arguments) == Code.USAGE
    problem = "holds a run already; name another folder, or go on with that run by --resume"
    assert capsys.readouterr().err == f"out: {problem}\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--tid", ""], "--tid is missing: name the terminal that is certified, by its number."),
        (["--tid", "10000169"], "--tid: the demo set holds no terminal '10000169'; did you mean '20000169'?"),
        (["--case", "sels"], "--case: there is no case 'sels'; did you mean 'sells'?"),
        (["--without", "signatur"], "--without: there is no feature 'signatur'; did you mean 'signature'?"),
        (["--timeout", "soon"], "--timeout: 'soon' is not a duration; write it like 3s, 250ms or 1min"),
        (["--drive", "'"], "--drive: ''' is no command: No closing quotation."),
        (["--drive", "x", "--own-terminal"], "--drive and --own-terminal: who does the steps is one of them"),
        (["--resume", "out", "--out", "out"], "--out and --resume: a run goes on in its own folder"),
        (["--resume", "none"], "none/report.json: cannot be read (No such file or directory)"),
        (["--cases", "none.toml"], "none.toml: cannot be read (No such file or directory); name a file of cases"),
        (["--listen", "here"], "--listen: 'here' is not an address"),
        (["--listen", "0=iso8583-1987-bcd"], "--listen 0=iso8583-1987-bcd: the dialect is that of the cases"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(arguments: list[str], sentence: str, capsys: Say) -> None:
    defaults = ["--listen", "127.0.0.1:0", "--cases", "cases.toml", "--tid", "10000161"]
    assert cli.run(["certify", "run", *defaults, *arguments]) == Code.USAGE
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(sentence)


def test_an_address_that_is_taken_ends_with_3(capsys: Say) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        arguments = ["certify", "run", "--listen", address, "--tid", "10000161", "--own-terminal"]
        assert cli.run([*arguments, "--out", "out"]) == Code.NO_CONNECTION
    assert address in capsys.readouterr().err


def test_a_run_goes_on_with_the_same_cases_only(capsys: Say) -> None:
    assert cli.run(certify("--own-terminal", "--cases", "cases.toml", "--case", "sells", "--out", "out")) == Code.OK
    capsys.readouterr()
    Path("cases.toml").write_text(CASES.replace("Else there", "Otherwise there"), encoding="utf-8")
    assert cli.run(["certify", "run", "--resume", "out", "--listen", "127.0.0.1:0"]) == Code.USAGE
    assert "these are other cases, or another --timeout, than it began with" in capsys.readouterr().err


@pytest.mark.slow
def test_a_run_that_was_killed_goes_on_where_it_was(place: Path) -> None:
    command = [ACQUIRER, *certify("--own-terminal", "--cases", "reversals", "--cases", "replies", "--out", "out")]
    with subprocess.Popen(command, cwd=place, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("6/"):
                process.send_signal(signal.SIGKILL)
                break
    before = json.loads(Path("out/report.json").read_text())
    assert len(before["results"]) == 5
    resumed = subprocess.run(
        [ACQUIRER, "certify", "run", "--resume", "out", "--listen", "127.0.0.1:0"],
        cwd=place, capture_output=True, text=True, timeout=HANGS_S, check=False,
    )  # fmt: skip
    assert (resumed.returncode, resumed.stderr) == (Code.OK, "")
    after = json.loads(Path("out/report.json").read_text())
    assert after["results"][:5] == before["results"]
    assert after["overall"] == "passed"


@pytest.mark.slow
def test_a_command_does_the_steps(place: Path) -> None:
    shutil.copy(ROOT / "docs/examples/certify/drive.py", place)
    cases = [word for name in ("sale-without-answer", "declined", "sent-once") for word in ("--case", name)]
    environment = {**os.environ, "PATH": f"{Path(ACQUIRER).parent}{os.pathsep}{os.environ['PATH']}"}
    command = [ACQUIRER, *certify("--drive", f"{sys.executable} drive.py", "--timeout", "2s", *cases, "--out", "out")]
    done = subprocess.run(
        command, cwd=place, env=environment, capture_output=True, text=True, timeout=HANGS_S, check=False
    )
    assert done.returncode == Code.OK, done.stdout + done.stderr
    assert "OK: 3 of 3 cases passed" in done.stdout


def drive(place: Path, source: str) -> str:
    (place / "drive.py").write_text(f"import os, sys\n{source}\n", encoding="utf-8")
    return f"{sys.executable} drive.py"


@pytest.mark.parametrize(
    ("source", "verdict", "sentence"),
    [
        ("sys.exit(77 if os.environ['CERTIFY_STEP'] == '1' else 0)", "not-done", "cannot do step 1"),
        ("print('no card'); sys.exit(3)", "not-judged", "ended with 3 at step 0: no card"),
    ],
)
def test_what_a_command_cannot_do_stands_in_the_report(place: Path, source: str, verdict: str, sentence: str) -> None:
    arguments = certify("--drive", drive(place, source), "--cases", "cases.toml", "--case", "sells", "--out", "out")
    assert cli.run(arguments) == Code.EXPECTATION_FAILED
    (result,) = json.loads(Path("out/report.json").read_text())["results"]
    assert result["verdict"] == verdict
    assert sentence in result["sentence"]


def test_settings_are_those_of_every_command(monkeypatch: pytest.MonkeyPatch, capsys: Say) -> None:
    mine = '[[terminal]]\ntid = "77000001"\nmid = "880210010210162"\ntmk = "258FB0AB70D025CDB99DF2C4D302D646"\n'
    Path("mine.toml").write_text(mine, encoding="utf-8")
    Path("acquirer.toml").write_text('terminals = "mine.toml"\nlisten = "127.0.0.1:0"\n', encoding="utf-8")
    arguments = ["certify", "run", "--own-terminal", "--cases", "cases.toml", "--tid", "77000001", "--out"]
    assert cli.run([*arguments, "out"]) == Code.OK
    monkeypatch.setenv("ACQUIRER_LISTEN", "127.0.0.1:0,tls=shop")
    assert cli.run([*arguments, "other"]) == Code.USAGE
    assert "tls=shop: our own terminal is certified without TLS; leave ,tls=shop away." in capsys.readouterr().err
    assert not Path("other").exists()
    arguments.remove("--own-terminal")
    assert cli.run([*arguments, "other"]) == Code.USAGE
    assert "there is no [tls.shop] in acquirer.toml" in capsys.readouterr().err


def test_a_terminal_is_certified_over_tls_and_shows_why_a_handshake_failed(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_certificates(place / "tls", WantedCertificates(tids=("10000161",)))
    table = '[tls.shop]\ncertificate = "tls/server.pem"\nkey = "tls/server.key"\nauthority = "tls/authority.pem"\n'
    Path("acquirer.toml").write_text(table, encoding="utf-8")
    address, typed = free_port(), Typing()
    own: Any = {"tls_certificate": "tls/terminals/{tid}.pem", "tls_key": "tls/terminals/{tid}.key"}
    without = Terminal("10000161", host=address, tls_ca="tls/authority.pem")
    with without, Terminal("10000161", host=address, tls_ca="tls/authority.pem", **own) as terminal:
        screen = Screen(
            ("Pay 1.00.", lambda: without.sale("1.00")),
            ("one is required", lambda: terminal.sale("1.00")),
        )
        arguments = (*BEGIN, "--case", "sells", "--listen", f"{address},tls=shop", "--out", "out")
        assert run_as_a_person(monkeypatch, typed, screen, *arguments) == Code.OK
    text = screen.getvalue()
    assert f"ready: {address} waits for terminal 10000161 (unionpay-pos, TLS shop)" in text
    assert "     ← the terminal sent no certificate, and one is required\n" in text
    assert "     ← 0200 sale 000002 1.00  → 00\n     passed\n" in text


def test_two_reports_are_compared(capsys: Say) -> None:
    for folder in ("a", "b"):
        assert cli.run(certify("--own-terminal", "--cases", "cases.toml", "--out", folder)) == Code.OK
    capsys.readouterr()
    assert cli.run(["certify", "diff", "a", "b"]) == Code.OK
    assert capsys.readouterr().out == "2 same\n"
    document: dict[str, Any] = json.loads(Path("b/report.json").read_text())
    document["results"][0]["verdict"] = "failed"
    document["results"][0]["findings"][0]["difference"] = "expected exactly 1 sale, saw 2"
    Path("b/report.json").write_text(json.dumps(document))
    assert cli.run(["certify", "diff", "a/report.json", "b"]) == Code.EXPECTATION_FAILED
    assert capsys.readouterr().out == (
        "worse   sells  passed → failed\n        does not hold any more: one sale\n1 worse, 1 same\n"
    )
    assert cli.run(["certify", "diff", "b", "a", "--json"]) == Code.OK
    found = json.loads(capsys.readouterr().out)
    assert found["totals"] == {"worse": 0, "better": 1, "changed": 0, "new": 0, "gone": 0, "same": 1}
    assert found["changes"][0]["lines"] == ["holds now: one sale"]


def test_what_is_no_report_is_refused(capsys: Say) -> None:
    Path("other.json").write_text("{}")
    Path("torn.json").write_text('{"format": ')
    for name, problem in (("other.json", "is no report of a certification"), ("torn.json", "is not JSON")):
        assert cli.run(["certify", "diff", name, name]) == Code.USAGE
        assert problem in capsys.readouterr().err


def test_cases_are_listed_and_shown(capsys: Say) -> None:
    assert cli.run(["certify", "list", "--cases", "cases.toml"]) == Code.OK
    assert "sells   cases  must             A sale is approved" in capsys.readouterr().out
    assert cli.run(["certify", "show", "prints", "--cases", "cases.toml"]) == Code.OK
    shown = capsys.readouterr().out
    assert "why     Customers ask for it." in shown
    assert "1  Pay 2.00.\n   - a slip\n     Did it print? yes\n" in shown
    assert cli.run(["certify", "list", "--json"]) == Code.OK
    assert len(json.loads(capsys.readouterr().out)) >= 40
    assert cli.run(["certify", "show", "pints", "--cases", "cases.toml"]) == Code.USAGE
    assert capsys.readouterr().err == "CASE: there is no case 'pints'; did you mean 'prints'?\n"
