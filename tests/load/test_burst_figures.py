"""Figures of a run, against another way to count them."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.load.burst_figures import BurstFigures, Distribution, Quantile
from acquirer.load.records import LoadRecord, RequestOutcome
from acquirer.load.thresholds import read_threshold

SERVICES = ("sign_on", "sale")


def record(
    late_us: int = 0, done_us: int = 1000, outcome: RequestOutcome = RequestOutcome.APPROVED, **more: int
) -> LoadRecord:
    values = {"intended_us": 0, "terminal": 0, "service": 0, **more}
    code = {RequestOutcome.APPROVED: b"00", RequestOutcome.DECLINED: b"51"}.get(outcome, b"")
    return LoadRecord(
        values["intended_us"], late_us, 10, 20, done_us, values["terminal"], values["service"], outcome, 0, code
    )


def figures(*records: LoadRecord) -> BurstFigures:
    return BurstFigures(records, SERVICES, len(records), True, ())


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=300), st.sampled_from([0.1, 50, 90, 99, 99.9]))
def test_a_percentile_is_the_smallest_that_so_many_do_not_exceed(times: list[int], percent: float) -> None:
    found = Distribution((us, False) for us in times).quantile(percent).us
    assert sum(us <= found for us in times) >= percent / 100 * len(times) - 1e-6
    assert sum(us < found for us in times) < percent / 100 * len(times) + 1e-6
    assert Distribution((us, False) for us in times).mean_us == pytest.approx(statistics.fmean(times))


def test_nothing_has_figures_too() -> None:
    empty = figures()
    assert (empty.latency.quantile(99), empty.latency.most, empty.latency.least) == (Quantile(0),) * 3
    assert (empty.errors, empty.late, empty.rate, empty.elapsed_s, empty.generator_limited) == (0, 0, 0, 0, False)


def test_latency_counts_from_the_intended_moment() -> None:
    late = figures(record(late_us=500_000, done_us=1000))
    assert late.latency.most.ms == 501
    assert late.service_time.most.ms == 1
    assert late.late == 1.0
    assert late.generator_limited


def test_what_got_no_answer_is_a_lower_bound() -> None:
    some = figures(record(), record(done_us=60_000_000, outcome=RequestOutcome.NO_ANSWER))
    assert some.latency.most == Quantile(60_000_000, at_least=True)
    assert some.latency.quantile(50) == Quantile(1000, at_least=False)
    assert (some.errors, some.answered) == (0.5, 1)


@pytest.mark.parametrize(
    ("late_us", "latency_us", "limited"),
    [(900, 1_000, False), (1_100, 10_000, True), (1_100, 100_000, False), (9_000, 1_000_000, False)],
)
def test_the_generator_was_the_limit_when_lateness_shows(late_us: int, latency_us: int, limited: bool) -> None:
    assert figures(*[record(late_us, latency_us)] * 100).generator_limited is limited


def test_thresholds_are_about_all_or_one_service() -> None:
    both = figures(
        record(done_us=1_000),
        record(done_us=3_000),
        record(done_us=50_000, outcome=RequestOutcome.DECLINED, service=1, intended_us=950_000),
    )
    for text, figure in (
        ("p(99)<1s", 50.0),
        ("max{sign_on}<1s", 3.0),
        ("avg{sign_on}<1s", 2.0),
        ("min<1s", 1.0),
        ("med<1s", 3.0),
        ("errors{sale}<1%", 1.0),
        ("errors<50%", 1 / 3),
        ("count>=1", 3.0),
        ("rate>0", 3.0),
        ("late<1%", 0.0),
        ("count{refund}==0", 0.0),
    ):
        assert both.figure(read_threshold(text)) == pytest.approx(figure), text


def test_json_has_all_of_it() -> None:
    found = figures(record(), record(outcome=RequestOutcome.DECLINED)).as_json()
    assert found["schema"] == "acquirer.load/1"
    assert found["outcomes"] == {"approved": 1, "declined": 1}
    assert found["codes"] == {"00": 1, "51": 1}
    assert set(found["latency_ms"]) == {"p50", "p90", "p95", "p99", "p99_9", "max"}
