"""Values that several sections of a journey have."""

from __future__ import annotations

from acquirer.data.table import Table
from acquirer.scenario.parameters import read_duration_ms


def duration_s(table: Table, key: str) -> float:
    """Return a duration in seconds; a number is one of seconds. Raises DataError."""
    written = table.raw(key)
    if isinstance(written, bool) or not isinstance(written, str | int | float):
        raise table.error(key, 'must be a duration, as in "3s" or "250ms"')
    try:
        seconds = read_duration_ms(str(written)) / 1000
    except ValueError as exc:
        raise table.error(key, str(exc)) from None
    if not seconds:
        raise table.error(key, "must be longer than nothing")
    return seconds
