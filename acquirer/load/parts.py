"""How processes and machines divide terminals and arrivals among them, without a word to each other."""

from __future__ import annotations

from typing import NamedTuple


class PlanPart(NamedTuple):
    """What one of several processes does: every terminal, and every arrival, whose number leaves its own."""

    number: int = 0
    of: int = 1

    def has(self, number: int) -> bool:
        """Return whether a terminal or an arrival is this one's.

        >>> [number for number in range(7) if PlanPart(1, 3).has(number)]
        [1, 4]
        """
        return number % self.of == self.number

    def share(self, count: int) -> int:
        """Return how many of so many are this one's.

        >>> [PlanPart(number, 3).share(7) for number in range(3)]
        [3, 2, 2]
        """
        return len(range(self.number, count, self.of))
