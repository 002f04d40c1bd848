"""The time that a slip shows: the host's, as its reply says it, wherever a dialect has it; else the terminal's own."""

from __future__ import annotations

from datetime import datetime

from acquirer.dialect.clock import day_and_time
from acquirer.dialect.dialect import Dialect
from acquirer.wire.elements import read_element
from acquirer.wire.masking import as_text
from acquirer.wire.message import Message


def host_time(dialect: Dialect, reply: Message | None, own: datetime) -> str:
    """Return date and time of a reply as slips print them, ``2026/12/31 23:59:59``; without one, those of our clock."""
    date, time = _day_and_time(dialect, reply)
    return _dated(date, time, own)


def _day_and_time(dialect: Dialect, reply: Message | None) -> tuple[str, str]:
    if reply is None:
        return "", ""
    day, time = (read_element(reply.fields, at) if at else "" for at in day_and_time(dialect))
    return as_text(str(day or "")) or "", as_text(str(time or "")) or ""


def _dated(date: str, time: str, own: datetime) -> str:
    """Return the host's date and time with the year that puts them nearest to our own clock; our own when it gave none.

    >>> _dated("1231", "235959", datetime(2027, 1, 1, 0, 0, 3))
    '2026/12/31 23:59:59'
    """
    choices = []
    for year in (own.year - 1, own.year, own.year + 1):
        try:
            choices.append(datetime.strptime(f"{year}{date}{time}", "%Y%m%d%H%M%S"))
        except ValueError:  # no such day in that year, or no date at all
            continue
    ours = own.replace(tzinfo=None)
    best = min(choices, key=lambda moment: abs(moment - ours), default=ours)
    return f"{best:%Y/%m/%d %H:%M:%S}"
