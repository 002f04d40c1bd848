"""The fault ``delay``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from math import cos, exp, log, pi, sqrt
from typing import ClassVar, Final

from acquirer.model.effects import Effect, Send, SendBytes
from acquirer.scenario.fault_kind import FaultContext, FaultKind, Stage
from acquirer.scenario.parameters import Milliseconds, MillisecondsRange

_Z99: Final = 2.3263478740408408
"""How many standard deviations the 99th percentile of a normal distribution lies above its median."""


@dataclass(frozen=True, slots=True)
class Delay(FaultKind):
    """Decide, book, and send the reply after a time that is fixed or drawn for each exchange.

    A good terminal waits until its time-out and goes on; a reply that comes later it discards, for it has reversed the
    transaction. The host goes on with the terminal's other messages meanwhile.

    Args:
        fixed_ms: Always this time.
        uniform_ms: A time between these two, each as likely.
        median_ms: Half of the replies are faster, as with a real network; `p99` belongs to it.
        p99_ms: 99 of 100 replies are faster.
        most_ms: No reply takes longer than this.
    """

    stage: ClassVar[Stage] = Stage.SENDING

    fixed_ms: Milliseconds | None = None
    uniform_ms: MillisecondsRange | None = None
    median_ms: Milliseconds | None = None
    p99_ms: Milliseconds | None = None
    most_ms: Milliseconds = 60_000

    def __post_init__(self) -> None:
        ways = (self.fixed_ms, self.uniform_ms, self.median_ms)
        if sum(way is not None for way in ways) != 1:
            raise ValueError("needs one of 'fixed', 'uniform' and 'median' (with 'p99')")
        if (self.median_ms is None) != (self.p99_ms is None):
            raise ValueError("'median' and 'p99' belong together; write both")
        if self.median_ms is not None and self.p99_ms is not None and not 0 < self.median_ms <= self.p99_ms:
            raise ValueError("'p99' is shorter than 'median', or that is 0; write the longer one as p99")
        shortest = self.fixed_ms if self.uniform_ms is None else self.uniform_ms[1]
        if shortest == 0:
            raise ValueError(
                f"'{'uniform' if self.uniform_ms else 'fixed'}' is 0, which delays nothing; write a duration"
            )
        for name, least_ms in (("fixed", self.fixed_ms), ("median", self.median_ms)):
            if least_ms is not None and least_ms > self.most_ms:
                raise ValueError(f"'most' is shorter than '{name}'; write a longer one")

    def apply(self, effects: Iterable[Effect], context: FaultContext) -> Iterator[Effect]:
        """Delay the first effect that sends something; what follows it waits for it."""
        remaining = iter(effects)
        for effect in remaining:
            if isinstance(effect, Send | SendBytes):
                yield replace(effect, delay_ms=effect.delay_ms + min(self.most_ms, self._drawn_ms(context)))
                break
            yield effect
        yield from remaining

    def _drawn_ms(self, context: FaultContext) -> int:
        if self.fixed_ms is not None:
            return self.fixed_ms
        assert context.randbytes is not None
        first, second = (int.from_bytes(context.randbytes(4), "big") / 2**32 for _ in range(2))
        if self.uniform_ms is not None:
            least, most = self.uniform_ms
            return least + int(first * (most - least + 1))
        assert self.median_ms is not None
        assert self.p99_ms is not None
        normal = sqrt(-2 * log(1 - first)) * cos(2 * pi * second)  # Box and Muller
        return round(self.median_ms * exp(log(self.p99_ms / self.median_ms) / _Z99 * normal))
