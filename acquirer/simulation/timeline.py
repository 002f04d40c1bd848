"""Virtual time: what is to happen, in order of its time; nothing ever waits."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Final

Call = Callable[[], object]

MOST_CALLS: Final = 5_000_000
"""Of one run: a day of a hundred terminals takes a fifth of it. More is a program that calls itself for ever."""


class Appointment:
    """Something that is to be called at its time, unless it is cancelled before."""

    __slots__ = ("call", "cancelled")

    def __init__(self, call: Call) -> None:
        self.call = call
        self.cancelled = False

    def cancel(self) -> None:
        """Have it not called any more. Idempotent."""
        self.cancelled = True


class Timeline:
    """A clock that jumps from one appointment to the next. Of two at one time the one that was made first is first.

    >>> timeline = Timeline(1_000_000)
    >>> _ = timeline.call_later(500, lambda: print("second at", timeline.now_us))
    >>> timeline.call_soon(lambda: print("first at", timeline.now_us))
    >>> timeline.run()
    first at 1000000
    second at 1000500
    """

    def __init__(self, start_us: int) -> None:
        self.now_us = start_us
        self._queue: list[tuple[int, int, Appointment]] = []
        self._numbers = count()

    def now_s(self) -> float:
        """Return the time in seconds, as deadlines have it."""
        return self.now_us / 1_000_000

    def call_at(self, at_us: int, call: Call) -> Appointment:
        """Have something called at a time; what lies in the past is called next."""
        appointment = Appointment(call)
        heappush(self._queue, (max(at_us, self.now_us), next(self._numbers), appointment))
        return appointment

    def call_later(self, delay_us: int, call: Call) -> Appointment:
        """Have something called after so long."""
        return self.call_at(self.now_us + delay_us, call)

    def call_soon(self, call: Call) -> None:
        """Have something called now, after what is to be called now already."""
        self.call_at(self.now_us, call)

    def run(self, until_us: int | None = None) -> None:
        """Call everything in its order, up to a time; None: until nothing is left.

        Raises:
            RuntimeError: it does not end.
        """
        calls = 0
        while self._queue and (until_us is None or self._queue[0][0] <= until_us):
            at_us, _, appointment = heappop(self._queue)
            self.now_us = at_us
            if not appointment.cancelled:
                appointment.call()
            calls += 1
            if calls > MOST_CALLS:
                raise RuntimeError(f"the simulation does not end: {MOST_CALLS} calls and still more to come")
        if until_us is not None:
            self.now_us = max(self.now_us, until_us)
