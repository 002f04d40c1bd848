"""One day of a terminal in every dialect, over TCP: the same commands, the same services, other bytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acquirer.app.terminal import Terminal
from acquirer.cli import run
from acquirer.settings.specs import load_dialect
from acquirer.terminal.exchange import Outcome
from acquirer.testing import RunningHost, running_host
from tests.dialects.fast import slow_except

DIALECTS = {  # dialect → a terminal whose master key fits its key packages
    "iso8583-1987-ascii": "10000161",
    "iso8583-1987-binary": "10000161",
    "iso8583-1987-ebcdic": "10000161",
    "iso8583-1993-ascii": "10000161",
    "iso8583-1993-bcd": "10000161",
    "iso8583-1993-ebcdic": "10000161",
    "unionpay-pos": "10000161",
    "unionpay-pos-sm4": "10000164",
}


@pytest.fixture(params=slow_except("unionpay-pos", DIALECTS))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def host(name: str) -> Iterator[RunningHost]:
    with running_host(dialect=name, timezone="UTC", fault=["silent:service=sale,amount=66.66"]) as running:
        yield running


def pos(host: RunningHost, name: str, **more: Any) -> Terminal:
    return Terminal(DIALECTS[name], host=host.address, dialect=name, **more)


def changes_keys(name: str) -> bool:
    return any(route.service == "key_change" and route.served for route in load_dialect(name).routes)


def test_a_day(host: RunningHost, name: str) -> None:
    dialect = load_dialect(name)
    with pos(host, name) as terminal:
        assert terminal.echo().outcome is Outcome.APPROVED
        assert terminal.sign_on().outcome is Outcome.APPROVED
        if changes_keys(name):
            before = terminal.state.keys
            assert terminal.key_change().outcome is Outcome.APPROVED
            assert terminal.state.keys != before
        sold = terminal.sale("12.34", pin="123456")
        assert (sold.outcome, sold.code) == (Outcome.APPROVED, dialect.code_of("approved"))
        assert len(sold.exchanges) == 1  # signed on already
        assert terminal.sale("1.00", entry="manual").outcome is Outcome.APPROVED
        assert terminal.sale("5.00", entry="magstripe").outcome is Outcome.APPROVED
        undone = terminal.reverse()
        assert (undone.reversal, undone.code) == ("done", dialect.code_of("approved", dialect.find_route("reversal")))
        bad_pin = terminal.sale("7.00", pin="654321")
        assert (bad_pin.outcome, bad_pin.code) == (Outcome.DECLINED, dialect.code_of("pin_wrong"))
        assert terminal.sign_off().outcome is Outcome.APPROVED
    booked = [(one.state, one.amount_minor, one.pan_masked) for one in host.transactions]
    assert booked == [
        (state, amount, "621234******1232")
        for state, amount in (("approved", 1234), ("approved", 100), ("reversed", 500), ("declined", 700))
    ]


@pytest.mark.slow
def test_an_unanswered_sale_is_reversed_by_itself(host: RunningHost, name: str) -> None:
    with pos(host, name, timeout_s=2.0) as terminal:
        terminal.sign_on()
        result = terminal.sale("66.66")
        assert (result.outcome, result.reversal) == (Outcome.NO_ANSWER, "done")
    assert [one.state for one in host.transactions] == ["reversed"]
    dialect = load_dialect(name)
    reason = dialect.terminal_profile.reversal.no_answer
    assert f"(reason {reason})" in host.journal.find(service="reversal").why


def test_a_sale_needs_a_sign_on_and_the_terminal_sees_to_it(host: RunningHost, name: str) -> None:
    with pos(host, name) as terminal:
        first = terminal.sale("1.00")
        assert [exchange.service for exchange in first.exchanges] == ["sign_on", "sale"]
        terminal.sign_off()
        again = terminal.sale("1.00")
        assert [exchange.service for exchange in again.exchanges] == ["sign_on", "sale"]


def test_a_terminal_goes_on_where_it_was(host: RunningHost, name: str, tmp_path: Path) -> None:
    """Keys, counters and the last sale survive on disk, by any names that a dialect has for them."""
    for amount in ("1.00", "2.00"):
        with pos(host, name, state=tmp_path) as terminal:
            assert terminal.sale(amount).outcome is Outcome.APPROVED
    with pos(host, name, state=tmp_path) as terminal:
        assert terminal.reverse().reversal == "done"
    assert [(one.state, one.amount_minor) for one in host.transactions] == [("approved", 100), ("reversed", 200)]


def test_any_sale_can_be_named(host: RunningHost, name: str) -> None:
    """By its STAN, and by what that is unique within: a batch, or when it was sent."""
    with pos(host, name) as terminal:
        terminal.sale("3.00", entry="manual")
        terminal.sale("4.00", entry="manual")
        first = host.transactions[0].key
        if load_dialect(name).numbering.within != "batch":
            refused = terminal.reverse(stan=first.stan, amount="3.00")
            assert refused.outcome is Outcome.REFUSED
            assert "with --batch, as it was sent" in refused.sentence
        assert terminal.reverse(stan=first.stan, batch=first.batch, amount="3.00").reversal == "done"
    with pos(host, name) as another:  # which knows nothing of it
        unknown = another.reverse(stan=first.stan, batch=first.batch, amount="3.00")
        assert (unknown.outcome, unknown.reversal) == (Outcome.APPROVED, "done")
    assert [one.state for one in host.transactions] == ["reversed", "approved"]


@pytest.mark.slow
def test_the_same_commands(host: RunningHost, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--host", host.address, "--dialect", name, "--tid", DIALECTS[name], "--state", str(tmp_path)]
    dialect = load_dialect(name)
    managed = dialect.code_of("approved", dialect.find_route("sign_on"))
    assert run(["terminal", "sign-on", *options, "--expect", f"39={managed}"]) == 0
    assert run(["terminal", "sale", "--amount", "12.34", *options, "--expect", "rrn=000000000002"]) == 0
    assert run(["terminal", "reverse", *options]) == 0
    assert "the sale is undone" in capsys.readouterr().out
    assert run(["terminal", "key-change", *options]) == (0 if changes_keys(name) else 2)
    printed = capsys.readouterr()
    assert "keys PIK" in printed.out if changes_keys(name) else "knows no service 'key_change'" in printed.err


def test_one_host_speaks_them_all() -> None:
    ports = [f"127.0.0.1:0={name}" for name in DIALECTS]
    with running_host(listen=ports, timezone="UTC") as host:
        for number, (name, address) in enumerate(zip(DIALECTS, host.addresses, strict=True)):
            tid = DIALECTS[name] if "sm4" in name else str(20000001 + number)
            with Terminal(tid, host=address, dialect=name) as terminal:
                assert terminal.sale("1.00").outcome is Outcome.APPROVED, name
        assert len(host.transactions) == len(DIALECTS)
