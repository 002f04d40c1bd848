"""Moments of a burst: as many as there should be, all within its time, in order."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from acquirer.load.arrivals import SHAPES, front, poisson, ramp


@given(st.sampled_from(sorted(SHAPES)), st.integers(1, 2000), st.integers(1, 10_000_000), st.integers(0, 9))
def test_all_come_in_order_and_in_time(shape: str, count: int, within_us: int, seed: int) -> None:
    moments = list(SHAPES[shape](count, within_us, Random(seed)))
    assert len(moments) == count
    assert moments == sorted(moments)
    assert 0 <= moments[0] <= moments[-1] < within_us
    assert moments == list(SHAPES[shape](count, within_us, Random(seed)))


def test_at_the_front_half_come_within_a_quarter() -> None:
    moments = list(front(10_000, 1_000_000, Random(1)))
    assert sum(one < 250_000 for one in moments) == pytest.approx(5000, rel=0.05)


def test_gaps_of_a_poisson_process_are_exponential() -> None:
    moments = list(poisson(20_000, 20_000_000, Random(1)))  # a gap of a millisecond on average
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert sum(gap > 1000 for gap in gaps) / len(gaps) == pytest.approx(0.3679, abs=0.02)  # 1/e


@given(st.floats(0, 1000), st.floats(0, 1000), st.integers(1, 500), st.integers(1000, 10**9))
def test_a_ramp_comes_in_order_and_in_time(first: float, last: float, count: int, within_us: int) -> None:
    assume(first + last > 1e-3)
    moments = list(ramp(count, within_us, first, last))
    assert len(moments) == count
    assert moments == sorted(moments)
    assert 0 <= moments[0] <= moments[-1] < within_us


def test_a_ramp_rises_steadily() -> None:
    moments = list(ramp(10_000, 1_000_000, 0.0, 100.0))
    for share in (0.25, 0.5, 0.75):
        assert sum(one < share * 1_000_000 for one in moments) == pytest.approx(10_000 * share * share, abs=2)
