"""The fault ``wrong_length``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from acquirer.model.effects import Effect, Send, SendBytes
from acquirer.scenario.fault_kind import FaultContext, FaultKind, Stage
from acquirer.scenario.parameters import SignedNumber
from acquirer.scenario.wire_bytes import length_prefix


@dataclass(frozen=True, slots=True)
class OtherLength(FaultKind):
    """Send the reply behind a length that is not its own. It does not act where frames have no length.

    With a length that is too large, a good terminal waits for the rest until its time-out; with one that is too small,
    it cannot decode what it gets. Either way it reverses the transaction, on another connection.

    Args:
        by: How much larger the length is than the reply, or with a minus smaller.
    """

    stage: ClassVar[Stage] = Stage.FRAME

    by: SignedNumber = 10

    def apply(self, effects: Iterable[Effect], context: FaultContext) -> Iterator[Effect]:
        """Put another length before each reply that is sent."""
        for effect in effects:
            prefix = length_prefix(len(effect.frame) + self.by, context) if isinstance(effect, Send) else None
            if isinstance(effect, Send) and prefix is not None:
                yield SendBytes(prefix + effect.frame, effect.delay_ms)
            else:
                yield effect
