"""A run over time, against another way to count it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.load.record_columns import columns_of_records
from acquirer.load.records import LoadRecord, RequestOutcome
from acquirer.load.request_figures import Quantile
from acquirer.load.time_buckets import MOST_BUCKETS, bucket_width_us, time_buckets
from tests.load.recorded import record

RECORDS = st.builds(
    record,
    late_us=st.integers(0, 300_000),
    done_us=st.integers(0, 900_000),
    outcome=st.sampled_from(RequestOutcome),
    intended_us=st.integers(0, 2_000_000),
)


@given(st.lists(RECORDS, min_size=1, max_size=80), st.sampled_from([100_000, 500_000]))
def test_each_request_stands_where_it_was_due_and_where_it_ended(records: list[LoadRecord], width_us: int) -> None:
    buckets = time_buckets(columns_of_records(records), width_us)
    assert sum(bucket.offered for bucket in buckets) == sum(bucket.done for bucket in buckets) == len(records)
    assert buckets[-1].open == 0
    for bucket in buckets:
        end_us = bucket.begin_us + width_us
        due = [one for one in records if bucket.begin_us <= one.intended_us < end_us]
        ended = [one for one in records if bucket.begin_us <= one.intended_us + one.latency_us < end_us]
        assert (bucket.offered, bucket.done) == (len(due), len(ended))
        assert bucket.approved == sum(one.outcome == 0 for one in ended)
        assert sum(bucket.errors.values()) + bucket.approved == len(ended)
        assert sum(bucket.codes.values()) == sum(one.code != b"" for one in ended)
        assert bucket.open == sum(one.intended_us < end_us <= one.intended_us + one.latency_us for one in records)
        begun = sorted((one.latency_us, one.outcome in (2, 3, 4, 10)) for one in due if one.outcome not in (8, 9, 11))
        if begun:
            assert bucket.latency.most == Quantile(*begun[-1])
            assert bucket.latency.p50 == Quantile(*begun[(len(begun) - 1) // 2])
            assert bucket.lateness.most.us == max(one.late_us for one in due if one.outcome not in (8, 9, 11))
        else:
            assert bucket.latency is bucket.lateness is None


@pytest.mark.parametrize(
    ("due_s", "took_s", "width_ms"),
    [(5, 0.01, 100), (9.9, 0.1, 100), (20, 0.1, 200), (60, 0.1, 500), (3600, 1, 50_000), (5, 60, 100), (5, 600, 1000)],
)
def test_pieces_are_a_tenth_of_a_second_in_a_burst_and_adapt(due_s: float, took_s: float, width_ms: int) -> None:
    records = [record(intended_us=0), record(done_us=int(took_s * 1e6), intended_us=int(due_s * 1e6))]
    columns = columns_of_records(records)
    width_us = bucket_width_us(columns)
    assert width_us == width_ms * 1000
    assert len(time_buckets(columns, width_us)) <= MOST_BUCKETS
    assert len(time_buckets(columns, bucket_width_us(columns, 40))) <= 40


def test_nothing_has_no_pieces() -> None:
    assert time_buckets(columns_of_records([]), bucket_width_us(columns_of_records([]))) == []
