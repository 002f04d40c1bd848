"""Durations as tests write them."""

from __future__ import annotations

from acquirer.scenario.parameters import read_duration_ms

Duration = str | float
"""``"5s"``, ``"250ms"``, or seconds."""


def seconds_of(duration: Duration) -> float:
    """Return a duration in seconds.

    >>> seconds_of("250ms"), seconds_of(2)
    (0.25, 2.0)

    Raises:
        ValueError: it is no duration.
    """
    return read_duration_ms(duration) / 1000 if isinstance(duration, str) else float(duration)
