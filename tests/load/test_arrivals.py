"""Moments of a burst: as many as there should be, all within its time, in order."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.load.arrivals import SHAPES, front, poisson


@given(st.sampled_from(sorted(SHAPES)), st.integers(1, 2000), st.integers(1, 10_000_000), st.integers(0, 9))
def test_all_come_in_order_and_in_time(shape: str, count: int, within_us: int, seed: int) -> None:
    moments = SHAPES[shape](count, within_us, Random(seed))
    assert len(moments) == count
    assert moments == sorted(moments)
    assert 0 <= moments[0] <= moments[-1] < within_us
    assert moments == SHAPES[shape](count, within_us, Random(seed))


def test_at_the_front_half_come_within_a_quarter() -> None:
    moments = front(10_000, 1_000_000, Random(1))
    assert sum(one < 250_000 for one in moments) == pytest.approx(5000, rel=0.05)


def test_gaps_of_a_poisson_process_are_exponential() -> None:
    moments = poisson(20_000, 20_000_000, Random(1))  # a gap of a millisecond on average
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert sum(gap > 1000 for gap in gaps) / len(gaps) == pytest.approx(0.3679, abs=0.02)  # 1/e
