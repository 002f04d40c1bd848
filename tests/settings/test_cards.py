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
    assert load_cards().named("no-such-card") is None


def test_no_number_and_no_pin_is_printed_by_accident():
    table = load_cards()
    text = repr(table) + repr(table.named("pin"))
    assert "6212345678900000003" not in text
    assert "123456'" not in text


def test_amounts_are_minor_units_inside():
    table = read_cards(parse_toml(CARD + 'balance = "12.3"\nlimit = 5\ndaily_limit = 0.07\n', "c.toml"))
    card = table.cards["6212345678901232"]
    assert (card.balance_minor, card.limit_minor, card.daily_limit_minor) == (1230, 500, 7)


def test_one_amount_is_the_balance_of_every_card_without_one():
    assert load_cards().unknown_balance_minor == 100_000
    assert read_cards(parse_toml('unknown_balance = "12.34"\n' + CARD, "c.toml")).unknown_balance_minor == 1234


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[[card]]\nname = "a"\n', "c.toml:1: card[0].pan: is missing"),
        (CARD.replace("1232", "1233"), "c.toml:3: card[0].pan: the check digit of this card number is wrong"),
        (CARD + 'expiry = "3013"', "c.toml:4: card[0].expiry: '3013' is no expiry; write YYMM, for example \"3012\""),
        (CARD + 'balance = "12,3"', "c.toml:4: card[0].balance: '12,3' is no amount; write it like \"12.34\""),
        (CARD + 'status = "gone"', "c.toml:4: card[0].status: 'gone' is not supported; use active, blocked, lost"),
        (CARD + "pins = 1", "c.toml:4: card[0].pins: unknown key"),
        (CARD + CARD, "c.toml:5: card[1].name: 'a' is the name of another card already"),
        (CARD + CARD.replace('"a"', '"b"'), "c.toml:6: card[1].pan: is the number of card 'a' already"),
        (CARD.replace("6212345678901232", "12"), "c.toml:3: card[0].pan: is no card number; write 12 to 19 digits"),
        (CARD + 'pin = "12"', "c.toml:4: card[0].pin: is no PIN; write 4 to 12 digits in quotes"),
        (CARD + "daily_count = 1.5", "c.toml:4: card[0].daily_count: '1.5' is not a whole number"),
        ("card = 3", "c.toml:1: card: is not a list of tables"),
        ('test_bins = ["62x"]', "c.toml:1: test_bins: '['62x']' are no leading digits of card numbers"),
        ("unknown_balances = 1", "c.toml:1: unknown_balances: unknown key; did you mean 'unknown_balance'?"),
        ('unknown_balance = "1,5"', "c.toml:1: unknown_balance: '1,5' is no amount; write it like \"12.34\""),
        ('unknown = "maybe"', "c.toml:1: unknown: 'maybe' is not supported; use approve or decline"),
    ],
)
def test_an_error_names_its_line(text, sentence):
    with pytest.raises(DataError) as error:
        read_cards(parse_toml(text, "c.toml"))
    assert str(error.value).startswith(sentence)


def test_a_file_is_read_as_it_stands(tmp_path, monkeypatch):
    """And not as one of the same name stood before, in this folder or in another."""
    file = tmp_path / "cards.toml"
    file.write_text(CARD)
    monkeypatch.chdir(tmp_path)
    assert load_cards("cards.toml").named("a") is not None
    file.write_text(CARD.replace('"a"', '"b"'))
    assert load_cards("cards.toml").named("b") is not None
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "cards.toml").write_text(CARD.replace('"a"', '"c"'))
    monkeypatch.chdir("other")
    assert load_cards("cards.toml").named("c") is not None


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DataError) as error:
        load_cards(str(tmp_path / "none.toml"))
    assert str(error.value).endswith("cannot be read (No such file or directory); name a card table in TOML")
