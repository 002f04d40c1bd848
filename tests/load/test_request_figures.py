"""Figures of requests, against another way to count them."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.load.record_columns import columns_of_records
from acquirer.load.records import MOST_US, LoadRecord, RequestOutcome
from acquirer.load.request_figures import Distribution, Quantile, RequestFigures
from tests.load.recorded import record

TIMES = st.integers(0, MOST_US)
RECORDS = st.builds(
    record,
    late_us=TIMES,
    done_us=TIMES,
    outcome=st.sampled_from(RequestOutcome),
    intended_us=st.integers(0, 10**10),
    terminal=st.integers(0, 10**6),
    service=st.integers(0, 1),
    phase=st.integers(0, 2),
)


def figures(*records: LoadRecord) -> RequestFigures:
    return RequestFigures(columns_of_records(records))


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=300), st.sampled_from([0.1, 50, 90, 99, 99.9]))
def test_a_percentile_is_the_smallest_that_so_many_do_not_exceed(times: list[int], percent: float) -> None:
    found = Distribution((us, False) for us in times).quantile(percent).us
    assert sum(us <= found for us in times) >= percent / 100 * len(times) - 1e-6
    assert sum(us < found for us in times) < percent / 100 * len(times) + 1e-6
    assert Distribution((us, False) for us in times).mean_us == pytest.approx(statistics.fmean(times))
    assert Distribution((us, False) for us in times).above(found) == sum(us > found for us in times)


@given(st.lists(RECORDS, max_size=60))
def test_columns_count_what_records_do_one_by_one(records: list[LoadRecord]) -> None:
    found = figures(*records)
    begun = [one for one in records if one.outcome not in (8, 9, 11)]
    assert len(found) == len(records)
    assert len(found.latency) == len(begun)
    assert found.latency.most.us == max((one.late_us + one.done_us for one in begun), default=0)
    assert found.service_time.least.us == min((one.done_us for one in begun), default=0)
    assert found.answered == sum(one.outcome in (0, 1) for one in records)
    assert found.approved == sum(one.outcome == 0 for one in records)
    assert sum(found.errors.values()) + found.approved == len(records)
    assert sum(found.outcomes.values()) == len(records)
    assert found.codes == {code: n for code in ("00", "51") if (n := sum(one.code == code.encode() for one in records))}
    if records:
        ends = [one.intended_us + one.late_us + one.done_us for one in records]
        first = min(one.intended_us for one in records)
        assert found.elapsed_s == pytest.approx((max(ends) - first) / 1e6)
        assert found.offered_us == max(one.intended_us for one in records) - first
        assert found.late_share == pytest.approx(sum(one.late_us > 10_000 for one in begun) / len(records))


def test_nothing_has_figures_too() -> None:
    empty = figures()
    assert {empty.latency.quantile(99), empty.latency.most, empty.latency.least} == {Quantile(0)}
    assert (empty.error_share, empty.late_share, empty.rate, empty.elapsed_s) == (0, 0, 0, 0)
    assert empty.longest_silence == (0.0, 0.0)
    assert empty.as_json()["requests"] == 0


def test_latency_counts_from_the_intended_moment() -> None:
    late = figures(record(late_us=500_000, done_us=1000))
    assert late.latency.most.ms == 501
    assert late.service_time.most.ms == 1
    assert late.late_share == 1.0


@pytest.mark.parametrize("outcome", ["NO_ANSWER", "NOT_CONNECTED", "LOST", "INTERRUPTED"])
def test_what_got_no_answer_is_a_lower_bound(outcome: str) -> None:
    some = figures(record(), record(done_us=60_000_000, outcome=RequestOutcome[outcome]))
    assert some.latency.most == Quantile(60_000_000, at_least=True)
    assert some.latency.quantile(50) == Quantile(1000, at_least=False)
    assert str(some.latency.most) == "≥ 60000.0 ms"
    assert (some.error_share, some.answered) == (0.5, 1)
    assert some.latency.as_json()["lower_bounds"] == ["p90", "p95", "p99", "p99_9", "max"]


@pytest.mark.parametrize("outcome", ["NO_TERMINAL_FREE", "NO_ROOM"])
def test_what_was_not_begun_is_counted_and_has_no_times(outcome: str) -> None:
    some = figures(record(done_us=5000), record(done_us=0, outcome=RequestOutcome[outcome]))
    assert some.latency.least.us == 5000
    assert (len(some), len(some.latency), some.error_share) == (2, 1, 0.5)
    assert some.errors == {RequestOutcome[outcome]: 1}


def test_a_request_that_waits_for_its_time_out_makes_no_rate_lower() -> None:
    answered = [record(done_us=10_000, intended_us=n * 10_000) for n in range(100)]
    lost = record(done_us=60_000_000, outcome=RequestOutcome.NO_ANSWER, intended_us=500_000)
    some = figures(*answered, lost)
    assert (some.elapsed_s, some.rate) == (60.5, 100.0)
    assert figures(lost).rate == 0.0


def test_connections_that_stood_before_have_no_time_of_connecting() -> None:
    some = figures(record()._replace(connected_us=0), record()._replace(connected_us=700))
    assert (len(some.connect), some.connect.most.us) == (1, 700)


def test_the_longest_time_without_an_answer_is_found() -> None:
    def due(at_us: int, took_us: int, outcome: RequestOutcome = RequestOutcome.APPROVED) -> LoadRecord:
        return record(0, took_us, outcome, intended_us=at_us)

    steady = [due(at, 5_000) for at in range(0, 1_000_000, 100_000)]
    assert figures(*steady).longest_silence == (0.0, 0.005), "what waits for nothing is no silence"
    stalled = [due(at, max(700_000 - at, 5_000) if at >= 300_000 else 5_000) for at in range(0, 1_000_000, 100_000)]
    assert figures(*stalled).longest_silence == (0.3, 0.4)
    busy = [due(at, 150_000) for at in range(0, 1_000_000, 100_000)]
    assert figures(*busy).longest_silence == (0.0, 0.15)
    lost = [*steady, due(0, 30_000_000, RequestOutcome.NO_ANSWER)]
    assert figures(*lost).longest_silence == (0.0, 0.005), "one that is never answered makes no silence"
