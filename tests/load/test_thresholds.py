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
        ("count===3", 3.0, True),
        ("max{sale, phase:evening rush}<2s", 1999.0, True),
    ],
)
def test_it_holds_or_not(text: str, figure: float, held: bool) -> None:
    assert read_threshold(text).holds(figure) is held


@pytest.mark.parametrize(
    ("scope", "service", "phase"),
    [
        ("", "", ""),
        ("{sign_on}", "sign_on", ""),
        ("{service:sign_on}", "sign_on", ""),
        ("{phase:burst-2}", "", "burst-2"),
        ("{ sale , phase:burst }", "sale", "burst"),
        ("{phase:burst,service:sale}", "sale", "burst"),
    ],
)
def test_its_scope_is_a_service_a_phase_or_both(scope: str, service: str, phase: str) -> None:
    found = read_threshold(f"p(99){scope}<1s")
    assert (found.service, found.phase) == (service, phase)


def test_nothing_and_lower_bounds_hold_no_upper_limit() -> None:
    limit = read_threshold("p(99)<250ms")
    assert not limit.holds(None)
    assert not limit.holds(200.0, at_least=True)
    assert read_threshold("max>1s").holds(2000.0, at_least=True)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "'' is no threshold; write it like"),
        ("p99<250ms", r"'p99<250ms' is no threshold; write p\(99\) for that percentile, as in p\(99\)<250ms"),
        ("p(99)=250ms", "comparisons are < <= > >= == !=; write it like"),
        ("p(99)=<250ms", "comparisons are < <= > >= == !="),
        ("p(99){}<1s", r"'\{\}' is no scope; write \{sign_on\}, \{phase:burst\} or \{sale,phase:burst\}"),
        ("p(99){sale,sign_on}<1s", "is no scope"),
        ("p(99){stage:burst}<1s", "is no scope"),
        ("p(99){phase:}<1s", "is no scope"),
        ("errors<5", "errors is a share, of 1 at most; write it like 0.1%"),
        ("p(99)<250ms and errors<1%", "is no threshold"),
        ("p(99)<", "is no threshold"),
        ("p(99)~250ms", "is no threshold"),
        ("p(99)<250 hours", "is no threshold"),
        ("p(0)<1s", "a percentile lies above 0 and below 100"),
        ("p(100)<1s", "a percentile lies above 0 and below 100; the longest time is 'max'"),
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
