"""What may be shown of a value, and that everything else stays hidden."""

import doctest
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.wire import card_numbers, masking
from acquirer.wire.card_numbers import KNOWN, hidden_digits, passes_luhn
from acquirer.wire.masking import (
    known,
    mac_text,
    mask_bytes,
    mask_card_numbers,
    mask_digits,
    mask_pan,
    mask_sentence,
    readable,
    shown,
)

digits = st.text("0123456789", min_size=0, max_size=40)
bodies = st.from_regex(r"[1-9][0-9]{10,17}", fullmatch=True)
"""All digits of card numbers but the check digit: none begins with 0."""


def luhn_valid(body: str) -> str:
    return next(body + check for check in "0123456789" if passes_luhn(body + check))


def is_control(number: str) -> bool:
    """Digits that are zeros from the fourth on: no account number."""
    return set(number[3:]) == {"0"}


card_numbers_drawn = bodies.map(luhn_valid).filter(lambda pan: not is_control(pan))


@pytest.mark.parametrize(
    ("pan", "masked"),
    [
        ("6212345678901232", "621234******1232"),
        ("4111111111111", "411111***1111"),
        ("6212345678901234567", "621234*********4567"),
        ("", ""),
        ("1234", "****"),
        ("501800000009", "50180***0009"),  # 12 digits: of two hidden ones, ten numbers would be left to try
        ("62123456789", "***********"),
        ("62123456789012345678", "*" * 20),
        ("6212345678901232D", "*" * 17),
        ("６２１２３４５６７８９０１２３２", "*" * 16),  # digits to Unicode, none to us
        ("6212 3456 7890 1232", "*" * 19),
    ],
)
def test_a_card_number_shows_first_six_and_last_four_or_nothing(pan: str, masked: str) -> None:
    assert mask_pan(pan) == masked


@given(st.text())
def test_at_most_ten_characters_survive_and_the_length_stays(pan: str) -> None:
    masked = mask_pan(pan)
    assert len(masked) == len(pan)
    assert sum(a == b != "*" for a, b in zip(pan, masked, strict=True)) <= 10
    assert all(masked[i] == "*" for i in hidden_digits(len(pan)))


@given(st.text(min_size=1) | st.binary(min_size=1), st.text().filter(lambda s: s not in ("", "pan")))
def test_an_unknown_sensitivity_hides_everything_but_the_length(value: str | bytes, sensitivity: str) -> None:
    assert re.fullmatch(r"\[\d+ (byte|character)s? hidden\]", shown(value, sensitivity))


def test_a_card_number_as_bytes_is_hidden_whole() -> None:
    assert shown(b"\x62\x12", "pan") == "[2 bytes hidden]"


@given(st.text(alphabet=st.characters(max_codepoint=255)) | st.binary())
def test_nothing_shown_can_move_a_cursor(value: str | bytes) -> None:
    assert readable(value).isprintable()


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"SERVED", "SERVED"),
        (b"ab   ", "ab   "),
        ("交易成功".encode("gbk"), "交易成功"),
        (b"\x1b[2J", "1B5B324A"),
        (bytes.fromhex("46F161A743497B32"), "46F161A743497B32"),
        (b"\x80", "80"),
    ],
)
def test_text_reads_as_text_and_binary_as_hex(raw: bytes, text: str) -> None:
    assert readable(raw.decode("latin-1")) == text


@given(card_numbers_drawn, st.text("ab,: ", max_size=5), st.text("xy. ", max_size=5))
def test_a_luhn_valid_run_in_free_text_is_always_masked(pan: str, before: str, after: str) -> None:
    masked = mask_card_numbers(before + pan + after)
    assert masked == before + mask_pan(pan) + after
    assert pan not in masked


@given(digits)
def test_every_run_has_exactly_one_check_digit(body: str) -> None:
    assert sum(passes_luhn(body + check) for check in "0123456789") == 1


@given(st.integers(0, 8), st.integers(1, 9), st.text("0123456789", min_size=12, max_size=18))
def test_luhn_sees_every_single_altered_digit(place: int, shift: int, body: str) -> None:
    pan = luhn_valid(body)
    altered = pan[:place] + str((int(pan[place]) + shift) % 10) + pan[place + 1 :]
    assert not passes_luhn(altered)


def test_a_merchant_number_is_no_card_number() -> None:
    text = "merchant 880210010210162, RRN 123456789012, amount 000000001234"
    assert mask_card_numbers(text) == text


@given(st.text("0123456789", min_size=20, max_size=60), st.text("ab,: ", max_size=5))
def test_a_run_too_long_for_a_card_number_may_be_a_list_of_them(run: str, before: str) -> None:
    assert mask_card_numbers(before + run) == before + "*" * len(run)


@given(st.text("0123456789ABCDEF", min_size=13, max_size=60), card_numbers_drawn)
def test_what_we_know_to_be_no_card_number_is_left_alone_and_what_stands_beside_it_is_not(typed, pan) -> None:
    assert mask_sentence(f"got {known(typed)}, card {pan}") == f"got {typed}, card {mask_pan(pan)}"


@pytest.mark.parametrize("control", ["2600000000000000", "4200000000000000", "6700000000000000", "2600000000000"])
def test_a_security_control_field_is_no_card_number(control: str) -> None:
    """Some have a right check digit, and leading digits that issuers have."""
    for text in (control, f"security control {control} says", f"53 {control}"):
        assert (mask_card_numbers(text), mask_sentence(text)) == (text, text)
    assert mask_digits(control) == mask_card_numbers(control, issued=True) == control
    if len(control) % 2 == 0:
        assert mask_bytes(bytes.fromhex(control)) == control
    assert mask_bytes(control.encode()) == control.encode().hex()


@given(st.integers(3, 14), st.integers(1, 9))
def test_one_digit_of_an_account_number_makes_it_one(place: int, digit: int) -> None:
    pan = luhn_valid("260000000000000"[:place] + str(digit) + "0" * (14 - place))
    shown_digits = mask_pan(pan)
    assert mask_card_numbers(f"control {pan}") == f"control {shown_digits}"
    assert mask_bytes(bytes.fromhex(pan)) == mask_digits(pan) == shown_digits


def test_no_text_from_the_wire_can_pass_for_known() -> None:
    """Text is latin-1, or GBK: neither has the sign that stands before digits of our own."""
    pairs = (bytes((first, second)) for first in range(256) for second in range(256))
    assert not {KNOWN} & {sign for pair in pairs for sign in readable(pair.decode("latin-1"))}


def test_the_examples_in_the_code_are_true() -> None:
    assert doctest.testmod(masking).failed == doctest.testmod(card_numbers).failed == 0


def test_a_mac_is_shown_as_it_is_compared() -> None:
    assert mac_text(b"0123456789ABCDEFabcdef") == "0123456789ABCDEFabcdef"
    assert mac_text(b"3A57ACBG") == b"3A57ACBG".hex().upper()
    assert mac_text(bytes(8)) == "00" * 8


def test_text_in_bytes_is_not_taken_for_packed_digits() -> None:
    text = b"Harbour shop, first till"  # in hex, a run of 19 digits, of which some have a right check digit
    assert mask_bytes(text) == text.hex().upper()
    assert mask_bytes(bytes.fromhex("4222222222222F")) == "422222***2222F"  # reads as text, and is nothing but digits
    assert mask_bytes(b"03025840") == b"03025840".hex()
    assert mask_bytes(bytes.fromhex("106212345678901232")) == "10621234******1232"
