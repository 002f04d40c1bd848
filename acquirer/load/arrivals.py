"""When terminals come: the moments of a burst, each after its beginning, in microseconds.

Every shape has exactly as many arrivals as were asked for, all within the time of the burst.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Final

Shape = Callable[[int, int, Random], list[int]]
"""Returns so many moments in ascending order, from 0 up to a duration in microseconds, which is not among them."""


def even(count: int, within_us: int, _random: Random) -> list[int]:
    """Return moments at equal distances.

    >>> even(4, 1_000_000, Random(1))
    [0, 250000, 500000, 750000]
    """
    return [number * within_us // count for number in range(count)]


def poisson(count: int, within_us: int, random: Random) -> list[int]:
    """Return moments of a Poisson process of which it is known that so many fell into the time.

    Given their number, they are independent and equally likely everywhere: gaps are exponential.
    """
    return sorted(random.randrange(within_us) for _ in range(count))


def front(count: int, within_us: int, random: Random) -> list[int]:
    """Return moments of which half fall into the first quarter, as when a shop opens: their rate falls to the end."""
    return sorted(int(within_us * random.random() ** 2) for _ in range(count))


SHAPES: Final[Mapping[str, Shape]] = {"even": even, "poisson": poisson, "front": front}
