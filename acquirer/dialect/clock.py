"""Times as messages carry them: which form each element of a clock has in a dialect, by its size.

ISO 8583 has dates of four digits and of six, and times of day with a date before them: 1987 says hhmmss in DE 12 and
MMDD in DE 13, 1993 says YYMMDDhhmmss in DE 12.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from acquirer.dialect.dialect import Dialect
from acquirer.wire.grammar import Locator

_DATES: Final = {4: "%m%d", 6: "%y%m%d", 8: "%Y%m%d"}
_TIMES: Final = {4: "%H%M", 6: "%H%M%S", 10: "%m%d%H%M%S", 12: "%y%m%d%H%M%S", 14: "%Y%m%d%H%M%S"}

CLOCK: Final[Mapping[str, Mapping[int, str]]] = {
    "time": _TIMES,
    "date": _DATES,
    "settlement_date": _DATES,
    "sent": _TIMES,
}
"""Elements that hold a time → digits → their form."""

UTC: Final = frozenset({"sent"})
"""Of these, what is in universal time (DE 7: transmission date and time)."""

HMS, MMDD = 6, 4


class ClockForm(NamedTuple):
    """How a dialect writes one element of its clock."""

    element: str
    pattern: str  # of strftime
    utc: bool


def clock_forms(dialect: Dialect) -> tuple[ClockForm, ...]:
    """Return the forms of all clock elements this dialect has.

    >>> from acquirer.settings.specs import load_dialect
    >>> [form.pattern for form in clock_forms(load_dialect("unionpay-pos"))]
    ['%H%M%S', '%m%d', '%m%d']
    """
    found = []
    for element, patterns in CLOCK.items():
        at = dialect.elements.get(element)
        if at is not None and (pattern := patterns.get(size_of(dialect, at))):
            found.append(ClockForm(element, pattern, element in UTC))
    return tuple(found)


def day_and_time(dialect: Dialect) -> tuple[Locator | None, Locator | None]:
    """Return where month and day stand (four digits), and the time of day (six); None where there is none."""
    date, time = dialect.elements.get("date"), dialect.elements.get("time")
    day = _cut(date, size_of(dialect, date) - MMDD, MMDD) if date and size_of(dialect, date) >= MMDD else None
    if time is None:
        return day, None
    size = size_of(dialect, time)
    if day is None and size > HMS + MMDD - 1:
        day = _cut(time, size - HMS - MMDD, MMDD)
    return day, _cut(time, size - HMS, HMS) if size >= HMS else None


def size_of(dialect: Dialect, at: Locator) -> int:
    """Return how many characters an element has (at most, if its size varies)."""
    return (dialect.fields[at.de].maximum if at.stop is None else at.stop) - at.start


def _cut(at: Locator, ahead: int, size: int) -> Locator:
    start = at.start + ahead
    return at if at.whole and not ahead else Locator(at.de, start, start + size)
