"""The pytest plugin, in a project of its own: what it costs, what it shows, what it refuses."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from acquirer.testing import running_host

HEAVY = ("acquirer.app", "acquirer.host", "acquirer.wire", "acquirer.store", "twisted", "sqlalchemy", "cryptography")

RunPytest = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run_pytest(tmp_path: Path) -> RunPytest:
    """``run_pytest(source, *arguments, conftest="")``: runs pytest on one file, as a user does."""

    def run(source: str, *arguments: str, conftest: str = "") -> subprocess.CompletedProcess[str]:
        (tmp_path / "test_one.py").write_text(source)
        (tmp_path / "conftest.py").write_text(conftest)
        (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\n")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:randomly", "-p", "no:cacheprovider", *arguments],
            cwd=tmp_path,
            env={**environment, "COLUMNS": "120"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run


def outcomes(done: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """Return how many tests ended how, of the last line."""
    return {
        word: int(n) for n, word in re.findall(r"(\d+) (passed|failed|errors?|skipped)", done.stdout.splitlines()[-1])
    }


def test_importing_it_loads_nothing_but_pytest() -> None:
    source = (
        "import sys, pytest, typing, json; before = set(sys.modules);"
        "import acquirer.testing.plugin; print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True, timeout=120)
    assert json.loads(done.stdout) == ["acquirer", "acquirer.testing", "acquirer.testing.plugin"]


@pytest.mark.slow
def test_a_run_without_our_fixtures_loads_nothing_of_ours(run_pytest: RunPytest) -> None:
    done = run_pytest(
        "import sys\n"
        f"def test_nothing():\n    assert not [name for name in sys.modules if name.startswith({HEAVY!r})]\n"
    )
    assert outcomes(done) == {"passed": 1}, done.stdout


@pytest.mark.slow
def test_three_tests_of_a_stranger(run_pytest: RunPytest) -> None:
    done = run_pytest(
        """
def test_signs_on(acquirer):
    assert acquirer.terminal().sign_on().ok
    acquirer.verify("sign_on", code="00")

def test_a_declined_sale(acquirer):
    acquirer.expect("sale", amount=">10.00").reply("51").once()
    assert acquirer.terminal().sale("12.00").code == "51"

def test_reverses_after_silence(acquirer):
    with acquirer.fault("silent", when={"service": "sale"}):
        assert acquirer.terminal().sale("12.00").reversal == "done"
    acquirer.verify("reversal", stan=acquirer.find("sale").stan, count=1)
"""
    )
    assert outcomes(done) == {"passed": 3}, done.stdout


FAILING = """
import socket
import pytest

def test_another_code(acquirer):
    terminal = acquirer.terminal()
    acquirer.host.rotate_keys(terminal.tid) if terminal.sign_on().ok else None
    assert terminal.sale("12.00").code == "00"

def test_not_verified(acquirer):
    acquirer.terminal().sale("1.00")
    acquirer.verify("reversal")

def test_unmet(acquirer):
    acquirer.expect("refund").once()
    acquirer.terminal().sale("1.00")

@pytest.mark.acquirer(strict=True)
def test_strict(acquirer):
    acquirer.terminal().echo()

def test_unreadable(acquirer):
    with socket.create_connection((acquirer.host.host, acquirer.port)) as peer:
        peer.sendall(b"GET / HTTP/1.1\\r\\n\\r\\n")
        peer.recv(1)

@pytest.fixture
def my(acquirer):
    terminal = acquirer.terminal()
    assert terminal.sale("1.00").failed
    return terminal

def test_of_a_fixture(my):
    pass

@pytest.fixture
def mine(acquirer):
    terminal = acquirer.terminal()
    terminal.echo()
    yield terminal
    assert terminal.sale("1.00").failed

def test_of_the_end_of_a_fixture(mine):
    pass

def test_skipped(acquirer):
    acquirer.expect("refund").once()
    pytest.skip("not today")

@pytest.mark.xfail
def test_that_is_to_fail(acquirer):
    acquirer.expect("refund").once()
    assert acquirer.terminal().sale("1.00").failed
"""


@pytest.mark.slow
@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_failures_say_what_the_host_saw(run_pytest: RunPytest, tmp_path: Path, workers: tuple[str, ...]) -> None:
    done = run_pytest(FAILING, *workers, "--junit-xml=out.xml")
    assert outcomes(done) == {"failed": 2, "passed": 4, "errors": 5, "skipped": 1}, done.stdout
    suite = ElementTree.parse(tmp_path / "out.xml")
    texts = {
        case.get("name"): "".join(part.text or "" for part in [*case.iter("failure"), *case.iter("error")])
        for case in suite.iter("testcase")
        if [*case.iter("failure"), *case.iter("error")]
    }
    says = {
        "test_another_code": r"'A0' == '00'.*of <sale 000002: declined, A0 .*MAC differs: expected",
        "test_not_verified": "expected at least 1 reversal within 5 s, saw 0 of 2 exchanges of terminal 9",
        "test_unmet": "expected exactly 1 refund, saw 0\nnearest: #",
        "test_strict": "no step of the test asked about an exchange, and the test is strict: <#",
        "test_unreadable": "a frame could not be read, .*: <#.*this is an HTTP request",
        "test_of_a_fixture": "assert False.*<sale 000002: approved, 00 approved, host: approved on card",
        "test_of_the_end_of_a_fixture": r"assert False.*<sale \d+: approved, .* saw.*0200 sale .* approved",
    }
    assert texts.keys() == says.keys()
    for name, pattern in says.items():
        assert re.search(pattern, texts[name], re.DOTALL), (name, texts[name])
        assert "acquirer: what the host saw" in texts[name]
        assert texts[name].count("acquirer/testing/") <= 1, "our own lines are hidden"
    assert "6212345678901232" not in done.stdout
    assert "what the host saw" in done.stdout


@pytest.mark.slow
def test_each_worker_has_one_host(run_pytest: RunPytest, tmp_path: Path) -> None:
    done = run_pytest(
        """
import os, pathlib, pytest
@pytest.mark.parametrize("n", range(12))
def test_one(acquirer, n):
    assert acquirer.terminal().sign_on().ok
    name = os.environ["PYTEST_XDIST_WORKER"]
    with pathlib.Path("seen.txt").open("a") as seen:
        seen.write(f"{name} {acquirer.port}\\n")
""",
        "-n",
        "4",
        "--acquirer-log=host.log",
    )
    assert outcomes(done) == {"passed": 12}, done.stdout
    pairs = {tuple(line.split()) for line in (tmp_path / "seen.txt").read_text().splitlines()}
    workers = {worker for worker, _ in pairs}
    assert len(pairs) == len(workers) == len({port for _, port in pairs})
    assert {path.name for path in tmp_path.glob("host-*.log")} == {f"host-{worker}.log" for worker in workers}


@pytest.mark.slow
def test_golden_bytes(run_pytest: RunPytest, tmp_path: Path) -> None:
    source = """
def test_golden(acquirer):
    terminal = acquirer.terminal()
    reply = terminal.sign_on().exchange.reply
    print("SEEN", reply.raw.hex(), terminal.state.keys.kcvs, acquirer.clock.now.isoformat())
"""
    conftest = """
import pytest
@pytest.fixture(scope="session")
def acquirer_options():
    return {"clock": "2026-01-02T08:00:00", "keys": "fixed"}
"""
    seen = []
    for _ in range(2):
        done = run_pytest(source, "-s", "--acquirer-seed=7", conftest=conftest)
        seen.append(re.search(r"SEEN (\w+) (PIK 900ECCE3, MAK CFF1592A) (\S+)", done.stdout).groups())
    assert seen[0][0] == seen[1][0]
    assert seen[0][2] == "2026-01-02T08:00:00+08:00"


BAD = (
    ('{"dialect": "martian"}', "", "acquirer_options: .*no dialect of this name"),
    ('{"dialct": "x"}', "", "acquirer_options: a host has no setting 'dialct'; did you mean 'dialect'"),
    ('{"keys": "mine"}', "", "keys: 'mine' is neither 'fresh' nor 'fixed'"),
    ('{"clock": "soon"}', "", "acquirer_options: clock: 'soon'"),
    ("{}", "strikt=True", "@pytest.mark.acquirer has no 'strikt'; did you mean 'strict'"),
    ("{}", "True", "@pytest.mark.acquirer takes strict=…, pack=…, terminals=…, clock=…"),
    ("{}", "pack='day-ned'", r"@pytest.mark.acquirer\(pack=…\): .*no pack is called 'day-ned'"),
    ("{}", "terminals=0", "terminals is a number from 1, not 0"),
    ("{}", "strict='yes'", "strict is True or False, not 'yes'"),
    ("{}", "pack=3", "pack is the name of a pack, or a list of names, not 3"),
    ("{}", "clock='soon'", "clock: 'soon' is neither 'virtual' nor 'real'"),
)
"""Options, a marker, and the sentence about them."""


@pytest.mark.slow
def test_what_cannot_be_used_is_one_sentence(run_pytest: RunPytest) -> None:
    source = "import pytest\n"
    for n, (options, marker, _) in enumerate(BAD):
        mark = f"@pytest.mark.acquirer({marker})" if marker else "@pytest.mark.acquirer"
        source += f"""
class Test{n}:
    @pytest.fixture(scope="session")
    def acquirer_options(self):
        return {options}

    @pytest.fixture(scope="session")
    def acquirer_host(self, acquirer_options, pytestconfig):
        from acquirer.testing import sessions
        yield from sessions.hosts(acquirer_options, pytestconfig)

    {mark}
    def test_one(self, acquirer):
        pass
"""
    done = run_pytest(source)
    assert outcomes(done) == {"errors": len(BAD)}, done.stdout
    assert "Traceback" not in done.stdout
    for n, (_, _, sentence) in enumerate(BAD):
        shown = done.stdout.split(f"ERROR at setup of Test{n}.test_one")[1].split("ERROR at")[0]
        assert re.search(sentence, shown), shown
        assert "sessions.py" not in shown, "one sentence, and no traceback"


MISUSED = {
    "terminal('99')": "DataError: .*'99' is not a terminal number",
    "terminal(dialect='martian')": "LookupError: this host does not speak 'martian'; it speaks unionpay-pos",
    "terminal(timeout='soon')": "ValueError: 'soon' is not a duration",
    "terminal().sale('abc')": "ValueError: 'abc' is no amount; write it like 12.34",
    "verify('sale', cod='00')": "TypeError: an exchange has no 'cod'",
    "expect('sale', amuont='>1')": "ConditionError: amuont: unknown key; did you mean 'amount'",
    "expect('sale').reply('5')": "DataError: rule: then.code: unionpay-pos knows no response code '5'",
    "fault('slient').__enter__()": "DataError: .*unknown kind 'slient'; did you mean 'silent'",
    "clock.advance(-5)": "ValueError: -5 is not a duration: time goes forward",
}
"""What a test does that it cannot, and the sentence about it."""


@pytest.mark.slow
def test_what_cannot_be_done_is_one_sentence_at_the_line_of_the_test(run_pytest: RunPytest) -> None:
    tests = [f"def test_{n}(acquirer):\n    acquirer.{call}\n" for n, call in enumerate(MISUSED)]
    done = run_pytest("".join(tests))
    assert outcomes(done) == {"failed": len(MISUSED)}, done.stdout
    for n, (call, sentence) in enumerate(MISUSED.items()):
        shown = re.split(r"\n_+ test_", done.stdout)[n + 1]
        assert re.search(rf">       acquirer.{re.escape(call)}\n(        \S*\n)?E       .*{sentence}", shown), shown
        assert "acquirer/" not in shown, "our own lines are hidden"
    shown = run_pytest("".join(tests), "--full-trace", "-k", "test_0").stdout
    assert "acquirer/settings/terminals.py" in shown


@pytest.mark.slow
@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("--acquirer-host=nonsense", "--acquirer-host: 'nonsense' is no address; write HOST:PORT"),
        ("--acquirer-log=nowhere/host.log", "--acquirer-log: nowhere/host.log: no such file or directory"),
    ],
)
def test_an_option_that_cannot_be_used_is_one_sentence(run_pytest: RunPytest, option: str, sentence: str) -> None:
    done = run_pytest("def test_one(acquirer):\n    pass\n", option)
    assert outcomes(done) == {"error": 1}, done.stdout
    assert sentence in done.stdout
    assert "During handling" not in done.stdout


@pytest.mark.slow
def test_markers_choose_pack_number_and_clock(run_pytest: RunPytest) -> None:
    done = run_pytest(
        """
import time
import pytest

@pytest.mark.acquirer(pack="issuer-down")
class TestDown:
    def test_down(self, acquirer):
        assert acquirer.terminal().sale("1.00").code == "91"

    @pytest.mark.acquirer(pack=["maintenance"], terminals=1)
    def test_maintenance(self, acquirer):
        assert acquirer.terminal().sale("1.00").code == "96"
        with pytest.raises(LookupError):
            acquirer.terminal()

@pytest.mark.acquirer(clock="real")
def test_in_real_time(acquirer):
    terminal = acquirer.terminal(timeout="300ms")
    terminal.sign_on()
    with acquirer.fault("silent", when={"service": "echo"}):
        began_s = time.monotonic()
        terminal.echo()
        assert time.monotonic() - began_s >= 0.3
"""
    )
    assert outcomes(done) == {"passed": 3}, done.stdout


@pytest.mark.slow
def test_a_host_elsewhere_gives_its_terminals_only(run_pytest: RunPytest) -> None:
    with running_host() as host:
        done = run_pytest(
            """
def test_sells(acquirer):
    assert acquirer.terminal().sale("1.00").ok
    assert acquirer.address.startswith("127.0.0.1:")

def test_verifies(acquirer):
    acquirer.verify("sale")
""",
            f"--acquirer-host={host.address}",
        )
        assert outcomes(done) == {"passed": 1, "failed": 1}, done.stdout
        assert re.search(
            r"acquirer.verify needs a host in this process; with --acquirer-host 127.0.0.1:\d+ tests have "
            r"acquirer.terminal\(\) and acquirer.address only",
            done.stdout,
        )
        assert len(host.journal.list("sale", code="00")) == 1
