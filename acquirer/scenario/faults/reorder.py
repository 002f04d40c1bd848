"""The fault ``reorder``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from acquirer.model.effects import Effect
from acquirer.scenario.fault_kind import FaultContext, FaultKind, Stage
from acquirer.scenario.parameters import Milliseconds
from acquirer.scenario.wire_bytes import keep_for_next


@dataclass(frozen=True, slots=True)
class Reorder(FaultKind):
    """Send the reply behind the next one of the same connection.

    A good terminal that waits for one reply at a time finds one with another STAN, passes over it, and waits for its
    own until its time-out; then it reverses. One that keeps several requests in flight tells replies apart by STAN.

    Args:
        wait_ms: How long it waits for a next reply; then it is sent alone.
    """

    stage: ClassVar[Stage] = Stage.SENDING
    claims: ClassVar[str] = "which other bytes it is sent with"

    wait_ms: Milliseconds = 5000

    def __post_init__(self) -> None:
        if not self.wait_ms:
            raise ValueError("'wait' is 0, in which no other reply can come; write a duration, as in 1s")

    def apply(self, effects: Iterable[Effect], context: FaultContext) -> Iterator[Effect]:
        """Keep all that is sent for the next reply, as one piece."""
        return keep_for_next(effects, context, "after", self.wait_ms)
