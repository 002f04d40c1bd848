"""Times that are drawn: how long a user thinks, and how long a terminal waits before it tries again."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log
from random import Random
from typing import Final

_NORMAL_99: Final = 2.3263478740408408  # of 100 values of a normal distribution, 99 lie below so many deviations


@dataclass(frozen=True, slots=True)
class ThinkTime:
    """How long a user thinks between an answer and the next request.

    Args:
        least_s, most_s: between these, each equally likely; alike: always as long.
        median_s, p99_s: log-normal, as times of people are: half of them below the median, 99 of 100 below the other.
            0: they are not so distributed.
    """

    least_s: float = 0.0
    most_s: float = 0.0
    median_s: float = 0.0
    p99_s: float = 0.0

    def draw_us(self, random: Random) -> int:
        """Return one."""
        if self.median_s:
            deviation = log(self.p99_s / self.median_s) / _NORMAL_99
            return int(self.median_s * exp(random.gauss(0.0, deviation)) * 1_000_000)
        return int(random.uniform(self.least_s, self.most_s) * 1_000_000)


@dataclass(frozen=True, slots=True)
class BackOff:
    """How long a terminal waits before it tries again.

    Args:
        initial_s: before its second try; each further one waits `factor` times as long, at most `most_s`.
        jitter: share by which a wait is shorter or longer, so that not all come at once.
    """

    initial_s: float = 1.0
    factor: float = 2.0
    most_s: float = 60.0
    jitter: float = 0.5

    def wait_us(self, tries: int, random: Random) -> int:
        """Return the wait after so many tries.

        >>> [BackOff(1, 2, 5, 0).wait_us(tries, Random(1)) for tries in (1, 2, 3, 4)]
        [1000000, 2000000, 4000000, 5000000]
        """
        # The exponent is bounded: a large one has no float, and `most_s` was reached long before.
        wait_s = min(self.initial_s * self.factor ** min(tries - 1, 64), self.most_s)
        return int(wait_s * random.uniform(1 - self.jitter, 1 + self.jitter) * 1_000_000)
