"""Reference numbers (RRN, DE37): counted, never made from time, handed out from blocks reserved on disk.

A number is given out only below a limit that is durable, so a crash loses the rest of a block and repeats nothing.
"""

from __future__ import annotations

from typing import Final

BLOCK: Final = 10_000
"""Numbers reserved at once: one small write for many exchanges, and a gap at a restart that does no harm."""

_WRAP: Final = 10**12  # DE37 has twelve digits; ten thousand a second last three years


class ReferenceNumbers:
    """Gives out numbers up to a limit, which is raised only once it is durable."""

    def __init__(self, limit: int) -> None:
        self._next = self.limit = limit

    @property
    def low(self) -> bool:
        """True when the next block should be reserved along with the next group that is written."""
        return self.limit - self._next < BLOCK // 2

    @property
    def used_up(self) -> bool:
        """True when no number may be given out before more are reserved."""
        return self._next >= self.limit

    @property
    def given(self) -> int:
        """The last number that was given out."""
        return self._next

    def take(self) -> str:
        """Return the next number, twelve digits. Only while they are not used up."""
        self._next += 1
        return f"{self._next % _WRAP:012d}"
