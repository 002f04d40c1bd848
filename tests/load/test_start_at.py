"""When a run begins, as it is typed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from acquirer.load.start_at import read_start

NOW = datetime(2026, 11, 29, 9, 30, tzinfo=timezone(timedelta(hours=8)))  # 01:30 of the same day in UTC


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("08:00:00Z", datetime(2026, 11, 29, 8, tzinfo=UTC)),
        ("08:00Z", datetime(2026, 11, 29, 8, tzinfo=UTC)),
        ("09:30:01", datetime(2026, 11, 29, 1, 30, 1, tzinfo=UTC)),
        ("2026-11-30T08:00:00Z", datetime(2026, 11, 30, 8, tzinfo=UTC)),
        ("2026-11-30 08:00", datetime(2026, 11, 30, 0, tzinfo=UTC)),
        ("2026-11-30T08:00:00+02:00", datetime(2026, 11, 30, 6, tzinfo=UTC)),
    ],
)
def test_a_moment(text: str, moment: datetime) -> None:
    assert read_start(text, NOW) == moment.timestamp() * 1e9


@pytest.mark.parametrize("text", ["09:29", "01:30:00Z", "2026-11-29T00:00:00Z"])
def test_a_moment_that_is_over_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"'{text}' is over: it is 2026-11-29"):
        read_start(text, NOW)


@pytest.mark.parametrize("text", ["", "8", "8 am", "25:00", "08:61", "2026-11-30", "2026-13-01T00:00:00Z", "08:00+1"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no moment; write it like 08:00:00Z or 2026-11-29T08:00:00Z"):
        read_start(text, NOW)
