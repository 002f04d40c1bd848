"""Exchanges in a list, as searches read them: those of a short run, which a program holds already."""

from __future__ import annotations

from collections.abc import Sequence

from acquirer.journal.entry import Entry
from acquirer.journal.exchange_filter import ExchangeFilter
from acquirer.journal.lookup import COLUMNS
from acquirer.journal.search import PAGE


class ListedEntries:
    """A list of exchanges, the oldest first. See `journal.search.JournalSource`."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries

    def backwards(self, wanted: ExchangeFilter, before: int | None = None, limit: int = PAGE) -> Sequence[Entry]:
        """Return entries that fit, the newest first, of those with a number below `before`."""
        fitting = [one for one in self._entries if (before is None or one.id < before) and _fits(one, wanted)]
        return fitting[::-1][:limit]


def _fits(entry: Entry, wanted: ExchangeFilter) -> bool:
    return (
        entry.id > wanted.after
        and all(getattr(wanted, name) in ("", getattr(entry, name)) for name in COLUMNS)
        and entry.at_us >= wanted.since_us
        and not 0 < wanted.until_us <= entry.at_us
    )
