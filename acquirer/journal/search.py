"""Searching the journal: newest first, for as long as its bounds allow.

1. Where indexes lead to what is wanted (`lookup`), it is read in pages. Everything else is searched in windows of
   numbers, of which the store leaves out what its columns exclude.
2. A search looks at no more than `Bounds` allow. It says where it stopped: `before` continues there.
3. What has been found is returned in the order in which it was committed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from heapq import merge
from typing import TYPE_CHECKING, Final, Protocol

from acquirer.data.text import plural
from acquirer.journal.entry import Entry
from acquirer.journal.exchange_filter import ExchangeFilter
from acquirer.journal.lookup import SearchPlan, make_plan
from acquirer.journal.subject import JournalSubject
from acquirer.matcher.expression import ALWAYS, Expression, Predicate, compiled

if TYPE_CHECKING:
    from acquirer.dialect.dialect import Dialect

PAGE: Final = 500
"""Entries that are read at a time."""

FIRST_PAGE: Final = 50
"""Entries that are read first: often the latest are enough, and those of a rare service stand far apart."""

WIDEST: Final = 16 * PAGE
"""Numbers of the widest window: a store leaves out in a few milliseconds what its columns exclude."""

CLOCK_EVERY: Final = 8
"""Entries that are compared between two looks at the clock: the slowest conditions take milliseconds for each."""


class JournalSource(Protocol):
    """What a search reads."""

    def backwards(self, wanted: ExchangeFilter, before: int | None = None, limit: int = PAGE) -> Sequence[Entry]:
        """Return entries that fit, the newest first, of those with a number below `before`."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much one search looks at."""

    exchanges: int = 100_000
    seconds: float | None = 1.0  # None: as long as it takes


class FoundEntries(list[Entry]):
    """Entries that fit, oldest first, and how far the search went.

    Args:
        looked_at: how many exchanges it went over, as far as it knows.
        before: the search continues with exchanges below this number; None: there is nothing more.
        gave_up: it stopped at its bounds.
    """

    def __init__(
        self, entries: Sequence[Entry] = (), looked_at: int = 0, before: int | None = None, gave_up: bool = False
    ) -> None:
        super().__init__(entries)
        self.looked_at, self.before, self.gave_up = looked_at, before, gave_up

    @property
    def note(self) -> str:
        """Where the search stopped, as a sentence without its full stop; "" when it came to an end."""
        if not self.gave_up:
            return ""
        return f"looked at {plural(self.looked_at, 'exchange')}, and at none before #{self.before}"


class JournalSearch:
    """Searches one journal.

    Args:
        timezone: in which conditions name times.
        dialect_of: finds a dialect by its name, for parts of fields (``de.60.3``); without it, they are absent.
        now_s: a clock that only goes forward.
    """

    def __init__(
        self,
        source: JournalSource,
        timezone: tzinfo,
        now_s: Callable[[], float],
        dialect_of: Callable[[str], Dialect | None] = lambda _name: None,
        bounds: Bounds = Bounds(),
    ) -> None:
        self._source = source
        self.now_s = now_s
        self._dialect_of = dialect_of
        self.timezone = timezone
        self.bounds = bounds

    def subject(self, entry: Entry) -> JournalSubject:
        """Return an entry as conditions look at it."""
        return JournalSubject(entry, self.timezone, self._dialect_of(entry.dialect))

    def newest(self) -> int:
        """Return the number of the last exchange; 0 when there is none."""
        latest = self._source.backwards(ExchangeFilter(), None, 1)
        return latest[0].id if latest else 0

    def scan(
        self,
        condition: Expression = ALWAYS,
        *,
        after: int = 0,
        before: int | None = None,
        since_us: int = 0,
        until_us: int = 0,
    ) -> Scan:
        """Return a search for what fits between two numbers, both excluded; `until_us` 0: without end."""
        plan = make_plan(condition, self.timezone).bounded(after, before, since_us, until_us)
        return Scan(self._source, plan, self.fits(plan.rest), self.bounds, self.now_s)

    def list(
        self,
        condition: Expression = ALWAYS,
        limit: int | None = None,
        before: int | None = None,
        since_us: int = 0,
        until_us: int = 0,
    ) -> FoundEntries:
        """Return what fits; with `limit`, the latest ones only."""
        scan = self.scan(condition, before=before, since_us=since_us, until_us=until_us)
        found: list[Entry] = []
        reached = limit == 0
        for entry in () if reached else scan:
            found.append(entry)
            if reached := len(found) == limit:
                break
        further = found[-1].id if reached and found else scan.stopped_before
        return FoundEntries(found[::-1], scan.looked_at, further, scan.stopped_before is not None)

    def find(self, condition: Expression = ALWAYS, before: int | None = None) -> FoundEntries:
        """Return the latest one that fits, or none."""
        return self.list(condition, 1, before)

    def fits(self, condition: Expression) -> Callable[[Entry], bool]:
        """Return a condition as a function of entries."""
        if condition == ALWAYS:
            return lambda _entry: True
        fits: Predicate = compiled(condition)
        return lambda entry: fits(self.subject(entry))


class Scan:
    """Yields entries that fit, newest first.

    Attributes:
        looked_at: how many exchanges it has gone over.
        stopped_before: all with this number or a higher one have been looked at, and its bounds allow no more; None:
            it goes on, or has come to an end.
    """

    def __init__(
        self,
        source: JournalSource,
        plan: SearchPlan,
        fits: Callable[[Entry], bool],
        bounds: Bounds,
        now_s: Callable[[], float],
    ) -> None:
        self.looked_at = 0
        self.stopped_before: int | None = None
        self._source = source
        self._plan = plan
        self._fits = fits
        self._bounds = bounds
        self._now_s = now_s
        self._end_s = None if bounds.seconds is None else now_s() + bounds.seconds

    def __iter__(self) -> Iterator[Entry]:
        entries = self._by_index() if self._plan.selective else self._by_window()
        return (entry for entry in entries if self._fits(entry))

    def _by_index(self) -> Iterator[Entry]:
        """Yield what all lookups find, page by page."""
        before = self._plan.before
        for entry in merge(*map(self._pages, self._plan.lookups), key=lambda entry: -entry.id):
            if self._is_over(before, self.looked_at % CLOCK_EVERY == 0):
                return
            self.looked_at += 1
            before = entry.id
            yield entry

    def _pages(self, lookup: ExchangeFilter) -> Iterator[Entry]:
        before, size = self._plan.before, FIRST_PAGE
        while page := self._source.backwards(lookup, before, size):
            yield from page
            if len(page) < size:
                return
            before, size = page[-1].id, min(2 * size, PAGE)

    def _by_window(self) -> Iterator[Entry]:
        """Yield what all lookups find, one window of numbers after another."""
        lowest = self._plan.lookups[0].after
        latest = self._source.backwards(ExchangeFilter(after=lowest), self._plan.before, 1)
        top = latest[0].id + 1 if latest else 0
        width = PAGE
        while top > lowest + 1:
            if self._is_over(top, True):
                return
            width = min(width, max(self._bounds.exchanges - self.looked_at, 1))
            bottom = max(top - width, lowest + 1)
            window = SearchPlan(self._plan.lookups).bounded(bottom - 1, None).lookups
            found = [self._source.backwards(lookup, top, width) for lookup in window]
            self.looked_at += top - bottom
            top = bottom
            yield from merge(*found, key=lambda entry: -entry.id)
            if sum(map(len, found)) < width // 2:
                width = min(2 * width, WIDEST)

    def _is_over(self, before: int | None, at_the_clock: bool) -> bool:
        over = self.looked_at >= self._bounds.exchanges
        if not over and at_the_clock and self.looked_at and self._end_s is not None:
            over = self._now_s() >= self._end_s
        if over:
            self.stopped_before = before
        return over
