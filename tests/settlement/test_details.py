"""Details of an upload as text: records of requests, and what stands beside a chip's data."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.settlement import details
from acquirer.settlement.details import (
    ChipDetail,
    DetailRecord,
    read_chip_detail,
    read_detail_records,
    write_chip_detail,
    write_detail_records,
)

stans = st.integers(1, 999_999).map("{:06}".format)
pans = st.from_regex(r"[1-9][0-9]{11,18}", fullmatch=True)
records = st.builds(DetailRecord, stans, pans, st.integers(0, 10**12 - 1), st.booleans())


def test_the_examples_in_the_code_are_true() -> None:
    assert doctest.testmod(details).failed == 0


@given(st.lists(records, max_size=8))
def test_records_that_are_written_are_read_again(some: list[DetailRecord]) -> None:
    text = write_detail_records(some)
    assert len(text) == 2 + 40 * len(some)
    assert read_detail_records(text) == some


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "digits only"),
        ("01", "1 records of an upload have 40 digits, these are 0"),
        ("00" + "0" * 40, "0 digits, these are 40"),
        ("01" + "A" * 40, "digits only"),
    ],
)
def test_what_are_no_records(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_detail_records(text)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("610000000000030000156", ChipDetail("61", False, 30000, "156")),
        ("610100000000030000840", ChipDetail("61", True, 30000, "840")),
        ("71001100000003000015610", ChipDetail("71", False, 30000, "156", "11", "1", "0")),
        ("71000500000003000015622", ChipDetail("71", False, 30000, "156", "05", "2", "2")),
    ],
)
def test_what_stands_beside_a_chips_data(text: str, read: ChipDetail) -> None:
    assert read_chip_detail(text) == read
    assert write_chip_detail(read) == text


@pytest.mark.parametrize("text", ["", "61", "620000000000030000156", "6100000000000300001560", "61000000000003000015A"])
def test_what_is_no_such_text(text: str) -> None:
    with pytest.raises(ValueError, match="begin with 61"):
        read_chip_detail(text)
