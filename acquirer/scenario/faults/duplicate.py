"""The fault ``duplicate``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from acquirer.model.effects import Effect, Send, SendBytes
from acquirer.scenario.fault_kind import FaultContext, FaultKind, Stage
from acquirer.scenario.parameters import Milliseconds


@dataclass(frozen=True, slots=True)
class Duplicate(FaultKind):
    """Send the reply more than once.

    A good terminal uses the first one. It does not take the others for replies to its next request: their STAN is not
    that of it.

    Args:
        copies: How often it is sent in all.
        gap_ms: The time between two of them.
    """

    stage: ClassVar[Stage] = Stage.SENDING

    copies: int = 2
    gap_ms: Milliseconds = 0

    def __post_init__(self) -> None:
        if not 2 <= self.copies <= 1000:
            raise ValueError(f"'copies' is {self.copies}; write how often it is sent in all, from 2 to 1000")

    def apply(self, effects: Iterable[Effect], context: FaultContext) -> Iterator[Effect]:
        """Repeat all that is sent."""
        sent = list(effects)
        yield from sent
        again = [effect for effect in sent if isinstance(effect, Send | SendBytes)]
        for _ in range(self.copies - 1):
            for number, effect in enumerate(again):
                yield replace(effect, delay_ms=effect.delay_ms if number else self.gap_ms)
