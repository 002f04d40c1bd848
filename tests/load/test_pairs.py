"""Ratios of neighbouring rounds, their spread, and what a noisy run may say of a mark."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.load.pairs import Mark, Spread, noise, paired, spread

RATES = st.lists(st.floats(1, 1e6), min_size=1, max_size=20)


def test_a_machine_that_gets_slower_moves_no_ratio_of_pairs():
    echo = [100.0, 90.0, 50.0, 40.0, 30.0]
    found = paired([rate * 0.6 for rate in echo], echo)
    assert [found.median, found.low, found.high] == pytest.approx([0.6] * 3)


def test_one_disturbed_round_moves_neither_median_nor_middle_half():
    found = paired([60.0, 61.0, 5.0, 60.0, 61.0, 60.0, 60.0, 61.0, 61.0], [100.0] * 9)
    assert (found.median, found.low, found.high) == (0.6, 0.6, 0.61)


def test_rounds_without_a_figure_have_no_pair():
    assert paired([5.0, 6.0], [10.0, 0.0]) == Spread(0.5, 0.5, 0.5)
    assert paired([5.0], [0.0]) == Spread(0.0, 0.0, 0.0)
    with pytest.raises(ValueError, match="shorter"):
        paired([5.0, 6.0], [10.0])


@given(RATES)
def test_the_median_lies_in_the_middle_half(rates):
    found = spread(rates)
    assert min(rates) <= found.low <= found.median <= found.high <= max(rates)
    assert found.share >= 0


@given(RATES, st.floats(0.1, 10))
def test_a_pair_of_equal_rounds_has_the_ratio_of_both(rates, factor):
    found = paired([rate * factor for rate in rates], rates)
    assert [found.low, found.high] == pytest.approx([factor] * 2)


@pytest.mark.parametrize(
    ("load", "processors", "echo", "reason"),
    [
        (1.0, 2, [100.0] * 9, ""),
        (1.01, 2, [100.0] * 9, "load average 1.01 before the run, above 0.5 for each of 2 processors"),
        (1.01, 4, [100.0] * 9, ""),
        (0.0, 2, [100.0, 104.0, 96.0, 100.0, 10.0, 100.0, 102.0, 98.0, 100.0], ""),
        (0.0, 2, [100.0, 120.0, 80.0, 100.0, 120.0, 80.0], "middle half of the yardstick's rounds as wide as 0.30 of "
                                                         "their median, above 0.10"),
        (0.0, 2, [], ""),
    ],
)  # fmt: skip
def test_a_run_is_noisy_by_what_was_before_it_or_by_its_yardstick(load, processors, echo, reason):
    assert noise(load, processors, echo) == reason


@pytest.mark.parametrize(
    ("mark", "found", "noisy", "verdict", "missed"),
    [
        (Mark(0.6), 0.6, "", "mark ≥ 0.6 reached", False),
        (Mark(0.6), 0.599, "", "mark ≥ 0.6 MISSED", True),
        (Mark(0.6), 0.599, "others work", "mark ≥ 0.6 not judged, the run is noisy: others work", False),
        (Mark(0.6), 0.61, "others work", "mark ≥ 0.6 reached", False),
        (Mark(2.5, at_most=True), 2.5, "", "mark ≤ 2.5 reached", False),
        (Mark(2.5, at_most=True), 2.51, "", "mark ≤ 2.5 MISSED", True),
        (Mark(2048, at_most=True, unit=" bytes"), 1400, "", "mark ≤ 2,048 bytes reached", False),
    ],
)
def test_a_mark_is_missed_only_where_the_run_says_something(mark, found, noisy, verdict, missed):
    assert mark.verdict(found, noisy) == (verdict, missed)
