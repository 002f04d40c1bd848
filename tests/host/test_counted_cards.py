"""PIN tries of a card whose balance is counted: what a right PIN, a sale without one and a reversal do to them."""

from __future__ import annotations

import pytest

from acquirer.host.issuer.cards import CardEntry, CardTable

PAN = "6200000000000005"
RIGHT, OTHER = "123456", "999999"


@pytest.fixture
def sell(rig, pos):
    """Return a function that sells 12.34 on a card with a balance and a PIN, and returns the code."""
    entry = CardEntry("counted", PAN, expiry="3012", pin=RIGHT, balance_minor=100_000)
    rig.host.issuer = CardTable({PAN: entry}, test_bins=("620000",))

    def sell(pin: str | None, **more: object) -> object:
        if pin is not None:
            block = rig.host.suite.seal_pin(pos.keys, pin, PAN, "2", rig.host.randbytes)
            more |= {"pin_block": block, "security_control": "2600000000000000"}
        return pos.sale(pan=PAN, **more).code

    return sell


def row(rig):
    (row,) = rig.store.cards.values()
    return row


def test_a_right_pin_resets_the_tries_and_its_sale_is_counted(rig, sell):
    assert [sell(OTHER), sell(OTHER)] == ["55", "55"]
    assert (row(rig).pin_tries, row(rig).spent_minor) == (2, 0)
    assert sell(RIGHT) == "00"
    assert (row(rig).pin_tries, row(rig).spent_minor, row(rig).day_count) == (0, 1234, 1)
    assert [sell(OTHER), sell(OTHER), sell(OTHER), sell(RIGHT)] == ["55", "55", "55", "75"]
    assert (row(rig).pin_tries, row(rig).spent_minor) == (3, 1234)


def test_a_sale_without_a_pin_leaves_the_tries(rig, sell):
    assert [sell(OTHER), sell(None)] == ["55", "00"]
    assert (row(rig).pin_tries, row(rig).spent_minor) == (1, 1234)


def test_a_reversal_gives_the_money_back_and_leaves_the_tries(rig, pos, sell):
    assert sell(RIGHT) == "00"
    sold = pos.last
    assert sell(OTHER) == "55"
    assert pos.reverse(sold, pan=PAN).code == "00"
    assert (row(rig).pin_tries, row(rig).spent_minor) == (1, 0)
