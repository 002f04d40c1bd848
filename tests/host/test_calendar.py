"""The host's clock in its time zone, and times that travel without a year."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.host.calendar import Calendar, is_time_zone, nearest_s

SHANGHAI = Calendar(ZoneInfo("Asia/Shanghai"))


def us(year: int, month: int, day: int, *time: int) -> int:
    hour, minute, second = (*time, 0, 0, 0)[:3]
    return int(datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()) * 1_000_000


def test_the_business_date_is_the_hosts_own():
    stamp = SHANGHAI.stamp(us(2025, 3, 9, 16, 0, 0))
    assert (stamp.time, stamp.date, stamp.day) == ("000000", "0310", "20250310")
    assert SHANGHAI.stamp(us(2025, 3, 9, 15, 59, 59)).day == "20250309"


@given(st.lists(st.integers(0, 4_000_000_000_000_000), min_size=1, max_size=20))
def test_a_stamp_does_not_depend_on_earlier_readings(readings):
    kept = Calendar(ZoneInfo("Europe/Berlin"))
    for reading in readings:
        assert kept.stamp(reading) == Calendar(ZoneInfo("Europe/Berlin")).stamp(reading)


@pytest.mark.parametrize(
    ("date", "time", "now", "away_s"),
    [
        ("1231", "235959", datetime(2026, 1, 1), -1),
        ("0101", "000001", datetime(2025, 12, 31, 23, 59, 59), 2),
        ("0229", "120000", datetime(2024, 3, 1, 12), -86400),
        ("0229", "120000", datetime(2023, 12, 31, 12), 60 * 86400),
    ],
)
def test_the_year_nearest_to_the_hosts_clock_is_meant(date, time, now, away_s):
    assert nearest_s(date, time, now) == away_s


@pytest.mark.parametrize(
    ("date", "time"), [("0229", "000000"), ("1332", "000000"), ("0310", "240000"), ("0310", "006000")]
)
def test_no_such_time(date, time):
    assert nearest_s(date, time, datetime(2025, 3, 10)) is None


@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)), st.integers(-180 * 86400, 180 * 86400))
def test_any_time_within_half_a_year_is_recognised(now, away_s):
    now = now.replace(microsecond=0)
    then = now + timedelta(seconds=away_s)
    assert nearest_s(then.strftime("%m%d"), then.strftime("%H%M%S"), now) == away_s


def test_universal_times_end_in_month_day_and_time():
    calendar = Calendar(ZoneInfo("Asia/Shanghai"))
    at_us = int(datetime(2026, 3, 10, 4, 0, 0, tzinfo=UTC).timestamp()) * 1_000_000
    assert calendar.universal_skew_s("0310040000", at_us) == 0
    assert calendar.universal_skew_s("260310040001", at_us) == 1
    assert calendar.universal_skew_s("310040000", at_us) is None
    assert calendar.universal_skew_s("1310040000", at_us) is None


@pytest.mark.parametrize(
    ("away_s", "zone"),
    [(900, True), (840, True), (839, False), (961, False), (60, False), (0, False), (-3600, True), (85_500, True),
     (86_400, False), (85_439, False)],
)  # fmt: skip
def test_time_zones_are_whole_quarters_of_an_hour_apart(away_s, zone):
    assert is_time_zone(away_s) is zone


@pytest.mark.parametrize(
    ("now", "days"),
    [
        (datetime(2027, 8, 29), 184),
        (datetime(2027, 8, 28, 23, 59, 59), None),  # no leap year is near enough
        (datetime(2028, 8, 31), -184),
        (datetime(2028, 8, 31, 0, 0, 1), None),
    ],
)
def test_the_last_day_of_february_is_at_most_half_a_year_away(now, days):
    assert nearest_s("0229", "000000", now) == (None if days is None else days * 86_400)
