"""The journal page by page, from the oldest or the newest exchange on.

A search goes backwards (`journal.search`). From the oldest on it goes backwards through one window of numbers after
another, each twice as wide as the one before, as long as a page is not full.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from acquirer.data.text import plural
from acquirer.journal.entry import Entry
from acquirer.journal.search import JournalSearch
from acquirer.matcher.expression import Expression

_WIDEST: Final = 8_000
"""Numbers of the widest window: a few milliseconds where columns exclude most of them."""


@dataclass(frozen=True, slots=True)
class JournalPage:
    """Exchanges that fit, in the order of the page.

    Args:
        next: the number behind which the next page begins; None: there is none before the oldest exchange.
        more: whether there may be something on it by now.
        newest: the number of the last exchange there is.
        note: where a search stopped at its bounds, as a sentence without its full stop.
    """

    entries: Sequence[Entry]
    next: int | None
    more: bool
    newest: int
    note: str = ""


def newest_first(search: JournalSearch, condition: Expression, after: int, limit: int) -> JournalPage:
    """Return exchanges with lower numbers than `after`, the newest first; 0: from the newest on."""
    newest = search.newest()
    found = search.list(condition, limit, after or newest + 1)
    return JournalPage(found[::-1], found.before, found.before is not None, newest, found.note)


def oldest_first(search: JournalSearch, condition: Expression, after: int, limit: int) -> JournalPage:
    """Return exchanges with higher numbers than `after`, the oldest first."""
    newest, bounds = search.newest(), search.bounds
    end_s = None if bounds.seconds is None else search.now_s() + bounds.seconds
    found: list[Entry] = []
    reached, width, looked_at = after, max(limit, 50), 0
    while reached < newest and len(found) < limit:
        if looked_at >= bounds.exchanges or (looked_at and end_s is not None and search.now_s() >= end_s):
            note = f"looked at {plural(looked_at, 'exchange')}, and at none after #{reached}"
            return JournalPage(found, reached, True, newest, note)
        top = min(reached + width, newest)
        found += list(search.scan(condition, after=reached, before=top + 1))[::-1]
        looked_at += top - reached
        reached, width = top, min(2 * width, _WIDEST)
    if len(found) > limit:
        found = found[:limit]
        reached = found[-1].id
    return JournalPage(found, max(reached, after), reached < newest, newest)
