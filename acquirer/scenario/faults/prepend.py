"""The fault ``prepend``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from acquirer.model.effects import Effect, Send, SendBytes
from acquirer.scenario.fault_kind import FaultContext, FaultKind, Stage


@dataclass(frozen=True, slots=True)
class Prepend(FaultKind):
    """Send other bytes before the reply's length.

    A good terminal reads them as a length, and then cannot find or decode its reply: it closes the connection and
    reverses on another one.

    Args:
        hex: What is sent before the reply.
    """

    stage: ClassVar[Stage] = Stage.FRAME

    hex: bytes = b"\xff\xff"

    def apply(self, effects: Iterable[Effect], context: FaultContext) -> Iterator[Effect]:
        """Send the bytes before each reply."""
        for effect in effects:
            if isinstance(effect, Send):
                yield SendBytes(self.hex, effect.delay_ms)
                yield replace(effect, delay_ms=0)
            else:
                yield effect
