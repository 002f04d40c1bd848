"""The fault ``split``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from acquirer.model.effects import Effect, Send, SendBytes
from acquirer.scenario.fault_kind import FaultContext, FaultKind, Stage
from acquirer.scenario.parameters import Milliseconds
from acquirer.scenario.wire_bytes import wire_bytes
from acquirer.wire.framing import LIMIT_BYTES


@dataclass(frozen=True, slots=True)
class Split(FaultKind):
    """Send the reply in two pieces.

    A good terminal waits for the second one: TCP keeps no boundaries of messages, and cuts where it likes.

    Args:
        at: How many bytes the first piece has, those of the length included.
        gap_ms: The time between the two.
    """

    stage: ClassVar[Stage] = Stage.SENDING
    claims: ClassVar[str] = "into which pieces it is cut"

    at: int = 1
    gap_ms: Milliseconds = 200

    def __post_init__(self) -> None:
        if not 1 <= self.at <= LIMIT_BYTES:
            raise ValueError(f"'at' is {self.at}, which leaves the reply whole; write a number from 1 to {LIMIT_BYTES}")

    def apply(self, effects: Iterable[Effect], context: FaultContext) -> Iterator[Effect]:
        """Cut all that is sent in two."""
        for effect in effects:
            data = wire_bytes(effect, context)
            if data is None or not isinstance(effect, Send | SendBytes) or len(data) <= self.at:
                yield effect
            else:
                yield SendBytes(data[: self.at], effect.delay_ms)
                yield SendBytes(data[self.at :], self.gap_ms)
