"""When a run begins on several machines at once: a time of day, or a moment, as it is typed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time
from typing import Final

_DAY_TIME: Final = re.compile(r"([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?(Z?)")


def read_start(text: str, now: datetime) -> int:
    """Return the moment in nanoseconds since 1970.

    Args:
        text: a time of day, today, as in ``08:00:00Z``, or a moment as in ``2026-11-29T08:00:00Z``; without a zone it
            is local time.
        now: with its zone.

    Raises:
        ValueError: it is none, or it is over.

    >>> read_start("08:00Z", datetime(2026, 1, 1, 7, tzinfo=UTC)) // 1_000_000_000
    1767254400
    """
    moment = _moment(text, now)
    if moment <= now:
        raise ValueError(f"'{text}' is over: it is {now.astimezone(moment.tzinfo):%Y-%m-%d %H:%M:%S %Z} now")
    return round(moment.timestamp()) * 1_000_000_000


def _moment(text: str, now: datetime) -> datetime:
    problem = f"'{text}' is no moment; write it like 08:00:00Z or 2026-11-29T08:00:00Z"
    try:
        if found := _DAY_TIME.fullmatch(text):
            at = now.astimezone(UTC) if found[4] else now
            return datetime.combine(at.date(), time(int(found[1]), int(found[2]), int(found[3] or 0)), at.tzinfo)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(problem) from None
    if "T" not in text.upper() and " " not in text:
        raise ValueError(problem)
    return moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)
