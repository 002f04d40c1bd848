"""Live figures, against the exact ones of the same requests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.load.live_figures import LiveDistribution, LiveFigures, judge_running
from acquirer.load.record_columns import columns_of_records
from acquirer.load.records import MOST_US, LoadRecord, RequestOutcome
from acquirer.load.request_figures import Distribution, RequestFigures
from acquirer.load.thresholds import read_threshold
from tests.load.recorded import SERVICES, drawn_records, record

PHASES = ("calm", "burst")


def live(*records: LoadRecord) -> LiveFigures:
    found = LiveFigures(SERVICES, PHASES)
    found.add(records)
    return found


@given(st.lists(st.integers(0, MOST_US), min_size=1, max_size=200), st.sampled_from([1, 50, 99, 99.9]))
def test_a_percentile_is_less_than_a_thirtieth_too_low(times: list[int], percent: float) -> None:
    counted = LiveDistribution()
    for us in times:
        counted.add(us)
    exact_us = Distribution((us, False) for us in times).quantile(percent).us
    assert exact_us * (1 - 1 / 32) <= counted.quantile(percent).us <= exact_us
    assert (counted.least.us, counted.most.us) == (min(times), max(times))


def test_they_are_those_of_the_end_when_all_has_ended() -> None:
    records = [
        one._replace(service=number % 2, phase=number // 200, late_us=one.late_us * 60)
        for number, one in enumerate(drawn_records(400, 2_000_000))
    ]
    counts, exact = live(*records).of(), RequestFigures(columns_of_records(records))
    assert len(counts) == len(exact)
    assert dict(counts.outcomes) == exact.outcomes
    assert counts.answered == exact.answered
    assert counts.error_share == pytest.approx(exact.error_share)
    assert counts.late_share == exact.late_share > 0
    assert counts.rate == pytest.approx(exact.rate)
    assert counts.latency.mean_us == pytest.approx(exact.latency.mean_us)
    assert len(live(*records).of("sale")) == 200
    assert len(live(*records).of("sale", "burst")) == 100
    assert len(live(*records).of(phase="calm")) == 200


def test_what_was_not_begun_has_no_times() -> None:
    counts = live(record(outcome=RequestOutcome.NO_ROOM)).of()
    assert (len(counts), len(counts.latency), counts.error_share) == (1, 0, 1.0)


def test_only_thresholds_that_end_a_run_are_judged_and_only_after_their_grace() -> None:
    slow = live(record(done_us=900_000, phase=1), record(done_us=1000))

    def missed(text: str, elapsed_s: float = 5.0, **more: object) -> list[str]:
        threshold = read_threshold(text, **{"abort": True, "grace_s": 2.0, **more})  # type: ignore[arg-type]
        return [one.threshold.written for one in judge_running([threshold], slow, elapsed_s)]

    assert missed("p(99)<250ms") == ["p(99)<250ms"]
    assert missed("p(99)<250ms", 1.9) == []
    assert missed("p(99)<250ms", abort=False) == []
    assert missed("p(99)<2s") == []
    assert missed("p(99){phase:burst}<250ms") == ["p(99){phase:burst}<250ms"]
    assert missed("p(99){phase:calm}<250ms") == []
    assert missed("p(99){sale}<250ms") == [], "nothing of it has ended yet"
    assert missed("count>=3") == [], "it may still come to that"
    assert missed("rate>=3900/s") == missed("rate<1/s") == []
    assert missed("count<2") == ["count<2"]
