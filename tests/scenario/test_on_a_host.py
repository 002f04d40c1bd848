"""Each shipped fault on a whole host, with a terminal that meets it.

Time-outs are a second where an answer is expected before or after the fault: on a busy machine too it is there by then.
"""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from acquirer.app.terminal import Terminal
from acquirer.settings.specs import load_dialect
from acquirer.terminal.exchange import Outcome
from acquirer.testing import RunningHost, running_host

TID = "10000161"
ECHO = next(bytes.fromhex(s.hex) for s in load_dialect("unionpay-pos").samples if s.title == "echo test")


def terminal(host: RunningHost, timeout_s: float = 5.0, tid: str = TID) -> Terminal:
    return Terminal(tid, host=host.address, timeout_s=timeout_s)


def test_silent_books_the_sale_and_its_reversal_finds_it() -> None:
    with running_host(fault=["silent:service=sale,amount=13.13,name=tunnel"]) as host, terminal(host, 1) as pos:
        assert pos.sale("12.00").outcome is Outcome.APPROVED
        result = pos.sale("13.13")
        assert (result.outcome, result.reversal) == (Outcome.NO_ANSWER, "done")
        assert [(one.amount_minor, one.state) for one in host.transactions] == [(1200, "approved"), (1313, "reversed")]
        entry = host.journal.find(service="sale", amount_minor=1313)
        assert (entry.fault, entry.delivery, entry.code) == ("tunnel", "withheld", "00")


def test_a_lost_request_is_not_booked_and_its_reversal_finds_nothing() -> None:
    with running_host(fault=["lost_request:service=sale,count=1"]) as host, terminal(host, 1) as pos:
        result = pos.sale("13.13")
        assert (result.outcome, result.reversal) == (Outcome.NO_ANSWER, "done")
        assert host.journal.find(service="reversal").code == "25"
        assert [one.state for one in host.transactions] == ["tombstone"]
        entry = host.journal.find(service="sale")
        assert (entry.fault, entry.code, entry.reply) == ("lost_request", "", None)
        assert pos.sale("13.13").outcome is Outcome.APPROVED  # the fault has acted once, as declared


def test_a_late_reply_is_sent_when_its_time_has_come() -> None:
    with running_host(fault=["late:after=300ms,service=echo"]) as host, terminal(host) as pos:
        pos.sign_on()
        start_s = time.monotonic()
        assert pos.echo().outcome is Outcome.APPROVED
        assert time.monotonic() - start_s >= 0.3
        assert host.journal.find(service="echo").fault == "late"


@pytest.mark.slow
def test_a_reply_that_is_later_than_the_terminal_waits_leaves_a_reversed_sale() -> None:
    fault = "late:after=2s,service=sale,count=1"
    with running_host(fault=[fault]) as host, terminal(host, 1) as pos:
        result = pos.sale("13.13")
        assert (result.outcome, result.reversal) == (Outcome.NO_ANSWER, "done")
        assert [one.state for one in host.transactions] == ["reversed"]
        assert pos.sale("14.00").outcome is Outcome.APPROVED


@pytest.mark.slow
def test_a_held_back_reply_holds_up_no_other_terminal() -> None:
    with (
        running_host(fault=[f"late:after=2s,tid={TID},service=sign_on"]) as host,
        terminal(host, 0.2) as slow,
        terminal(host, 5, "10000162") as other,
    ):
        assert slow.sign_on().outcome is Outcome.NO_ANSWER
        assert other.sign_on().outcome is Outcome.APPROVED
        assert host.journal.find(tid="10000162").fault == ""


def echoes(host: RunningHost, count: int, answered: int) -> list[str]:
    """Send echo tests at once and read the replies; return the fault that acted on each."""
    with socket.create_connection((host.host, host.port), timeout=10) as sock, sock.makefile("rb") as replies:
        sock.sendall(ECHO * count)
        for _ in range(answered):
            assert replies.read(int.from_bytes(replies.read(2), "big"))
        sock.shutdown(socket.SHUT_WR)
        assert replies.read() == b""
    return [entry.fault for entry in host.journal.list(service="echo")]


def test_a_fault_before_the_decision_goes_before_one_of_the_reply() -> None:
    faults = ["silent:service=echo,count=1", "lost_request:service=echo,count=1"]
    with running_host(fault=faults) as host:
        assert echoes(host, 3, answered=1) == ["lost_request", "silent", ""]


def test_faults_of_a_file_and_two_hosts_that_share_nothing(tmp_path: Path) -> None:
    path = tmp_path / "faults.toml"
    path.write_text('[[fault]]\nkind = "silent"\nservice = "echo"\ncount = 1\n')
    with running_host(fault=[str(path)]) as first, running_host(fault=[str(path)]) as second:
        for host in (first, second):
            assert echoes(host, 2, answered=1) == ["silent", ""]
