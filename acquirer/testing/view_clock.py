"""The clock of a host as one test uses it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from acquirer.testing.durations import Duration
from acquirer.testing.host_under_test import ClockUnderTest


class ViewClock:
    """The clock of a host as one test uses it.

    Args:
        enrolled: terminals of the test that are not ours, and wait in real time.
    """

    def __init__(self, clock: ClockUnderTest, enrolled: Sequence[str]) -> None:
        self._clock = clock
        self._enrolled = enrolled

    @property
    def now(self) -> datetime:
        """Return the host's local time."""
        return self._clock.now

    def advance(self, duration: Duration) -> None:
        """Skip so much time: timers of the host and of terminals of ours pass, each at its time.

        Raises:
            LookupError: the test has a terminal that is not ours, whose timers would not.
        """
        if self._enrolled:
            raise LookupError(
                f"terminal {self._enrolled[0]} is not ours: its timers go on in real time, so no time can be skipped; "
                "wait for it (acquirer.wait), or give it shorter timeouts"
            )
        self._clock.advance(duration)
