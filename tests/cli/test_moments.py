"""Moments as people write them, in the host's time zone."""

from __future__ import annotations

import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from acquirer.cli.errors import Code, Exit
from acquirer.cli.moments import moment_us

ZONE = "Asia/Shanghai"
NOW = datetime(2026, 3, 10, 12, 30, 15, tzinfo=ZoneInfo(ZONE)).timestamp()


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("08:00", "2026-03-10 08:00:00"),
        ("08:00:30", "2026-03-10 08:00:30"),
        ("13:00", "2026-03-09 13:00:00"),  # the last one
        ("12:30:15", "2026-03-10 12:30:15"),
        ("-1h", "2026-03-10 11:30:15"),
        ("-90s", "2026-03-10 12:28:45"),
        ("-1h30m", "2026-03-10 11:00:15"),
        ("-2d", "2026-03-08 12:30:15"),
        ("now", "2026-03-10 12:30:15"),
        ("today", "2026-03-10 00:00:00"),
        ("yesterday", "2026-03-09 00:00:00"),
        ("2025-12-31", "2025-12-31 00:00:00"),
        ("2025-12-31 08:30", "2025-12-31 08:30:00"),
        ("2025-12-31T08:30:01.5", "2025-12-31 08:30:01.500000"),
        ("2025-12-31T08:30:00Z", "2025-12-31 16:30:00"),
        ("2025-12-31T08:30:00+01:00", "2025-12-31 15:30:00"),
    ],
)
def test_forms(text: str, moment: str) -> None:
    at = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(ZONE))
    assert moment_us("--since", text, ZONE) == round(at.timestamp() * 1_000_000)


@pytest.mark.parametrize(("text", "day"), [("2025-12-31", "2026-01-01"), ("today", "2026-03-11"), ("now", "")])
def test_a_date_alone_may_mean_its_end(text: str, day: str) -> None:
    end = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(ZONE)).timestamp() if day else NOW
    assert moment_us("--until", text, ZONE, end_of_day=True) == end * 1_000_000


@pytest.mark.parametrize("text", ["8", "25:00", "1h", "-1", "-9999999d", "2025-13-01", "soon", "-", "10.3.2025"])
def test_what_is_no_moment_gets_one_sentence(text: str) -> None:
    with pytest.raises(Exit) as raised:
        moment_us("--since", text, ZONE)
    assert raised.value.code is Code.USAGE
    assert str(raised.value).startswith(f"--since: '{text}' is no date and no time; write 08:00, 2025-03-10,")
    assert "\n" not in str(raised.value)
