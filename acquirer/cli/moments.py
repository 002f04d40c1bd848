"""Moments as people write them: ``08:00``, ``2025-03-10``, ``2025-03-10T08:30:00Z``, ``-1h``, ``yesterday``."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import typer

from acquirer.cli.errors import Code, Exit

HELP: Final = "08:00, 2025-03-10, '2025-03-10 08:30', -1h, yesterday"

SinceOption: Any = typer.Option("", "--since", metavar="TIME", help=f"Only from then on: {HELP}.")
UntilOption: Any = typer.Option("", "--until", metavar="TIME", help="Only before; a date alone: to its end.")

_AGO: Final = re.compile(r"-((?:\d{1,7}[dhms])+)")
_PART: Final = re.compile(r"(\d+)([dhms])")
_UNITS: Final = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_CLOCK: Final = re.compile(r"\d\d:\d\d(:\d\d)?")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_DAYS: Final = {"today": 0, "yesterday": 1}


def moment_us(option: str, text: str, timezone: str, *, end_of_day: bool = False) -> int:
    """Return the moment that an option names in the host's time zone, in microseconds; 0 for an empty text.

    A time of day is the last such one; ``-1h30m`` is so long ago. `end_of_day`: a date alone means the end of that day.

    Raises:
        Exit: it is no moment; one sentence.
    """
    if not text:
        return 0
    zone = ZoneInfo(timezone)
    try:
        moment = _moment(text.strip(), datetime.fromtimestamp(time.time(), zone), end_of_day=end_of_day)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        return max(int(moment.timestamp()), 1) * 1_000_000 + moment.microsecond
    except (ValueError, OverflowError, OSError):
        raise Exit(
            Code.USAGE,
            f"{option}: '{text}' is no date and no time; write 08:00, 2025-03-10, '2025-03-10 08:30', or -1h for an "
            "hour ago.",
        ) from None


def _moment(text: str, now: datetime, *, end_of_day: bool) -> datetime:
    if text == "now":
        return now
    if ago := _AGO.fullmatch(text):
        return now - timedelta(**_added(ago[1]))
    if _CLOCK.fullmatch(text):
        hours = datetime.strptime(text, "%H:%M:%S" if text.count(":") == 2 else "%H:%M")
        moment = now.replace(hour=hours.hour, minute=hours.minute, second=hours.second, microsecond=0, tzinfo=None)
        return moment if moment <= now.replace(tzinfo=None) else moment - timedelta(days=1)
    if text in _DAYS:
        text = f"{now - timedelta(days=_DAYS[text]):%Y-%m-%d}"
    moment = datetime.fromisoformat(text)
    if end_of_day and _DATE.fullmatch(text):
        moment += timedelta(days=1)
    return moment


def _added(parts: str) -> dict[str, float]:
    total: dict[str, float] = {}
    for count, unit in _PART.findall(parts):
        total[_UNITS[unit]] = total.get(_UNITS[unit], 0) + int(count)
    return total
