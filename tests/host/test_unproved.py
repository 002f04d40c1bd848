"""Sign-ons after which no MAC was right: noted at the third in a row, once a day, for each terminal alone."""

from __future__ import annotations

import pytest

from acquirer.host import unproved
from acquirer.host.unproved import UnprovedSignOns

DAY, NEXT = "20260310", "20260311"


def test_the_third_in_a_row_is_worth_a_note_once_a_day() -> None:
    seen = UnprovedSignOns()
    assert [seen.signed_on("1", number, DAY) for number in (1, 2, 3, 4, 5)] == [False, False, True, False, False]
    assert [seen.signed_on("1", number, NEXT) for number in (6, 7)] == [True, False]


def test_deciding_about_one_again_changes_nothing() -> None:
    seen = UnprovedSignOns()
    assert [seen.signed_on("1", number, DAY) for number in (1, 2, 2, 3, 3, 4)] == [
        False, False, False, True, True, False,
    ]  # fmt: skip


def test_the_count_begins_where_the_process_did() -> None:
    seen = UnprovedSignOns()
    assert [seen.signed_on("1", number, DAY) for number in (41, 42, 43)] == [False, False, True]


def test_a_right_mac_starts_it_over() -> None:
    seen = UnprovedSignOns()
    seen.proved("1")  # of a terminal that was not seen signing on
    assert [seen.signed_on("1", number, DAY) for number in (1, 2)] == [False, False]
    seen.proved("1")
    assert [seen.signed_on("1", number, DAY) for number in (3, 4)] == [False, False]
    assert seen.signed_on("1", 5, DAY)
    seen.proved("1")
    assert [seen.signed_on("1", number, DAY) for number in (6, 7, 8)] == [False, False, False]  # noted today already
    assert seen.signed_on("1", 9, NEXT)


def test_a_terminal_that_was_registered_anew_starts_over() -> None:
    seen = UnprovedSignOns()
    assert [seen.signed_on("1", number, DAY) for number in (7, 8, 1, 2, 3)] == [False, False, False, False, True]


@pytest.mark.interpreted
def test_terminals_are_counted_apart_and_the_oldest_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unproved, "_TERMINALS_MOST", 2)
    seen = UnprovedSignOns()
    for number in (1, 2):
        assert not any(seen.signed_on(tid, number, DAY) for tid in "12")
    assert not seen.signed_on("3", 1, DAY)  # 1 is forgotten
    assert [seen.signed_on(tid, 3, DAY) for tid in "21"] == [True, False]
