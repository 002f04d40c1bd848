"""Rates and costs compared in pairs: what two servers did in neighbouring rounds, and whether a mark was reached.

1. Servers are driven in turn, and in the other order every second round. The two rounds of a pair met the same machine,
   so each pair has a ratio, and the median of the ratios counts.
2. Their spread is said: the middle half of them, which a single disturbed round does not move.
3. A mark that is not reached is missed, unless the run was noisy (`noise`): then it says nothing, and it says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Final

NOISE_LOAD: Final = 0.5
"""Load average of each processor before the run, from which others do as much as half of the machine can."""

NOISE_SPREAD: Final = 0.10
"""What the middle half of the yardstick's own rounds may differ by, of their median: it does the same in each."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Numbers of several rounds: their median, and where the middle half of them lies."""

    median: float
    low: float
    high: float

    @property
    def share(self) -> float:
        """The width of the middle half, of the median."""
        return (self.high - self.low) / self.median if self.median else 0.0

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f} to {self.high:.2f})"


def spread(values: Sequence[float]) -> Spread:
    """Return median and middle half of one value or more.

    >>> str(spread([0.60, 0.62, 0.61, 0.90, 0.59]))
    '0.61 (0.60 to 0.62)'
    """
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    low, middle, high = quantiles(values, n=4, method="inclusive")
    return Spread(middle, low, high)


def paired(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Return the spread of the ratios of neighbouring rounds; a round of nothing has no pair.

    >>> str(paired([50.0, 30.0, 52.0], [100.0, 60.0, 100.0]))
    '0.50 (0.50 to 0.51)'
    """
    ratios = [one / other for one, other in zip(ours, theirs, strict=True) if other]
    return spread(ratios) if ratios else Spread(0.0, 0.0, 0.0)


def noise(load: float, processors: int, yardstick: Sequence[float]) -> str:
    """Return why a run is too noisy to miss a mark; "" when it is not.

    Args:
        load: load average of the minute before the run.
        yardstick: rates of the yardstick, round by round.

    >>> noise(0.4, 2, [100.0, 101.0, 99.0])
    ''
    >>> noise(1.6, 2, [100.0, 101.0, 99.0])
    'load average 1.60 before the run, above 0.5 for each of 2 processors'
    >>> noise(0.4, 2, [100.0, 140.0, 60.0, 100.0])
    "middle half of the yardstick's rounds as wide as 0.20 of their median, above 0.10"
    """
    if load > NOISE_LOAD * processors:
        return f"load average {load:.2f} before the run, above {NOISE_LOAD} for each of {processors} processors"
    found = spread(yardstick).share if yardstick else 0.0
    if found > NOISE_SPREAD:
        return f"middle half of the yardstick's rounds as wide as {found:.2f} of their median, above {NOISE_SPREAD:.2f}"
    return ""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a number must reach: at least, or at most."""

    value: float
    at_most: bool = False
    unit: str = ""

    def reached(self, found: float) -> bool:
        """Return whether a number reaches it."""
        return found <= self.value if self.at_most else found >= self.value

    def verdict(self, found: float, noisy: str = "") -> tuple[str, bool]:
        """Return what is said of a number beside its mark, and whether it is missed.

        >>> Mark(0.6).verdict(0.61), Mark(2.5, at_most=True).verdict(2.6)
        (('mark ≥ 0.6 reached', False), ('mark ≤ 2.5 MISSED', True))
        >>> Mark(0.6).verdict(0.59, "load average 3.00 before the run")
        ('mark ≥ 0.6 not judged, the run is noisy: load average 3.00 before the run', False)
        """
        name = f"mark {'≤' if self.at_most else '≥'} {self.value:,}{self.unit}"
        if self.reached(found):
            return f"{name} reached", False
        if noisy:
            return f"{name} not judged, the run is noisy: {noisy}", False
        return f"{name} MISSED", True


def middle(values: Sequence[float]) -> float:
    """Return the median; 0.0 of nothing."""
    return median(values) if values else 0.0
