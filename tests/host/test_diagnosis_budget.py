"""A flood of broken frames is refused without a cause looked for, and others are answered meanwhile."""

from __future__ import annotations

import socket
import threading

import pytest

from acquirer.host.diagnosis_budget import A_SECOND, BURST, FIRST, NOT_LOOKED_FOR, PEERS, RESERVE, DiagnosisBudget
from acquirer.settings.specs import load_dialect
from acquirer.testing import running_host

UNIONPAY = load_dialect("unionpay-pos")
ECHO = bytes.fromhex(next(sample.hex for sample in UNIONPAY.samples if "echo" in sample.title.lower()))


def broken() -> bytes:
    """Return a sale that ends within its fields."""
    sale = bytes.fromhex(next(sample.hex for sample in UNIONPAY.samples if sample.title.lower().startswith("sale")))
    body = sale[2:-20]
    return len(body).to_bytes(2) + body


def test_a_burst_then_so_many_a_second() -> None:
    budget = DiagnosisBudget()
    peers = [f"127.0.0.1:{number}" for number in range(2 * BURST)]
    assert sum(budget.take(1000.0, peer) for peer in peers) == BURST
    assert sum(budget.take(1000.5, peer) for peer in peers) == A_SECOND // 2
    assert sum(budget.take(999.0, peer) for peer in peers) == 0
    assert sum(budget.take(10_000.0, peer) for peer in peers) == BURST


def test_where_time_plays_no_role_all_are_explained() -> None:
    budget = DiagnosisBudget()
    assert all(budget.take(float("inf"), "") for _ in range(2 * BURST))


def test_one_that_floods_leaves_others_their_first_explanations() -> None:
    budget = DiagnosisBudget()
    assert sum(budget.take(1000.0, "flood") for _ in range(2 * BURST)) == BURST - RESERVE
    assert [budget.take(1000.0, "other") for _ in range(FIRST + 1)] == [True] * FIRST + [False]
    assert not budget.take(1000.1, "flood")
    assert budget.take(1000.1, "third")
    assert sum(budget.take(1001.0, "flood") for _ in range(BURST)) == A_SECOND - FIRST - 1, "once the reserve is whole"


def test_only_so_many_peers_are_remembered() -> None:
    budget = DiagnosisBudget()
    for number in range(2 * PEERS):
        assert budget.take(1000.0 + number, str(number))
    assert len(budget._had) == PEERS


@pytest.mark.slow
def test_a_flood_on_one_connection_keeps_no_other_waiting() -> None:
    count = 600  # fewer than may wait for the journal
    with running_host() as host:
        with (
            socket.create_connection((host.host, host.port), timeout=120) as flood,
            socket.create_connection((host.host, host.port), timeout=120) as other,
        ):
            sender = threading.Thread(target=flood.sendall, args=(broken() * count,))
            sender.start()
            for _ in range(20):
                other.sendall(ECHO)
                size = int.from_bytes(other.recv(2, socket.MSG_WAITALL))
                assert len(other.recv(size, socket.MSG_WAITALL)) == size
            for _ in range(count):
                size = int.from_bytes(flood.recv(2, socket.MSG_WAITALL))
                assert len(flood.recv(size, socket.MSG_WAITALL)) == size
            sender.join()
        entries = [one for one in host.journal.list() if one.code == "30"]
    assert len(entries) == count
    plain = [one for one in entries if one.why.endswith(NOT_LOOKED_FOR)]
    assert BURST - RESERVE <= count - len(plain) < count
    assert all(one.failure for one in plain)
