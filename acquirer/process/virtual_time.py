"""Time that a test moves: the loop of a host whose timers, and the clock of a host whose days, may be set ahead.

1. Virtual time is the machine's, and all that was skipped so far: it goes on by itself, and never back.
2. It is skipped from timer to timer, each run at its own time; never while the host has something to do, a request is
   on its way, or a terminal of ours is thinking. So what happens does not depend on how fast a machine is.
3. A terminal of ours that waits for an answer skips the time until something comes, or until it gives up
   (`VirtualTime.skip_until`). One that is not ours waits in real time, and nothing may be skipped behind its back.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context
from threading import Lock
from typing import Final, NamedTuple, TypeVarTuple, Unpack

from acquirer.process.clock import Clock

Ts = TypeVarTuple("Ts")

LOOK_AGAIN_S: Final = 0.0005
"""Between two looks at a host that is still at work: a commit in memory takes as long."""

EXACT_S: Final = 3600.0
"""So much is skipped exactly from timer to timer: a host alone has ten a second, each of which takes some 20 µs."""

MOST_STEPS: Final = 20_000
"""Of a longer skip: those of a day are four seconds long, and all timers of one step run in their order."""

DEAD: Final = 1_000
"""Timers kept after they ran or were cancelled: a host alone has some ten a second."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose time may be ahead of the machine's, and which knows when its next timer is due."""

    def __init__(self) -> None:
        super().__init__()
        self._ahead_s = 0.0
        self._due: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._number = 0
        self._most = DEAD

    def time(self) -> float:
        return super().time() + self._ahead_s

    def call_at(
        self, when: float, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = super().call_at(when, callback, *args, context=context)
        self._number += 1
        if len(self._due) > self._most:
            self._due = [one for one in self._due if not one[2].cancelled() and one[0] > self.time()]
            heapq.heapify(self._due)
            self._most = 2 * len(self._due) + DEAD
        heapq.heappush(self._due, (when, self._number, handle))
        return handle

    def skip(self, seconds: float) -> None:
        """Go ahead."""
        self._ahead_s += seconds

    @property
    def next_due_s(self) -> float:
        """When the next timer that still stands is due, which may be in the past; infinite without any."""
        due = self._due
        while due and (due[0][2].cancelled() or due[0][0] <= self.time()):
            heapq.heappop(due)
        return due[0][0] if due else float("inf")


class VirtualClock(Clock):
    """A wall clock that goes ahead with a loop.

    Args:
        fixed_us: where it stands but for what is skipped; None: it goes on as the machine's does.
    """

    def __init__(self, fixed_us: int | None = None) -> None:
        super().__init__(fixed_us)
        self.ahead_us = 0

    def now_us(self) -> int:
        return super().now_us() + self.ahead_us


class Wait(NamedTuple):
    """One that waits and lets time be skipped: until when, and whether nothing that it waits for is on its way."""

    end_s: float
    settled: Callable[[], bool]


class VirtualTime:
    """The time of one host and of our terminals that talk to it.

    `skip_until` runs on the host's loop; everything else may be called from any thread.

    Args:
        at_rest: whether the host has done all that it was asked to, apart from what waits for a timer.
    """

    def __init__(self, loop: VirtualLoop, clock: VirtualClock, at_rest: Callable[[], bool]) -> None:
        self.loop = loop
        self.clock = clock
        self._at_rest = at_rest
        self._lock = Lock()  # so that no time is skipped once an operation has begun
        self._operating = 0  # operations that have begun and not ended
        self._waits: list[Wait] = []  # each within one of them

    def now_ns(self) -> int:
        """Return the time in nanoseconds; it goes only forward."""
        return int(self.loop.time() * 1e9)

    def begin(self) -> None:
        """Say that a terminal of ours, or a test, is at work: time is skipped only while it waits."""
        with self._lock:
            self._operating += 1

    def end(self) -> None:
        """Say that it is not any more."""
        with self._lock:
            self._operating -= 1

    @contextmanager
    def operating(self) -> Iterator[None]:
        """Say that one is at work for the time of a ``with`` block."""
        self.begin()
        try:
            yield
        finally:
            self.end()

    async def skip_until(self, ready: Callable[[], bool], end_s: float, settled: Callable[[], bool]) -> None:
        """Skip the time from timer to timer, until something is there or `end_s` is reached; for one that has begun.

        Args:
            ready: whether what is waited for is there.
            settled: whether nothing is on its way, as far as the one that waits can tell.
        """
        wait = Wait(end_s, settled)
        self._waits.append(wait)
        alarm = self.loop.call_at(end_s, lambda: None)  # so that others who skip stop here
        total_s = end_s - self.loop.time()
        least_s = total_s / MOST_STEPS if total_s > EXACT_S else 0.0
        try:
            await asyncio.sleep(0)  # so that all that begin to wait now stand beside each other
            while not ready():
                busy = self._busy()
                now_s = self.loop.time()
                if ready() or now_s >= end_s:
                    return
                if busy or not self._skip(min(max(self.loop.next_due_s, now_s + least_s), end_s) - now_s):
                    await asyncio.sleep(LOOK_AGAIN_S)
                    continue
                await asyncio.sleep(0)  # timers that are due now run
                await asyncio.sleep(0)  # and what they called soon
        finally:
            alarm.cancel()
            self._waits.remove(wait)

    async def settle(self, settled: Callable[[], bool], most_s: float) -> None:
        """Wait, skipping nothing, until the host has done what it was asked to.

        Args:
            most_s: no longer than this.
        """
        end_s = self.loop.time() + most_s
        while (not self._at_rest() or not settled()) and self.loop.time() < end_s:
            await asyncio.sleep(LOOK_AGAIN_S)

    async def advance(self, seconds: float) -> None:
        """Skip so much time, from timer to timer."""
        with self.operating():
            await self.skip_until(lambda: False, self.loop.time() + seconds, lambda: True)

    def _busy(self) -> bool:
        if not self._at_rest():
            return True
        now_s = self.loop.time()  # a wait that is over is about to go on
        return any(wait.end_s <= now_s or not wait.settled() for wait in self._waits)

    def _skip(self, seconds: float) -> bool:
        """Go ahead; return False when one that has begun does not wait."""
        with self._lock:
            if self._operating > len(self._waits):
                return False
            if seconds > 0:
                self.loop.skip(seconds)
                self.clock.ahead_us += round(seconds * 1_000_000)
            return True
