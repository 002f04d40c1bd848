"""Reference numbers (RRN, DE37): counted, never made from time, kept from repeating by a limit on disk.

A number leaves the host only after the commit of its exchange. So a number above the limit may be given out too: the
group that writes its exchange raises the limit in the same transaction. Giving one out therefore never waits for the
disk, and a crash loses the rest of a block and repeats nothing.
"""

from __future__ import annotations

from typing import Final

BLOCK: Final = 10_000
"""Numbers reserved at once: one small write for many exchanges, and a gap at a restart that does no harm."""

_WRAP: Final = 10**12  # DE37 has twelve digits; ten thousand a second last three years


class ReferenceNumbers:
    """Gives out numbers, and says which limit has to be written."""

    def __init__(self, limit: int) -> None:
        self.given = limit  # the last number that was given out
        self.limit = limit  # the highest that may have been answered with, as the next start would read it

    def limit_to_write(self, *, under_way: bool) -> int | None:
        """Return the limit that the next group has to write; None when it need not write any.

        Args:
            under_way: whether a group before it writes one; it may fail, and then its limit is not written.
        """
        if self.given > self.limit or (self.limit - self.given < BLOCK // 2 and not under_way):
            return max(self.given, self.limit) + BLOCK
        return None

    def written(self, limit: int) -> None:
        """Note that a limit is on disk."""
        self.limit = max(self.limit, limit)

    def take(self) -> str:
        """Return the next number, twelve digits."""
        self.given = given = self.given + 1
        return f"{given % _WRAP:012d}"

    @property
    def next(self) -> str:
        """Return the number that is given out next, twelve digits."""
        return f"{(self.given + 1) % _WRAP:012d}"
