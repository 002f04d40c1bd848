"""Loads of electronic cash, of our terminal with our host: what is paid, what the chip gets, what is undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from acquirer.terminal.load_chip import NOT_LOADED, load_chip
from acquirer.testing import Rig

if TYPE_CHECKING:
    from collections.abc import Callable

    from acquirer.terminal.sale import Order
    from tests.terminal.conftest import Bench, Foreign


@pytest.fixture
def rig() -> Rig:
    return Rig()


def states(rig: Rig) -> list[tuple[str, str]]:
    return [(one.kind, one.state) for one in rig.transactions]


def spent(rig: Rig) -> list[int]:
    return [one.spent_minor for one in rig.store.cards.values()]


def test_from_the_account(rig: Rig) -> None:
    result = rig.terminal().load_chip("20.00", "balance")
    assert (result.code, [one.service for one in result.exchanges][1:]) == ("00", ["account_load", "script_result"])
    assert (states(rig), spent(rig)) == ([("account_load", "approved"), ("script_result", "approved")], [2000])
    assert rig.journal[-1].why.endswith(": done")


def test_with_cash_and_back_again(rig: Rig) -> None:
    terminal = rig.terminal()
    loaded = terminal.load_chip("20.00", "balance", source="cash")
    assert (loaded.code, spent(rig)) == ("00", [])
    assert terminal.void(stan=loaded.stan).code == "00"
    assert states(rig)[0] == ("cash_load", "voided")
    assert terminal.void(stan=loaded.stan).code == "25"


def test_from_another_account(rig: Rig) -> None:
    result = rig.terminal().load_chip("20.00", "standard", source="other", paid_by="balance")
    assert (result.code, spent(rig)) == ("00", [2000])


def test_of_a_card_whose_issuer_has_its_key(rig: Rig) -> None:
    result = rig.terminal().load_chip("20.00", "emv")
    assert "the chip knows its issuer (ARPC)" in result.exchange.notes


def test_beyond_the_account(rig: Rig) -> None:
    assert rig.terminal().load_chip("20.00", "poor").code == "51"


def test_a_source_that_does_not_fit(rig: Rig) -> None:
    with pytest.raises(ValueError, match="the source of a load is account, cash, or other with the card that pays"):
        rig.terminal().load_chip("1.00", source="other")


def test_a_chip_that_gets_no_script_is_not_loaded(
    signed_on: Bench, host: Foreign, make_order: Callable[..., Order]
) -> None:
    program = load_chip(signed_on.machine, make_order(), "account")
    assert signed_on.run(program, host.reply()).sentence == NOT_LOADED
    program = load_chip(signed_on.machine, make_order(), "cash")
    result = signed_on.run(program, host.reply(), host.reply())
    assert (result.sentence, result.reversal) == (NOT_LOADED, "done")
    assert [one.mti for one in signed_on.requests] == ["0200", "0200", "0400"]
