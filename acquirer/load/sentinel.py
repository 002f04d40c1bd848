"""A timer beside the requests: how late the loop is that begins them, even if nothing is due."""

from __future__ import annotations

from array import array
from typing import Any, Final

EVERY_NS: Final = 10_000_000
"""A hundred times a second: often enough to be seldom between two pauses, seldom enough to cost nothing."""


class Sentinel:
    """Wakes up at equal distances, and notes by how much too late. A pause counts for each moment that lies in it.

    >>> sentinel = Sentinel(0)
    >>> sentinel.look(EVERY_NS + 2_000), sentinel.look(4 * EVERY_NS)
    (None, None)
    >>> sentinel.as_json()
    {'p50_us': 2, 'p99_us': 20000, 'max_us': 20000, 'samples': 4}
    """

    def __init__(self, begin_ns: int) -> None:
        self.next_ns = begin_ns + EVERY_NS
        self._late_us = array("Q")

    def look(self, now_ns: int) -> None:
        """Note what is due."""
        while self.next_ns <= now_ns:
            self._late_us.append((now_ns - self.next_ns) // 1000)
            self.next_ns += EVERY_NS

    def as_json(self) -> dict[str, Any]:
        """Return what was noted."""
        ordered = sorted(self._late_us)
        if not ordered:
            return {"p50_us": 0, "p99_us": 0, "max_us": 0, "samples": 0}
        at = [ordered[max(-(-percent * len(ordered) // 100), 1) - 1] for percent in (50, 99)]
        return {"p50_us": at[0], "p99_us": at[1], "max_us": ordered[-1], "samples": len(ordered)}
