"""Amounts, times and dates as people write them."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.inspect import meaning
from acquirer.inspect.meaning import Meanings, format_amount
from acquirer.settings.specs import load_dialect
from acquirer.wire.grammar import Locator
from acquirer.wire.message import Value

UNIONPAY = load_dialect("unionpay-pos")


def meaning_of(de: int, value: str, **others: Value) -> str:
    fields = {de: value} | {int(name[2:]): other for name, other in others.items()}
    return Meanings(UNIONPAY, "0200", fields).of(Locator(de), value, UNIONPAY.fields[de].values).en


@pytest.mark.parametrize(
    ("de", "value", "meaning"),
    [
        (12, "221301", "22:13:01"),
        (12, "246000", "no time"),
        (13, "0720", "20 Jul"),
        (13, "1301", "no date"),
        (13, "0132", "no date"),
        (14, "2412", "end of Dec 2024"),
        (14, "2400", "no month"),
        (12, "ABCDEF", ""),
        (3, "000000", "sale"),
        (11, "000001", ""),
    ],
)
def test_values_read_as_people_write_them(de: int, value: str, meaning: str) -> None:
    assert meaning_of(de, value) == meaning


def test_an_amount_is_in_the_currency_of_its_message_else_of_its_dialect() -> None:
    assert meaning_of(4, "000000001234") == "12.34 CNY"
    assert meaning_of(4, "000000001234", de49="392") == "1234 JPY"
    assert meaning_of(4, "000000001234", de49="999") == "12.34"


@given(st.integers(0, 10**12 - 1), st.sampled_from(["156", "392", "048", ""]))
def test_an_amount_written_is_the_amount_meant(minor_units: int, currency: str) -> None:
    written = format_amount(f"{minor_units:012}", currency)
    places = {"392": 0, "048": 3}.get(currency, 2)
    assert round(float(written) * 10**places) == minor_units or int(written.replace(".", "")) == minor_units
    assert len(written.partition(".")[2]) == places


def test_the_examples_in_the_code_are_true() -> None:
    assert doctest.testmod(meaning).failed == 0
