"""Percentiles and rates of a run."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from acquirer.load.figures import Figures, percentile


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.001, 1))
def test_a_percentile_is_the_smallest_that_enough_do_not_exceed(values: list[float], share: float) -> None:
    found = percentile(sorted(values), share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-6
    assert sum(value < found for value in values) < share * len(values) + 1e-6


def test_figures_of_nothing_are_zero() -> None:
    assert (Figures().rate, Figures().latency_ms(0.99)) == (0.0, 0.0)


def test_figures_are_in_milliseconds_and_per_second() -> None:
    figures = Figures(answered=4, elapsed_s=2.0, latencies_s=[0.003, 0.001, 0.002, 0.004])
    assert (figures.rate, figures.latency_ms(0.5), figures.latency_ms(1.0)) == (2.0, 2.0, 4.0)
