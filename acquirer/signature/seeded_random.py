"""Random numbers that follow from a seed alone, so that a signature can be drawn again exactly."""

from __future__ import annotations

import hashlib


class SeededRandom:
    """A sequence of numbers that depends on nothing but `seed` and `label` (splitmix64 over their digest).

    >>> SeededRandom(7, "a").between(0, 1) == SeededRandom(7, "a").between(0, 1) != SeededRandom(8, "a").between(0, 1)
    True
    """

    __slots__ = ("_state",)

    def __init__(self, seed: int, label: str) -> None:
        self._state = int.from_bytes(hashlib.sha256(f"{seed}\0{label}".encode()).digest()[:8], "big")

    def between(self, low: float, high: float) -> float:
        """Return a number from `low` up to `high`, each as likely."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
        z = self._state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        return low + (high - low) * ((z ^ (z >> 31)) >> 11) / (1 << 53)

    def around(self, middle: float, spread: float) -> float:
        """Return a number near `middle`, `spread` away at most and seldom that far."""
        return middle + spread * (self.between(-1, 1) + self.between(-1, 1)) / 2

    def chance(self, probability: float) -> bool:
        """Return True with this `probability`."""
        return self.between(0, 1) < probability
