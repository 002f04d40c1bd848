"""How runs differ from the first of them."""

from __future__ import annotations

import pytest

from acquirer.load.records import RequestOutcome
from acquirer.load.report.comparison import comparison_json, figure_differences
from tests.load.recorded import record
from tests.load.report.conftest import MakeRun


def changes(judged: MakeRun, first_us: int, second_us: int) -> tuple[str, bool | None]:
    runs = [judged([record(done_us=us)] * 10, name=str(us)) for us in (first_us, second_us)]
    (p99,) = [one for one in figure_differences(runs) if one.key == "p99_ms"]
    assert [name for name, _ in p99.values] == [str(first_us), str(second_us)]
    return p99.changes[0], p99.better[0]


@pytest.mark.parametrize(
    ("first_us", "second_us", "change", "better"),
    [
        (100_000, 150_000, "+50.0 %", False),
        (100_000, 50_000, "-50.0 %", True),
        (100_000, 104_000, "+4.0 %", None),
        (100_000, 100_000, "=", None),
        (1_000, 1_400, "+40.0 %", None),  # less than half a millisecond
        (10_000, 2_000_000, "× 200", False),
    ],
)
def test_a_change_is_better_or_worse_when_it_is_notable(
    judged: MakeRun, first_us: int, second_us: int, change: str, better: bool | None
) -> None:
    assert changes(judged, first_us, second_us) == (change, better)


def test_what_was_not_there_is_new(judged: MakeRun) -> None:
    lost = [record()] * 9 + [record(outcome=RequestOutcome.LOST)]
    runs = [judged([record()] * 10), judged(lost)]
    (errors,) = [one for one in figure_differences(runs) if one.key == "error_share"]
    assert (errors.words, errors.changes, errors.better) == (("0.000%", "10.000%"), ["new"], [False])
    found = comparison_json(runs)
    assert {"figure": "error_share", "values": [0.0, 0.1], "ratios": [None]} in found["differences"]


def test_all_are_compared_with_the_first(judged: MakeRun) -> None:
    runs = [judged([record(done_us=us)]) for us in (100_000, 200_000, 50_000)]
    (p50,) = [one for one in figure_differences(runs) if one.key == "p50_ms"]
    assert p50.changes == ["+100.0 %", "-50.0 %"]
    assert p50.better == [False, True]
