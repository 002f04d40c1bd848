"""Searching the journal beside the loop, and waiting for it to grow, for many clients at once.

1. Searches run in `THREADS` threads: a long one keeps no exchange from being decided.
2. A wait is a generator (`journal.verification.Verifying`) that is resumed there whenever the journal has grown, and
   takes no thread between two looks. At most `MOST_WAITS` are open; together they look once in `REST_S` at most.
3. A wait ends when its client does, and when the host stops.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, Final, Literal, TypeVar

from acquirer.app.journal_conditions import read_condition, refuse_unserved
from acquirer.app.journal_queries import StoreSource
from acquirer.app.serve import Running
from acquirer.control.problems import Problem
from acquirer.dialect.dialect import Dialect
from acquirer.journal.search import Bounds, JournalSearch
from acquirer.journal.verification import Verification, Verifying, look
from acquirer.matcher.expression import Expression

T = TypeVar("T")

THREADS: Final = 2
"""More would only take turns with the loop."""

MOST_WAITS: Final = 64
"""Open at one time: a test suite in parallel has as many as it has processes."""

LONGEST_S: Final = 60.0
"""Of one wait: proxies between give up soon after, and a client can ask again."""

REST_S: Final = 0.005
"""Between two looks, of all that wait together: two hundred a second."""

WaitEnd = Literal["grown", "gone", "stopping", "over"]


class Searching:
    """Searches the journal of a running host. On the loop's thread, where nothing else is said."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._loop = running.driver.loop
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="acquirer-http")
        self._open = 0
        self._waiting: dict[asyncio.Future[WaitEnd], bool] = {}  # whether it ends when the journal grows
        self._called = False
        self._grown = 0  # how often the journal has
        self._stopping = False
        running.journal_changes.listen(self._notice)
        self.services: Collection[str] = {
            route.service for dialect in running.parts.dialects for route in dialect.routes
        }

    def stop(self) -> None:
        """End all waits, and take no search any more."""
        self._stopping = True
        self._running.journal_changes.end_listening(self._notice)
        self._end_all("stopping")
        self._pool.shutdown(wait=False, cancel_futures=True)

    def search(self, bounds: Bounds | None = None) -> JournalSearch:
        """Return a search of the journal; from any thread."""
        running = self._running
        source = StoreSource(running.store.reader)
        return JournalSearch(source, running.parts.timezone, self._loop.time, self.dialect_named, bounds or Bounds())

    def dialect_named(self, name: str) -> Dialect | None:
        """Return a dialect that the host speaks."""
        return next((one for one in self._running.parts.dialects if one.name == name), None)

    def condition(self, written: str | Mapping[str, Any] | None) -> Expression:
        """Return a condition as clients write it. Raises ConditionError."""
        found = read_condition(written)
        refuse_unserved(found, self.services)
        return found

    async def run(self, work: Callable[[], T]) -> T:
        """Do something beside the loop, and return what it returns."""
        if self._stopping:
            raise _stopping()
        try:
            return await self._loop.run_in_executor(self._pool, work)
        except asyncio.CancelledError:
            if self._stopping:
                raise _stopping() from None
            raise

    async def wait(self, verifying: Verifying, gone: Callable[[], Awaitable[object]]) -> Verification:
        """Return what is found, as soon as it is known.

        Args:
            gone: returns when the client has gone.

        Raises:
            Problem: too many wait, or the host stops.
        """
        if self._open >= MOST_WAITS:
            sentence = f"{MOST_WAITS} requests wait for exchanges already; end one, or wait for it"
            raise Problem(HTTPStatus.TOO_MANY_REQUESTS, "too-many", sentence, headers={"Retry-After": "1"})
        self._open += 1
        going = asyncio.ensure_future(gone())
        try:
            return await self._wait(verifying, going)
        finally:
            self._open -= 1
            going.cancel()
            verifying.close()

    async def _wait(self, verifying: Verifying, going: asyncio.Future[object]) -> Verification:
        while True:
            grown = self._grown
            found = await self.run(lambda: look(verifying))
            if isinstance(found, Verification):
                return found
            end_s = self._loop.time() + found
            rest_s = min(REST_S * self._open, found)
            why = await self._until(rest_s, going)
            if why == "over" and grown == self._grown:
                why = await self._until(max(end_s - self._loop.time(), 0.0), going, growing=True)
            if why in ("gone", "stopping"):
                raise _stopping()

    async def _until(self, timeout_s: float, going: asyncio.Future[object], *, growing: bool = False) -> WaitEnd:
        """Wait until the time is over, the client has gone, the host stops, or, where asked for, the journal grows."""
        if self._stopping:
            return "stopping"
        waiting: asyncio.Future[WaitEnd] = self._loop.create_future()
        self._waiting[waiting] = growing

        def end(why: WaitEnd) -> None:
            if not waiting.done():
                waiting.set_result(why)

        def on_gone(_going: asyncio.Future[object]) -> None:
            end("gone")

        going.add_done_callback(on_gone)  # is called too when it has gone already
        timer = self._loop.call_later(timeout_s, end, "over")
        try:
            return await waiting
        finally:
            timer.cancel()
            going.remove_done_callback(on_gone)
            del self._waiting[waiting]

    def _notice(self) -> None:
        """Note that the journal has grown; from any thread."""
        if self._open and not self._called:
            self._called = True
            try:
                self._loop.call_soon_threadsafe(self._wake)
            except RuntimeError:  # the loop has ended
                self._called = False

    def _wake(self) -> None:
        self._called = False
        self._grown += 1
        self._end_all("grown")

    def _end_all(self, why: WaitEnd) -> None:
        for waiting, growing in self._waiting.items():
            if not waiting.done() and (growing or why == "stopping"):
                waiting.set_result(why)


def _stopping() -> Problem:
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "stopping", "the host stops; ask the one that is started next")
