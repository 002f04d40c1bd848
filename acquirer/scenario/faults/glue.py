"""The fault ``glue``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from acquirer.model.effects import Effect
from acquirer.scenario.fault_kind import FaultContext, FaultKind, Stage
from acquirer.scenario.parameters import Milliseconds
from acquirer.scenario.wire_bytes import keep_for_next


@dataclass(frozen=True, slots=True)
class Glue(FaultKind):
    """Send the reply together with the next one of the same connection, in one packet.

    A good terminal cuts frames by their length, not by packets. One that waits for each reply before it sends more gets
    it after `wait`: late, or too late.

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
        return keep_for_next(effects, context, "before", self.wait_ms)
