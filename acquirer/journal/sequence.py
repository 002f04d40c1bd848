"""Verifying in which order exchanges happened: each step an exchange that fits a condition, after the one before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from acquirer.data.text import printable
from acquirer.journal.entry import Entry
from acquirer.journal.search import JournalSearch
from acquirer.journal.verification import Verification, Verifying, Waiter, asks_for_changes, waited
from acquirer.journal.wording import COMPARED, in_seconds, in_words, look_around
from acquirer.matcher.expression import ALWAYS, Expression, compiled
from acquirer.matcher.keys import Subject
from acquirer.matcher.near import MOST, label, near_misses

MOST_STEPS: Final = 60
"""Steps of one order: a test that has more is several tests."""


@dataclass(frozen=True, slots=True)
class ExpectedOrder:
    """Steps, and how they must follow.

    Args:
        strict: nothing else of the scope may stand between two of them.
        scope: which exchanges are looked at.
        within_s: how long to wait until all of them have happened.
        after: only exchanges with a higher number count.
    """

    steps: Sequence[Expression]
    strict: bool = False
    scope: Expression = ALWAYS
    within_s: float = 0.0
    after: int = 0


@dataclass(frozen=True, slots=True)
class _Seen:
    """An exchange, and which steps it could be."""

    entry: Entry
    steps: int  # bit 0: the first


def verify_order(search: JournalSearch, waiter: Waiter, expected: ExpectedOrder) -> Verification:
    """Return whether the steps happened one after another, as soon as they did or the time is over.

    Raises:
        ValueError: there are no steps, or too many.
    """
    return waited(verifying_order(search, waiter.now_s, expected), waiter)


def verifying_order(search: JournalSearch, now_s: Callable[[], float], expected: ExpectedOrder) -> Verifying:
    """Verify in which order exchanges happened, for who waits in a way of its own.

    Raises:
        ValueError: at the first step; see `verify_order`.
    """
    if not 0 < len(expected.steps) <= MOST_STEPS:
        raise ValueError(f"an order has from 1 to {MOST_STEPS} steps, not {len(expected.steps)}")
    end_s = now_s() + expected.within_s
    seen: list[_Seen] = []
    changes = asks_for_changes(*expected.steps, expected.scope)
    newest = expected.after
    while True:
        if changes:
            seen, newest = [], expected.after
        latest = search.newest()
        if latest > newest:
            seen += _look(search, expected, newest, latest + 1)
            newest = latest
        found = _matched(seen, len(expected.steps), strict=expected.strict)
        looked_s = now_s()
        if len(found) == len(expected.steps):
            words = f"expected {_in_order(expected)}, saw {', '.join(label(search.subject(one)) for one in found)}"
            return Verification(True, len(found), tuple(found), words)
        if looked_s >= end_s:
            return _failed(search, expected, seen, found)
        yield end_s - looked_s


def _look(search: JournalSearch, expected: ExpectedOrder, after: int, before: int) -> list[_Seen]:
    fits: list[Callable[[Subject], bool]] = [compiled(step) for step in expected.steps]
    found: list[_Seen] = []
    for entry in search.scan(expected.scope, after=after, before=before):
        subject = search.subject(entry)
        found.append(_Seen(entry, sum(1 << place for place, one in enumerate(fits) if one(subject))))
    return found[::-1]


def _matched(seen: Sequence[_Seen], steps: int, *, strict: bool) -> list[Entry]:
    """Return the entries of the longest beginning of the steps that happened."""
    if not strict:
        found: list[Entry] = []
        for one in seen:
            if len(found) < steps and one.steps >> len(found) & 1:
                found.append(one.entry)
        return found
    best: list[Entry] = []
    for start in range(len(seen)):
        length = 0
        while length < steps and start + length < len(seen) and seen[start + length].steps >> length & 1:
            length += 1
        if length > len(best):
            best = [one.entry for one in seen[start : start + length]]
    return best


def _failed(
    search: JournalSearch, expected: ExpectedOrder, seen: Sequence[_Seen], found: Sequence[Entry]
) -> Verification:
    missing = expected.steps[len(found)]
    around = look_around(search, missing, expected.scope, expected.after)
    last = found[-1].id if found else expected.after
    later = [one.entry for one in seen if one.entry.id > last]
    limit = in_seconds("within", expected.within_s)
    lines = [
        f"expected {_in_order(expected)}{limit}, saw the first {len(found)} of {len(expected.steps)} steps in "
        f"{around.counted}"
    ]
    how = "directly after" if expected.strict else "after"
    where = f" {how} {label(search.subject(found[-1]))}" if found else ""
    lines.append(f"missing: {_words(missing)}{where}")
    if expected.strict and found and later:
        lines.append(f"instead: {label(search.subject(later[0]))}")
    nearest = tuple(near_misses(missing, map(search.subject, later[-COMPARED:]), MOST))
    lines += [*map(str, nearest), *around.acted]
    return Verification(False, len(found), tuple(found), "\n".join(lines), nearest)


def _in_order(expected: ExpectedOrder) -> str:
    return (", directly then " if expected.strict else ", then ").join(map(_words, expected.steps))


def _words(step: Expression) -> str:
    return printable("".join(in_words(step)))
