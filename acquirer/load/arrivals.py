"""When terminals come: moments in microseconds after the beginning of a phase, ascending.

Every shape has exactly as many moments as were asked for, all within its time, and none is worked out before it is
needed: an hour of arrivals takes no more memory than a second of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import sqrt
from random import Random
from typing import Final

Shape = Callable[[int, int, Random], Iterator[int]]
"""Yields so many moments in ascending order, from 0 up to a duration in microseconds, which is not among them."""


def even(count: int, within_us: int, _random: Random) -> Iterator[int]:
    """Yield moments at equal distances.

    >>> list(even(4, 1_000_000, Random(1)))
    [0, 250000, 500000, 750000]
    """
    return (number * within_us // count for number in range(count))


def poisson(count: int, within_us: int, random: Random) -> Iterator[int]:
    """Yield moments of a Poisson process of which it is known that so many fell into the time.

    Given their number, they are independent and equally likely everywhere: gaps are exponential.
    """
    return (min(int(within_us * share), within_us - 1) for share in _ordered(count, random))


def front(count: int, within_us: int, random: Random) -> Iterator[int]:
    """Yield moments of which half fall into the first quarter, as when a shop opens: their rate falls to the end."""
    return (min(int(within_us * share * share), within_us - 1) for share in _ordered(count, random))


def ramp(count: int, within_us: int, first: float, last: float) -> Iterator[int]:
    """Yield moments whose rate goes from `first` to `last`, in any unit.

    >>> list(ramp(4, 1_000_000, 0.0, 1.0))
    [0, 500000, 707106, 866025]
    """
    if first == last:
        return even(count, within_us, Random(0))  # noqa: S311  it draws nothing
    # After the share t of the time, first·t + (last - first)·t²/2 of (first + last)/2 have come: solved for t.
    slope = last - first
    whole = (first + last) * slope
    return (
        min(int(within_us * (sqrt(first * first + whole * number / count) - first) / slope), within_us - 1)
        for number in range(count)
    )


def _ordered(count: int, random: Random) -> Iterator[float]:
    """Yield so many numbers from 0 to below 1, each equally likely anywhere, in ascending order.

    The least of n that are left lies before x of the rest with the probability 1 - (1 - x)ⁿ (order statistics).
    """
    at = 0.0
    for left in range(count, 0, -1):
        at += (1.0 - at) * (1.0 - (1.0 - random.random()) ** (1.0 / left))
        yield at


SHAPES: Final[Mapping[str, Shape]] = {"even": even, "poisson": poisson, "front": front}
