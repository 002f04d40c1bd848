"""The fault ``garbage``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from acquirer.model.effects import Effect, Send
from acquirer.scenario.fault_kind import FaultContext, FaultKind, Stage


@dataclass(frozen=True, slots=True)
class Garbage(FaultKind):
    """Send a frame of random bytes instead of the reply.

    A good terminal cannot decode it and treats it as no reply: it reverses the transaction.

    Args:
        bytes: How many bytes are sent. Without it, as many as the reply has.
    """

    stage: ClassVar[Stage] = Stage.FRAME

    bytes: int | None = None

    def __post_init__(self) -> None:
        if self.bytes is not None and not 1 <= self.bytes <= 8192:
            raise ValueError(f"'bytes' is {self.bytes}; write a number from 1 to 8192")

    def apply(self, effects: Iterable[Effect], context: FaultContext) -> Iterator[Effect]:
        """Replace each reply that is sent."""
        for effect in effects:
            if isinstance(effect, Send):
                assert context.randbytes is not None
                yield replace(effect, frame=context.randbytes(self.bytes or len(effect.frame)))
            else:
                yield effect
