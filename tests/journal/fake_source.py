"""A journal in a list, for searches; it counts what it is asked, and exchanges may arrive while one waits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from acquirer.journal.entry import Entry
from acquirer.journal.exchange_filter import ExchangeFilter
from acquirer.journal.lookup import COLUMNS
from acquirer.journal.search import Bounds, JournalSearch

SHANGHAI = ZoneInfo("Asia/Shanghai")
NEW_YEAR_US = 1_767_196_800_000_000  # 2026-01-01 00:00:00 in Shanghai


class FakeSource:
    """Entries in a list, numbered from 1; what a `ExchangeFilter` means is written once more here, plainly."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.entries = list(entries)
        self.returned = 0

    def backwards(self, wanted: ExchangeFilter, before: int | None = None, limit: int = 500) -> Sequence[Entry]:
        found = []
        for entry in reversed(self.entries[wanted.after : None if before is None else max(before - 1, 0)]):
            if (
                all(getattr(wanted, name) in ("", getattr(entry, name)) for name in COLUMNS)
                and entry.at_us >= wanted.since_us
                and (not wanted.until_us or entry.at_us < wanted.until_us)
            ):
                found.append(entry)
                if len(found) == limit:
                    break
        self.returned += len(found)
        return found

    def add(self, service: str = "", **known: Any) -> Entry:
        """Append an exchange: an approved one, a second after the one before, unless something else is said."""
        number = len(self.entries) + 1
        values = {"at_us": NEW_YEAR_US + number * 1_000_000, "service": service, "code": "00", "reason": "approved"}
        entry = Entry(**{**values, "delivery": "sent", "tid": "10000161", **known, "id": number})
        self.entries.append(entry)
        return entry


class FakeWaiter:
    """Time that passes only while something is waited for; what is planned happens at its time."""

    def __init__(self, *planned: tuple[float, Callable[[], object]]) -> None:
        self.time_s = 0.0
        self.planned = sorted(planned, key=lambda one: one[0])
        self.waits: list[float] = []

    def now_s(self) -> float:
        return self.time_s

    def wait(self, timeout_s: float) -> None:
        self.waits.append(timeout_s)
        end_s = self.time_s + timeout_s
        if self.planned and self.planned[0][0] <= end_s:
            self.time_s, happens = self.planned.pop(0)
            happens()
        else:
            self.time_s = end_s


def search_of(source: FakeSource, bounds: Bounds | None = None) -> JournalSearch:
    """Return a search of it, whose clock stands still."""
    return JournalSearch(source, SHANGHAI, lambda: 0.0, bounds=bounds or Bounds())


def expression(text: str):
    """Return the condition that a filter says."""
    from acquirer.matcher.filter_text import parse_filter
    from acquirer.matcher.keys import JOURNAL_KEYS

    return parse_filter(text, JOURNAL_KEYS)
