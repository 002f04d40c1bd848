"""交易特征码: every worked value, and what becomes of facts that are missing or odd."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.signature import feature_code as module
from acquirer.signature.feature_code import feature_code, offline_feature_code

DIGITS = "0123456789"


def test_examples() -> None:
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("date", "rrn", "code"),
    [
        ("0824", "123456789012", "5E5C8226"),
        ("1231", "000000000001", "12310001"),
        (None, "123456123456", "56122662"),
        ("", "123456123456", "56122662"),
        ("0824", None, "08240000"),
        (None, None, "00000000"),
    ],
)
def test_online(date: str | None, rrn: str | None, code: str) -> None:
    assert feature_code(date, rrn) == code


def test_offline() -> None:
    assert offline_feature_code("000123", "000045") == "00442300"


@given(st.text(DIGITS, min_size=4, max_size=4), st.text(DIGITS, min_size=12, max_size=12))
def test_is_the_exclusive_or_of_two_bcd_halves(date: str, rrn: str) -> None:
    digits = bytes.fromhex(date + rrn)
    expected = int.from_bytes(digits[:4], "big") ^ int.from_bytes(digits[4:], "big")
    assert feature_code(date, rrn) == f"{expected:08X}"


@given(st.text(DIGITS + "ABCXYZabcxyz ", max_size=12))
def test_an_rrn_with_letters_still_gives_eight_hex_digits(rrn: str) -> None:
    code = feature_code("0824", rrn)
    assert len(code) == 8
    assert int(code, 16) >= 0
    assert feature_code("0824", rrn.upper()) == code


def test_a_letter_is_packed_as_the_common_c_routine_does() -> None:
    assert feature_code(None, "X00000000000") == "00001000"  # ('X' - 'A' + 10) & 15 = 1
    assert feature_code(None, "F00000000000") == "0000F000"


@pytest.mark.parametrize(("date", "rrn"), [("08241", "1"), ("0824", "1234567890123"), ("0824", "参考号")])
def test_values_that_give_no_code_are_refused(date: str, rrn: str) -> None:
    with pytest.raises(ValueError, match="is not at most"):
        feature_code(date, rrn)
