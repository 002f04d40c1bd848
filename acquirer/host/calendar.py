"""The host's wall clock in its own time zone, and what it makes of times that travel without a year.

Readings are handed in (`at_us`); nothing here looks at a clock. ISO 8583:1987: DE 12 hhmmss, DE 13 MMDD.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

from acquirer.dialect.clock import ClockForm

MMDDHHMMSS = 10
QUARTER_HOUR_S = 15 * 60  # offsets of time zones are whole quarters of an hour (the IANA data base knows no other now)
DAY_S = 24 * 3600
CLOCKS_AGREE_S = 60  # of two clocks that are set by a network, with the time that a message takes

HALF_A_YEAR = timedelta(days=184)
"""A date without a year is never farther from the host's clock than this: another year would be nearer."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """One second of the host's clock, as messages and rows want it."""

    time: str  # hhmmss
    date: str  # MMDD
    day: str  # YYYYMMDD: the business date
    clock: dict[str, str] = field(default_factory=dict)  # elements that tell this second, as the dialect writes them
    reply_elements: dict[str, str] = field(default_factory=dict)  # the same, and the date on which a reply is settled


class Calendar:
    """Turns clock readings into local dates; the text of the current second is kept."""

    __slots__ = ("_forms", "_second", "_stamp", "timezone")

    def __init__(self, timezone: tzinfo, forms: tuple[ClockForm, ...] = ()) -> None:
        self.timezone = timezone
        self._forms = forms
        self._second = -1
        self._stamp = Stamp("", "", "")

    def stamp(self, at_us: int) -> Stamp:
        """The local second of a reading."""
        second = at_us // 1_000_000
        if second != self._second:
            local = self.local(at_us)
            text = local.strftime("%Y%m%d%H%M%S")
            elements = {
                form.element: (local.astimezone(UTC) if form.utc else local).strftime(form.pattern)
                for form in self._forms
            }
            clock = {element: value for element, value in elements.items() if element != "settlement_date"}
            self._stamp = Stamp(text[8:], text[4:8], text[:8], clock, elements)
            self._second = second
        return self._stamp

    def local(self, at_us: int) -> datetime:
        """A reading as a local date and time."""
        return datetime.fromtimestamp(at_us // 1_000_000, self.timezone)

    def words(self, at_us: int) -> str:
        """A reading for a sentence: ``2025-01-02 08:00:00``."""
        return self.local(at_us).strftime("%Y-%m-%d %H:%M:%S")

    def skew_s(self, date: str, time: str, at_us: int) -> int | None:
        """How far a terminal's clock is ahead of the host's; None when the two texts are no time at all.

        Without a year, the one that puts the time nearest to the host's clock is meant: on New Year's Eve a
        terminal may still, or already, live in the other year. 0229 is no date when that year is no leap year.
        """
        return nearest_s(date, time, self.local(at_us))

    def universal_skew_s(self, sent: str, at_us: int) -> int | None:
        """How far a terminal's universal time, ending in MMDDhhmmss, is ahead; None when it is no time."""
        if len(sent) < MMDDHHMMSS:
            return None
        return nearest_s(sent[-10:-6], sent[-6:], datetime.fromtimestamp(at_us // 1_000_000, UTC))


def is_time_zone(away_s: int) -> bool:
    """Whether local times that are so far apart are most likely those of two time zones: by whole quarter hours.

    A whole day is none: a terminal with another date has a clock that is set wrong.

    >>> [is_time_zone(hours * 3600) for hours in (8, -5.75, 8.1, 24)]
    [True, True, False, False]
    """
    zone_s = round(away_s / QUARTER_HOUR_S) * QUARTER_HOUR_S
    return 0 < abs(zone_s) < DAY_S and abs(away_s - zone_s) <= CLOCKS_AGREE_S


def nearest_s(date: str, time: str, now: datetime) -> int | None:
    """Seconds from `now` to MMDD hhmmss in the nearest year; None when there is no such time.

    >>> nearest_s("1231", "235959", datetime(2026, 1, 1, 0, 0, 1))
    -2
    >>> [nearest_s(date, "000000", datetime(2026, 1, 1)) for date in ("1332", "0229")]
    [None, None]
    """
    best: timedelta | None = None
    for year in (now.year - 1, now.year, now.year + 1):
        try:
            then = datetime.strptime(f"{year:04}{date}{time}", "%Y%m%d%H%M%S")
        except ValueError:
            continue
        away = then - now.replace(tzinfo=None)
        if best is None or abs(away) < abs(best):
            best = away
    if best is None or abs(best) > HALF_A_YEAR:
        return None
    return round(best.total_seconds())


@lru_cache(maxsize=256)  # months that cards name: a host meets a few dozen
def is_expiry(text: str) -> bool:
    """Whether YYMM names a month.

    >>> [is_expiry(text) for text in ("3012", "2613", "2600", "26")]
    [True, False, False, False]
    """
    return len(text) == 4 and text.isdecimal() and "01" <= text[2:] <= "12"


@lru_cache(maxsize=256)  # months of a day: a host meets a few dozen
def expired(expiry: str, day: str) -> bool:
    """Return whether a card valid through the month YYMM is no longer valid on `day` (YYYYMMDD).

    The century is the one that puts the expiry nearest to the day.

    >>> expired("2412", "20241231"), expired("2412", "20250101"), expired("0001", "20991231")
    (False, True, False)
    """
    month = int(day[:6])
    nearest = min((century * 10000 + int(expiry) for century in (19, 20, 21)), key=lambda then: abs(then - month))
    return nearest < month
