"""Thresholds as they are written."""

from __future__ import annotations

import pytest

from acquirer.load.thresholds import ThresholdError, read_threshold


@pytest.mark.parametrize(
    ("text", "figure", "held"),
    [
        ("p(99)<250ms", 249.9, True),
        ("p(99) <= 250", 250.0, True),
        ("p( 99.9 ){sale} < 1s", 1000.0, False),
        ("max<2s", 1999.0, True),
        ("avg!=0", 1.0, True),
        ("med>500us", 0.5, False),
        ("errors<0.1%", 0.0009, True),
        ("errors==0", 0.0, True),
        ("late<=1%", 0.01, True),
        ("rate>=3900/s", 3899.0, False),
        ("count>=20000", 20000.0, True),
    ],
)
def test_it_holds_or_not(text: str, figure: float, held: bool) -> None:
    assert read_threshold(text).holds(figure) is held


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "'' is no threshold; write it like"),
        ("p99<250ms", "'p99<250ms' is no threshold"),
        ("p(99)<", "is no threshold"),
        ("p(99)~250ms", "is no threshold"),
        ("p(99)<250 hours", "is no threshold"),
        ("p(0)<1s", "a percentile lies above 0 and below 100"),
        ("p(100)<1s", "a percentile lies above 0 and below 100"),
        ("error<1%", "there is no figure 'error'; did you mean 'errors'"),
        ("mode<1s", r"there is no figure 'mode'; there are p\(N\), avg, "),
        ("errors<3ms", "errors is not counted in 'ms'; write it like 0.1%"),
        ("p(99)<1%", "p is not counted in '%'; write it like 250ms"),
        ("rate>5s", "rate is not counted in 's'; write it like 3900/s"),
        ("count>5/s", "count is not counted in '/s'; write it like 20000"),
    ],
)
def test_what_is_none_is_named(text: str, sentence: str) -> None:
    with pytest.raises(ThresholdError, match=sentence):
        read_threshold(text)
