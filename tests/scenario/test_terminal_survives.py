"""Each kind of fault against our own terminal: afterwards the books of both sides agree, and business goes on."""

from __future__ import annotations

import pytest

from acquirer.app.terminal import Terminal
from acquirer.scenario.fault_kind import Stage
from acquirer.scenario.registry import built_in_names, find_kind
from acquirer.terminal.exchange import Outcome
from acquirer.testing import RunningHost, running_host

TID = "10000161"

SALES = {
    "lost_request": "lost_request",
    "wrong_stan": "wrong_stan",
    "wrong_rrn": "wrong_rrn",
    "wrong_tid": "wrong_tid",
    "wrong_mid": "wrong_mid",
    "wrong_amount": "wrong_amount",
    "wrong_mti": "wrong_mti",
    "wrong_batch": "wrong_batch",
    "missing": "missing:de=39",
    "extra": "extra:de=48,value=1234",
    "wrong_mac": "wrong_mac",
    "truncate": "truncate",
    "wrong_length": "wrong_length",
    "bit_flip": "bit_flip:where=de.64",
    "garbage": "garbage",
    "prepend": "prepend",
    "silent": "silent",
    "late": "late:after=1500ms",
    "delay": "delay:uniform=1ms..30ms",
    "duplicate": "duplicate",
    "reorder": "reorder:wait=1500ms",
    "glue": "glue:wait=50ms",
    "other_connection": "other_connection",
    "dribble": "dribble:gap=1ms",
    "split": "split:gap=5ms",
    "host_restart": "host_restart:down=0",
}
"""A fault of each kind that damages the reply of a sale."""

SIGN_ONS = {
    "stale_keys": "stale_keys",
    "wrong_kcv": "wrong_kcv",
    "wrong_key_length": "wrong_key_length",
    "half_keys": "half_keys",
}
"""And of a sign-on."""

LINES = {
    "refuse": "refuse",
    "accept_silent": "accept_silent",
    "reset": "reset:after=0",
    "half_close": "half_close",
    "slow_close": "slow_close:after=100ms",
    "bandwidth": "bandwidth:bytes_per_s=20000",
    "loss": "loss:rate=0.5,stall=5ms",
}
"""And of a connection."""

UNHARMED = {
    *("wrong_rrn", "wrong_mid", "wrong_batch", "extra", "delay", "duplicate", "glue", "dribble", "split"),
    *("slow_close", "bandwidth", "loss"),
}
"""Kinds after which a terminal has its approval."""


def terminal(host: RunningHost) -> Terminal:
    return Terminal(TID, host=host.address, timeout_s=1.0)


def check_books(host: RunningHost, pos: Terminal) -> None:
    """The approved sales of the host are those of the terminal, but for one that the terminal owes a reversal of."""
    state = pos._core.machine.state
    booked = {row.key.stan: row.amount_minor for row in host.transactions if row.state == "approved"}
    known = {sold.original.stan: sold.amount_minor for sold in state.sales}
    if state.pending is not None:
        booked.pop(state.pending.stan, None)
    assert booked == known


def test_every_kind_is_tried() -> None:
    assert {*SALES, *SIGN_ONS, *LINES} == set(built_in_names())
    assert {name for name in built_in_names() if find_kind(name).type.stage is Stage.LINE} == set(LINES)


@pytest.mark.parametrize("kind", SALES)
def test_a_sale_whose_reply_is_damaged(kind: str) -> None:
    with running_host(seed=1) as host, terminal(host) as pos:
        assert pos.sign_on().outcome is Outcome.APPROVED
        with host.faults.added(f"{SALES[kind]}{',' if ':' in SALES[kind] else ':'}service=sale,count=1"):
            result = pos.sale("13.13")
            assert host.faults.acted() == {kind: 1}
        assert (result.outcome is Outcome.APPROVED) == (kind in UNHARMED)
        assert host.journal.find(service="sale").fault == kind
        check_books(host, pos)
        assert result.reversal == ("" if kind in UNHARMED else "done")
        again = pos.sale("14.00")
        if kind == "host_restart":  # the host has forgotten who signed on, and the terminal does not repeat by itself
            assert again.code == "77"
            again = pos.sale("14.00")
        assert again.outcome is Outcome.APPROVED
        check_books(host, pos)


@pytest.mark.parametrize("kind", SIGN_ONS)
def test_a_sign_on_whose_keys_are_damaged(kind: str) -> None:
    with running_host(seed=1) as host, terminal(host) as pos:
        assert pos.sign_on().outcome is Outcome.APPROVED
        host.faults.add(f"{SIGN_ONS[kind]}:count=1")
        result = pos.sign_on()
        assert host.faults.acted() == {kind: 1}
        assert result.outcome is (Outcome.APPROVED if kind == "stale_keys" else Outcome.KEYS_DIFFER)
        sales = [pos.sale("13.13") for _ in range(2)]
        assert sales[-1].outcome is Outcome.APPROVED
        if kind == "stale_keys":
            assert sales[0].code == "A0"
        check_books(host, pos)


@pytest.mark.parametrize("kind", LINES)
def test_a_sale_on_a_damaged_line(kind: str) -> None:
    with running_host(seed=1) as host, terminal(host) as pos:
        assert pos.sign_on().outcome is Outcome.APPROVED
        with host.faults.added(f"{LINES[kind]}{',' if ':' in LINES[kind] else ':'}count=1"):
            result = pos.sale("13.13")
            assert host.faults.acted() == {kind: 1}
        assert (result.outcome is Outcome.APPROVED) == (kind in UNHARMED)
        check_books(host, pos)
        assert pos.sale("14.00").outcome is Outcome.APPROVED
        check_books(host, pos)


def test_several_damages_of_one_reply_are_all_journalled() -> None:
    faults = ["late:after=10ms", "wrong_mac", "wrong_rrn", "truncate:bytes=90"]
    texts = [f"{one}{',' if ':' in one else ':'}service=sale" for one in faults]
    with running_host(fault=texts) as host, terminal(host) as pos:
        pos.sale("13.13")
        assert host.journal.find(service="sale").fault == "wrong_rrn, wrong_mac, truncate, late"
        assert set(host.faults.acted().values()) == {1}
        check_books(host, pos)


def test_each_exchange_is_under_the_generation_of_its_faults() -> None:
    with running_host() as host, terminal(host) as pos:
        pos.sign_on()
        assert host.journal.find(service="sign_on").generation == 0
        with host.faults.added("silent:service=echo") as generation:
            pos.echo()
            entry = host.journal.find(service="echo")
            assert (entry.generation, entry.fault) == (generation, "silent")
        pos.echo()
        entry = host.journal.find(service="echo")
        assert (entry.generation, entry.fault) == (generation + 1, "")
