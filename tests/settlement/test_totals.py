"""Totals as 62 digits: what is written is read again, and what is no such text is named."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.settlement import totals
from acquirer.settlement.totals import BatchTotals, SettlementText, Totals, read_settlement, write_settlement

amounts, counts, results = st.integers(0, 10**12 - 1), st.integers(0, 999), st.sampled_from("0123")
some_totals = st.builds(Totals, amounts, counts, amounts, counts)


def test_the_examples_in_the_code_are_true() -> None:
    assert doctest.testmod(totals).failed == 0


@given(st.builds(BatchTotals, some_totals, some_totals), st.tuples(results, results))
def test_what_is_written_is_read_again(counted: BatchTotals, given_results: tuple[str, str]) -> None:
    text = write_settlement(counted, given_results)
    assert len(text) == 62
    assert read_settlement(text) == SettlementText(counted, given_results)


def test_the_captured_reply_of_an_equal_batch() -> None:
    read = read_settlement("00000000001101100000000000200210000000000000000000000000000001")
    assert read.totals.domestic == Totals(11, 11, 2, 2)  # 0.11 in 11 sales
    assert read.totals.foreign == Totals()
    assert read.results == ("1", "1")


def test_a_domestic_half_alone_says_that_there_is_nothing_foreign() -> None:
    whole = write_settlement(BatchTotals(Totals(100, 1), Totals()))
    assert read_settlement(whole[:31]) == read_settlement(whole)


@pytest.mark.parametrize(
    ("text", "problem"),
    [("", "digits only"), ("0" * 61, "these are 61"), ("0" * 61 + "A", "digits only"), ("٠" * 62, "digits only")],
)
def test_what_is_no_such_text(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_settlement(text)


@pytest.mark.parametrize("over", [Totals(10**12), Totals(0, 1000), Totals(0, 0, 10**12), Totals(0, 0, 0, 1000)])
def test_totals_that_have_no_room_are_never_cut(over: Totals) -> None:
    assert not BatchTotals(Totals(), over).fit
    with pytest.raises(ValueError, match="twelve digits"):
        write_settlement(BatchTotals(over, Totals()))


@given(some_totals, some_totals)
def test_a_difference_is_what_has_to_be_added(one: Totals, other: Totals) -> None:
    by = one.minus(other)
    again = other.plus("debit", by.debit_minor, by.debits).plus("credit", by.credit_minor, by.credits)
    assert again == one
