"""Clocks of dialects: what each element of time looks like, and where month, day and time of day stand."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from acquirer.dialect.clock import clock_forms, day_and_time
from acquirer.host.calendar import Calendar
from acquirer.settings.specs import load_dialect
from acquirer.wire.elements import read_element

AT_US = int(datetime(2026, 11, 20, 23, 30, 5, tzinfo=UTC).timestamp()) * 1_000_000
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("unionpay-pos", {"time": "003005", "date": "1121", "settlement_date": "1121"}),
        (
            "iso8583-1987-ascii",
            {"time": "003005", "date": "1121", "settlement_date": "1121", "sent": "1120233005"},
        ),
        ("iso8583-1993-bcd", {"time": "261121003005", "settlement_date": "261121", "sent": "1120233005"}),
    ],
)
def test_local_time_in_the_dialects_own_form_and_what_was_sent_in_universal_time(name, expected):
    stamp = Calendar(BERLIN, clock_forms(load_dialect(name))).stamp(AT_US)
    assert stamp.reply_elements == expected
    assert stamp.clock == {name: value for name, value in expected.items() if name != "settlement_date"}
    assert (stamp.time, stamp.date, stamp.day) == ("003005", "1121", "20261121")


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("unionpay-pos", {12: "003005", 13: "1121"}),
        ("iso8583-1987-binary", {12: "003005", 13: "1121"}),
        ("iso8583-1993-ascii", {12: "261121003005"}),
    ],
)
def test_month_day_and_time_of_day_wherever_they_stand(name, fields):
    assert [at and read_element(fields, at) for at in day_and_time(load_dialect(name))] == ["1121", "003005"]
