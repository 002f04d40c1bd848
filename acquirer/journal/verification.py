"""Waiting for exchanges, and verifying how many there are.

1. What is fulfilled already is answered at once. What cannot be fulfilled any more, because there are too many, too.
2. That something does *not* happen needs a quiet period. Without one only the past is judged, and the text says so.
3. That the time is over is an answer like another, never an error.
4. Only what is new is looked at again, unless a condition asks for what changes afterwards: delivery, mark, comment.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Final, Protocol

from acquirer.journal.entry import Entry
from acquirer.journal.expected_count import ExpectedCount
from acquirer.journal.search import JournalSearch
from acquirer.journal.wording import fitting_lines, in_seconds, in_words, look_around, scope_of
from acquirer.matcher.expression import Expression, keys_of
from acquirer.matcher.near import NearMiss

KEPT: Final = 100
"""Of the exchanges that fit, so many are returned: the latest."""

PAST_ONLY: Final = "only the past was judged, because no quiet period was given"


class Waiter(Protocol):
    """A clock, and a way to wait for the journal to grow."""

    def now_s(self) -> float:
        """Return the time; it only goes forward."""

    def wait(self, timeout_s: float) -> None:
        """Return when the time is over, or before: as soon as there may be something new since the last call."""


Verifying = Generator[float, None, "Verification"]
"""Yields for how many seconds to wait at most, until the journal grows; returns what was found."""


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether what was expected is so, in a form for programs and as a text for people."""

    met: bool
    count: int
    entries: tuple[Entry, ...]  # that fit: the latest, oldest first
    text: str
    nearest: tuple[NearMiss, ...] = ()  # where it is not so


@dataclass(frozen=True, slots=True)
class ExpectedExchanges:
    """What is expected, and for how long it is waited for.

    Args:
        within_s: how long to wait until there are enough.
        quiet_s: how long there must not be too many; None: only the past is judged.
        after: only exchanges with a higher number count.
    """

    condition: Expression
    count: ExpectedCount = field(default_factory=ExpectedCount)
    within_s: float = 0.0
    quiet_s: float | None = None
    after: int = 0


class Tally:
    """Counts what fits a condition.

    Args:
        enough: what is counted no further than this; None: everything is.
    """

    def __init__(self, search: JournalSearch, condition: Expression, after: int = 0, enough: int | None = None) -> None:
        self.count = 0
        self.more = False  # there may be, because there were enough
        self.latest: deque[Entry] = deque(maxlen=KEPT)
        self.note = ""  # where the search stopped
        self._search = search
        self._condition = condition
        self._after = self._seen = after
        self._enough = enough
        self._changes = asks_for_changes(condition)

    def look(self) -> None:
        """Count what is new."""
        newest = self._search.newest()
        if self._changes:
            self.count, self._seen, self.more = 0, self._after, False
            self.latest.clear()
        if newest <= self._seen:
            return
        scan = self._search.scan(self._condition, after=self._seen, before=newest + 1)
        fresh: list[Entry] = []
        for entry in scan:
            self.count += 1
            if len(fresh) < KEPT:
                fresh.append(entry)
            if self.count == self._enough:
                self.more = True
                break
        self.latest.extend(reversed(fresh))
        if scan.stopped_before is not None:
            self.note = f"exchanges before #{scan.stopped_before} were not looked at"
        self._seen = newest


def verify_count(search: JournalSearch, waiter: Waiter, expected: ExpectedExchanges) -> Verification:
    """Return whether there are as many exchanges as expected, as soon as that is known."""
    return waited(verifying_count(search, waiter.now_s, expected), waiter)


def waited(verifying: Verifying, waiter: Waiter) -> Verification:
    """Return what is found, waiting in this thread whenever it is asked for."""
    while not isinstance(found := look(verifying), Verification):
        waiter.wait(found)
    return found


def look(verifying: Verifying) -> float | Verification:
    """Look once; return what was found, or for how long to wait."""
    try:
        return next(verifying)
    except StopIteration as end:
        found: Verification = end.value
        return found


def verifying_count(search: JournalSearch, now_s: Callable[[], float], expected: ExpectedExchanges) -> Verifying:
    """Verify how many exchanges there are, for who waits in a way of its own.

    Args:
        now_s: a clock that only goes forward.
    """
    least, most = expected.count.least, expected.count.most
    enough = max(least, KEPT) if most is None else None
    tally = Tally(search, expected.condition, expected.after, enough)
    end_s = now_s() + expected.within_s
    quiet_until_s: float | None = None
    while True:
        tally.look()
        looked_s = now_s()
        if most is not None and tally.count > most:
            return _failed(search, expected, tally)
        if tally.count >= least:
            if quiet_until_s is None:
                quiet_until_s = looked_s + (expected.quiet_s or 0.0)
            if looked_s >= quiet_until_s:
                return _met(expected, tally)
            yield quiet_until_s - looked_s
        elif looked_s >= end_s:
            return _failed(search, expected, tally)
        else:
            yield end_s - looked_s


_CHANGING: Final = frozenset({"delivery", "mark", "comment"})


def asks_for_changes(*conditions: Expression) -> bool:
    """Return whether conditions ask for what changes after an exchange was journalled: all is looked at again then."""
    return any(not _CHANGING.isdisjoint(keys_of(condition)) for condition in conditions)


def _met(expected: ExpectedExchanges, tally: Tally) -> Verification:
    sentence = f"expected {_expected_words(expected)}, saw {'at least ' if tally.more else ''}{tally.count}"
    past = PAST_ONLY if expected.count.most is not None and expected.quiet_s is None else ""
    text = "; ".join(filter(None, (sentence, past, tally.note)))
    return Verification(True, tally.count, tuple(tally.latest), text)


def _failed(search: JournalSearch, expected: ExpectedExchanges, tally: Tally) -> Verification:
    scope = scope_of(expected.condition)
    around = look_around(search, expected.condition, scope, expected.after)
    too_many = tally.count > expected.count.least
    limit = in_seconds("within", expected.within_s)
    head = f"expected {_expected_words(expected)}{'' if expected.count.most == 0 else limit}, saw {tally.count} of "
    lines = [head + around.counted + (f"; {tally.note}" if tally.note else "")]
    if too_many:
        lines += fitting_lines(tuple(tally.latest), search)
    else:
        lines += map(str, around.nearest)
    lines += around.acted
    nearest = () if too_many else around.nearest
    return Verification(False, tally.count, tuple(tally.latest), "\n".join(lines), nearest)


def _expected_words(expected: ExpectedExchanges) -> str:
    noun, rest = in_words(expected.condition)
    quiet = in_seconds("for", expected.quiet_s or 0.0)
    return expected.count.of(noun) + rest + quiet
