"""Readers of single values, each given what a file, the environment, a flag and a program may give it."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.settings.values import (
    choice,
    optional,
    quoted,
    read_amount,
    read_bool,
    read_path,
    read_text,
    read_time,
    read_timezone,
    read_words,
    seconds,
    whole,
)

NOT_TEXT = [5, 1.5, True, None, ["a"], {"a": 1}]


@pytest.mark.parametrize("value", NOT_TEXT)
@pytest.mark.parametrize("reader", [read_text, read_timezone, read_path, read_time])
def test_what_is_written_in_quotes_must_be(reader, value):
    with pytest.raises(ValueError, match=r"is not a (text|date and time); write it "):
        reader(value)


def test_a_text_loses_the_spaces_around_it():
    assert read_text(" a b ") == "a b"
    assert read_path(" a/b ") == read_path(Path("a/b")) == Path("a/b")
    assert read_words([" a", "b c "]) == ("a", "b c")
    assert read_words(" a  b ") == ("a", "b")


@pytest.mark.parametrize(
    ("value", "truth"),
    [(True, True), (False, False), (1, True), (0, False)]
    + [(word, True) for word in ("true", "YES", "on", "1", "y", "t", " True ")]
    + [(word, False) for word in ("false", "NO", "off", "0", "n", "f")],
)
def test_truth_is_written_in_several_ways(value, truth):
    assert read_bool(value) is truth


@pytest.mark.parametrize("value", ["", "maybe", 2, -1, 1.0, None, []])
def test_and_in_no_others(value):
    with pytest.raises(ValueError, match=r"^is neither true nor false$"):
        read_bool(value)


@given(st.integers(-(10**17), 10**17))
def test_a_whole_number_is_read_from_a_number_and_from_its_digits(number):
    assert whole()(number) == whole()(str(number)) == whole()(f" {number} ") == number


@given(st.integers(-50, 50), st.integers(-50, 0), st.integers(0, 50))
def test_bounds_are_included(number, least, most):
    reader = whole(least, most)
    if least <= number <= most:
        assert reader(number) == number
    else:
        with pytest.raises(ValueError, match=f"^is out of range; write a whole number from {least} to {most}$"):
            reader(number)


@pytest.mark.parametrize("value", ["1" * 19, "-" + "1" * 19, "9" * 10_000])
def test_a_number_of_too_many_digits_is_out_of_range(value):
    with pytest.raises(ValueError, match=r"^is out of range; write a whole number from 0$"):
        whole(0)(value)
    with pytest.raises(ValueError, match=r"^is out of range; write a whole number$"):
        whole()(value)


@pytest.mark.parametrize("value", [True, 1.5, "1.5", "1e3", "", "x", None, [], float("nan"), float("inf")])
def test_what_is_no_whole_number(value):
    with pytest.raises(ValueError, match=r"^is not a whole number from 0$"):
        whole(0)(value)
    assert whole(most=5)(5.0) == 5


@pytest.mark.parametrize(("value", "number"), [(5, 5.0), ("2.5", 2.5), (0.001, 0.001), ("86400", 86400.0)])
def test_seconds(value, number):
    assert seconds(86_400)(value) == number


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (0, "is out of range; write a number of seconds above 0 and up to 86400"),
        (-1, "is out of range; write a number of seconds above 0 and up to 86400"),
        ("86400.1", "is out of range; write a number of seconds above 0 and up to 86400"),
        ("nan", "is out of range; write a number of seconds above 0 and up to 86400"),
        ("long", "is not a number of seconds; write it like 60 or 2.5"),
        (True, "is not a number of seconds; write it like 60 or 2.5"),
        ([], "is not a number of seconds; write it like 60 or 2.5"),
    ],
)
def test_what_is_no_time_in_seconds(value, sentence):
    with pytest.raises(ValueError) as caught:
        seconds(86_400)(value)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(("value", "text"), [("1000", "1000"), (" 12.3 ", "12.3"), (5, "5"), (0.1, "0.10")])
def test_an_amount(value, text):
    assert read_amount(value) == text


@pytest.mark.parametrize("value", ["", "1,5", "12.345", "-1", "123456789", True, None, -1.0])
def test_what_is_no_amount(value):
    with pytest.raises(ValueError, match=r"^is not an amount; write it like 12\.34$"):
        read_amount(value)


def test_a_moment_is_a_date_or_a_time():
    moment = datetime(2026, 1, 2, 3, 4, 5)
    assert read_time(moment) == read_time(" 2026-01-02T03:04:05 ") == moment
    assert read_time(date(2026, 1, 2)) == datetime(2026, 1, 2)
    with pytest.raises(ValueError, match=r"^is not a date and time; write it like 2026-01-02T03:04:05$"):
        read_time("noon")


def test_a_time_zone_is_one_that_the_system_knows():
    assert read_timezone("Asia/Shanghai") == "Asia/Shanghai"
    for name in ("Mars/Base", "", "../etc/passwd"):
        with pytest.raises(ValueError, match=r'^is not a time zone; write it like "Asia/Shanghai"$'):
            read_timezone(name)


def test_a_choice_is_one_of_its_words():
    assert choice(("a", "b"))(" b ") == "b"
    with pytest.raises(ValueError, match=r"^is not supported; use a, b or c$"):
        choice(("a", "b", "c"))("d")
    with pytest.raises(ValueError, match=r"^is not supported; use a$"):
        choice(("a",))(5)


def test_nothing_is_only_allowed_where_it_is_optional():
    assert optional(whole())(None) is None
    assert optional(whole())("7") == 7
    with pytest.raises(ValueError, match="is not a whole number"):
        whole()(None)


@given(st.text())
def test_a_repeated_value_is_short(text):
    shown = quoted(text)
    assert len(shown) <= 63
    assert shown[1:-1].rstrip("…") == text[:60].rstrip("…") if len(text) > 60 else shown == f"'{text}'"
