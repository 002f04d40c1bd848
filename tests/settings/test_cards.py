"""The card table: the shipped one, and what is said about one that cannot be."""

from __future__ import annotations

import pytest

from acquirer.data.toml import DataError, parse_toml
from acquirer.settings.cards import load_cards, read_cards

CARD = '[[card]]\nname = "a"\npan = "6212345678901232"\n'


def test_every_shipped_card_stands_under_a_published_test_bin():
    table = load_cards()
    assert len(table.cards) >= 10
    for pan in table.cards:
        assert pan.startswith(table.test_bins)


def test_cards_are_found_by_name_and_carry_a_track():
    card = load_cards().named("chip")
    assert card is not None
    assert card.chip
    assert card.track2 == "6221260012345674D301222000000"
    assert load_cards().named("nobody") is None


def test_no_number_and_no_pin_is_printed_by_accident():
    table = load_cards()
    text = repr(table) + repr(table.named("pin"))
    assert "6212345678900000003" not in text
    assert "123456'" not in text


def test_amounts_are_minor_units_inside():
    table = read_cards(parse_toml(CARD + 'balance = "12.3"\nlimit = 5\ndaily_limit = 0.07\n', "c.toml"))
    card = table.cards["6212345678901232"]
    assert (card.balance_minor, card.limit_minor, card.daily_limit_minor) == (1230, 500, 7)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[[card]]\nname = "a"\n', "c.toml:1: card[0].pan: is missing"),
        (CARD.replace("1232", "1233"), "c.toml:3: card[0].pan: the check digit of this card number is wrong"),
        (CARD + 'expiry = "3013"', "c.toml:4: card[0].expiry: '3013' is no expiry; write YYMM, for example \"3012\""),
        (CARD + 'balance = "12,3"', "c.toml:4: card[0].balance: '12,3' is no amount; write it like \"12.34\""),
        (CARD + 'status = "gone"', "c.toml:4: card[0].status: input should be 'active', 'blocked'"),
        (CARD + "pins = 1", "c.toml:4: card[0].pins: unknown key"),
        (CARD + CARD, "c.toml:5: card[1].name: 'a' is the name of another card already"),
        (CARD + CARD.replace('"a"', '"b"'), "c.toml:6: card[1].pan: is the number of card 'a' already"),
        ('unknown = "maybe"', "c.toml:1: unknown: input should be 'approve' or 'decline'"),
    ],
)
def test_what_cannot_be_is_told_with_its_line(text, sentence):
    with pytest.raises(DataError) as wrong:
        read_cards(parse_toml(text, "c.toml"))
    assert str(wrong.value).startswith(sentence)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DataError) as wrong:
        load_cards(str(tmp_path / "none.toml"))
    assert str(wrong.value).endswith("cannot be read (No such file or directory); name a card table in TOML")
