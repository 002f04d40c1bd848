"""What a stream sends next: the newest exchanges behind a place in the journal, and how many it leaves out.

A look is bounded, and all looks of a host go one after another through one thread, which rests `REST` times as long as
each took of the processor: terminals do not wait for streams, however many there are.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple, TypeVar

from acquirer.data.moments import with_times
from acquirer.journal.entry import as_json
from acquirer.journal.search import Bounds, JournalSearch
from acquirer.matcher.expression import ALWAYS, Expression

T = TypeVar("T")

MOST_ROWS: Final = 100
"""Of one batch: more than a page shows, some 150 KB."""

MOST_LOOKED_AT: Final = 1_000
"""Exchanges that are compared with a filter for one batch, beside those that columns exclude."""

LONGEST_LOOK_S: Final = 0.02
"""After which a search ends, once its window has been compared."""

REST: Final = 9
"""So that looks take a tenth of the interpreter at most: a look of 100 rows takes some 7 ms of the processor."""


class StreamBatch(NamedTuple):
    """What one look found.

    Args:
        total: exchanges that the journal has more, whether they fit or not.
        left_out: of these, those that are not shown and fit, or may fit.
        next: the number of the newest.
        rows: the newest that fit, as documents, the oldest first.
    """

    total: int
    left_out: int
    next: int
    rows: list[dict[str, Any]]


def bounds_of(condition: Expression) -> Bounds:
    """Return how far one look goes: where everything fits, no further than it shows."""
    return Bounds(MOST_ROWS if condition == ALWAYS else MOST_LOOKED_AT, LONGEST_LOOK_S)


def look_behind(search: JournalSearch, condition: Expression, after: int, timezone: str) -> StreamBatch | None:
    """Return what the journal has behind a number; None where that is nothing."""
    newest = search.newest()
    if newest <= after:
        return None
    scan = search.scan(condition, after=after, before=newest + 1)
    found = []
    for entry in scan:
        found.append(entry)
        if len(found) == MOST_ROWS:
            break
    if len(found) == MOST_ROWS:
        lowest = found[-1].id
    else:
        lowest = after + 1 if scan.stopped_before is None else scan.stopped_before
    rows = [with_times(as_json(entry), timezone) for entry in reversed(found)]
    return StreamBatch(newest - after, lowest - after - 1, newest, rows)


class StreamLooks:
    """The one thread that looks, for all streams of a host. On the loop's thread, where nothing else is said."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="acquirer-stream")
        self._turn = asyncio.Lock()
        self._took_s = 0.0  # of the processor, by the last look
        self._rested_s = 0.0  # when the next one may begin

    async def run(self, work: Callable[[], T]) -> T:
        """Do something in the thread when it is its turn, and return what it returns."""

        def timed() -> T:
            begin_s = time.thread_time()
            try:
                return work()
            finally:
                self._took_s = time.thread_time() - begin_s

        async with self._turn:
            await asyncio.sleep(max(self._rested_s - self._loop.time(), 0))
            try:
                return await self._loop.run_in_executor(self._pool, timed)
            finally:
                self._rested_s = self._loop.time() + REST * self._took_s

    def close(self) -> None:
        """End the thread."""
        self._pool.shutdown(wait=False)
