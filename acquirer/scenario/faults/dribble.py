"""The fault ``dribble``."""

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
class Dribble(FaultKind):
    """Send the reply a few bytes at a time.

    A good terminal collects them until the frame is whole, and counts its time-out to the last byte, not to the first.

    Args:
        bytes: How many at a time.
        gap_ms: The time between two of them.
    """

    stage: ClassVar[Stage] = Stage.SENDING
    claims: ClassVar[str] = "into which pieces it is cut"

    bytes: int = 8
    gap_ms: Milliseconds = 20

    def __post_init__(self) -> None:
        if not self.bytes:
            raise ValueError("'bytes' is 0: nothing would ever be sent; write 1 or more")
        if self.bytes > LIMIT_BYTES:
            raise ValueError(f"'bytes' is {self.bytes}, which leaves every reply whole; write at most {LIMIT_BYTES}")

    def apply(self, effects: Iterable[Effect], context: FaultContext) -> Iterator[Effect]:
        """Cut all that is sent into pieces."""
        for effect in effects:
            data = wire_bytes(effect, context)
            if data is None or not isinstance(effect, Send | SendBytes):
                yield effect
                continue
            delay_ms = effect.delay_ms
            for at in range(0, len(data), self.bytes):
                yield SendBytes(data[at : at + self.bytes], delay_ms)
                delay_ms = self.gap_ms
