"""One file of tests, run with a host in the process of pytest and with one in another process, reached by HTTP."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from acquirer.app.host_client import HostClient
from acquirer.settings.door_file import HostDoor
from acquirer.testing.remote_time import RemoteClock
from tests.testing.test_plugin import RunPytest, outcomes, run_pytest

__all__ = ["run_pytest"]

TESTS = """
import pytest


def test_signs_on(acquirer):
    assert acquirer.terminal().sign_on().ok
    acquirer.verify("sign_on", code="00", count=1)


def test_declined(acquirer):
    acquirer.expect("sale", amount=">10.00").reply("51").once()
    terminal = acquirer.terminal()
    assert terminal.sale("12.00").code == "51"
    assert terminal.sale("12.00").code == "00"
    assert acquirer.find("sale", code="51").rule
    acquirer.verify_order("sign_on", {"service": "sale", "code": "51"}, {"service": "sale", "code": "00"})


def test_reverses_after_silence(acquirer):
    terminal = acquirer.terminal(timeout="1s")
    terminal.sign_on()
    with acquirer.fault("silent", when={"service": "sale"}) as fault:
        terminal.sale("12.00")
    assert fault.applied == 1
    sale = acquirer.find("sale")
    acquirer.verify("reversal", stan=sale.stan, count=1, code="00")
    acquirer.verify("sale", count=1, for_="250ms")


def test_terminal_under_test_is_enrolled(acquirer):
    enrolled = acquirer.enroll(policy={"required": "never"})
    assert (enrolled.address, len(enrolled.tmk_kcv)) == (acquirer.address, 8)
    assert acquirer.list("sale") == []


def test_keys_change_behind_its_back(acquirer):
    terminal = acquirer.terminal()
    terminal.sign_on()
    acquirer.host.rotate_keys(terminal.tid)
    assert terminal.sale("1.00").code == "A0"
    acquirer.verify("sale", reason="mac_differs")


@pytest.mark.acquirer(pack="issuer-down")
def test_a_pack(acquirer):
    assert acquirer.terminal().sale("1.00").code == "91"


def test_others_are_not_seen(acquirer):
    assert acquirer.list() == []
    acquirer.terminal().sale("1.00")
    assert {entry.tid for entry in acquirer.list()} == set(acquirer.tids)


@pytest.mark.xfail(strict=True, raises=AssertionError)
def test_what_is_not_so(acquirer):
    acquirer.terminal().sale("1.00")
    acquirer.verify("sale", code="51", within="100ms")
"""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A host in another process, with HTTP; what its ready line says."""
    command = [sys.executable, "-m", "acquirer", "serve", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"]
    with subprocess.Popen(
        [*command, "--store", f"sqlite:///{tmp_path}/host.db", "--log", "off", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


def answer(url: str, path: str) -> Any:
    return HostClient(HostDoor(url, "", 0)).ask("GET", path)


def test_its_clock_waits_in_real_time_until_a_socket_can_be_read() -> None:
    clock = RemoteClock(HostClient(HostDoor("http://127.0.0.1:1", "", 0)), ZoneInfo("UTC"))
    here, there = socket.socketpair()
    with here, there:
        assert not clock.wait_readable(here, 0.01)
        there.sendall(b"1")
        assert clock.wait_readable(here, 60.0)


@pytest.mark.slow
def test_the_same_file_passes_with_a_host_in_this_process_and_in_another(
    run_pytest: RunPytest, served: dict[str, str]
) -> None:
    here = run_pytest(TESTS)
    assert outcomes(here) == {"passed": 7}, here.stdout
    there = run_pytest(TESTS, f"--acquirer-host={served['http']}")
    assert outcomes(there) == {"passed": 7}, there.stdout
    assert answer(served["http"], "/rules")["rules"] == answer(served["http"], "/faults")["faults"] == []


@pytest.mark.slow
def test_a_failure_says_the_same_of_both(run_pytest: RunPytest, served: dict[str, str]) -> None:
    source = """
def test_fails(acquirer):
    acquirer.terminal().sale("1.00")
    acquirer.verify("reversal", within="100ms")
def test_unmet(acquirer):
    acquirer.expect("sale").reply("51").once()
    acquirer.terminal().sign_on()
"""
    for arguments in ((), (f"--acquirer-host={served['http']}",)):
        done = run_pytest(source, *arguments)
        assert outcomes(done)["failed"] >= 1, done.stdout
        assert "expected at least 1 reversal" in done.stdout
        assert "expected exactly 1 sale, saw 0" in done.stdout
        assert "acquirer: what the host saw" in done.stdout


@pytest.mark.slow
def test_what_another_process_cannot_do_is_refused_in_a_sentence(run_pytest: RunPytest, served: dict[str, str]) -> None:
    source = """
def test_clock(acquirer):
    acquirer.clock.advance("60s")
def test_books(acquirer):
    acquirer.host.transactions
"""
    done = run_pytest(source, f"--acquirer-host={served['http']}")
    assert outcomes(done) == {"failed": 2}, done.stdout
    assert "cannot be set 60s ahead together" in done.stdout
    assert "acquirer.host.transactions needs a host in this process" in done.stdout
    gone = run_pytest("def test_one(acquirer):\n    pass\n", "--acquirer-host=http://127.0.0.1:1")
    assert "--acquirer-host: the host at http://127.0.0.1:1 does not answer as it should" in gone.stdout
