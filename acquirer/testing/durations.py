"""Durations as tests write them."""

from __future__ import annotations

from datetime import timedelta
from math import inf

from acquirer.scenario.parameters import read_duration_ms

Duration = str | float | timedelta
"""``"5s"``, ``"250ms"``, seconds, or a `timedelta`."""


def seconds_of(duration: Duration) -> float:
    """Return a duration in seconds.

    >>> seconds_of("250ms"), seconds_of(2), seconds_of(timedelta(days=2))
    (0.25, 2.0, 172800.0)

    Raises:
        ValueError: it is no duration, or is below 0.
    """
    if isinstance(duration, str):
        return read_duration_ms(duration) / 1000
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else float(duration)
    if not 0 <= seconds < inf:
        raise ValueError(f"{duration!r} is not a duration: time goes forward")
    return seconds
