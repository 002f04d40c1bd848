"""A flood of broken frames is refused without a cause looked for, and others are answered meanwhile."""

from __future__ import annotations

import socket
import threading

import pytest

from acquirer.host.diagnosis_budget import A_SECOND, BURST, NOT_LOOKED_FOR, DiagnosisBudget
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
    assert sum(budget.take(1000.0) for _ in range(2 * BURST)) == BURST
    assert sum(budget.take(1000.5) for _ in range(BURST)) == A_SECOND // 2
    assert sum(budget.take(999.0) for _ in range(BURST)) == 0
    assert sum(budget.take(10_000.0) for _ in range(2 * BURST)) == BURST


def test_where_time_plays_no_role_all_are_explained() -> None:
    budget = DiagnosisBudget()
    assert all(budget.take(float("inf")) for _ in range(2 * BURST))


@pytest.mark.slow
def test_a_flood_on_one_connection_keeps_no_other_waiting() -> None:
    count = 600  # of more, a slow machine would leave some out of the journal, because commits wait for 5 s
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
    assert BURST <= count - len(plain) < count
    assert all(one.failure for one in plain)
