"""The wall clock that is handed to everything below: the machine's, or one that stands still."""

from __future__ import annotations

import time
from datetime import UTC, datetime, tzinfo


class Clock:
    """Says what time it is, in UTC microseconds since the epoch; `fixed_us` makes it stand still.

    >>> Clock(1_000_000).now_us()
    1000000
    """

    def __init__(self, fixed_us: int | None = None) -> None:
        self.fixed_us = fixed_us

    def now_us(self) -> int:
        return time.time_ns() // 1000 if self.fixed_us is None else self.fixed_us


def fixed_clock(at: datetime, timezone: tzinfo) -> Clock:
    """A clock that stands at `at`; a time without an offset is meant in `timezone`.

    >>> fixed_clock(datetime(2026, 1, 1, 8, 0), UTC).now_us()
    1767254400000000
    """
    aware = at if at.tzinfo else at.replace(tzinfo=timezone)
    return Clock(int(aware.astimezone(UTC).timestamp() * 1_000_000))
