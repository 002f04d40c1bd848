"""The fault ``wrong_length``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from acquirer.dialect.dialect import Dialect
from acquirer.model.effects import Effect, Send, SendBytes
from acquirer.scenario.fault_kind import FaultContext, FaultKind, Stage
from acquirer.scenario.parameters import SignedNumber
from acquirer.scenario.placement import never_acts
from acquirer.scenario.wire_bytes import length_prefix
from acquirer.wire.framing import LIMIT_BYTES


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

    def __post_init__(self) -> None:
        if not self.by or abs(self.by) > LIMIT_BYTES:
            raise ValueError(
                f"'by' is {self.by}, which no length can be off by; write a number up to {LIMIT_BYTES}, not 0"
            )

    def misfit(self, dialect: Dialect) -> str:
        """Return why it never acts on replies of a dialect."""
        return "" if dialect.framing.length_bytes else never_acts(f"frames of {dialect.name} have no length")

    def apply(self, effects: Iterable[Effect], context: FaultContext) -> Iterator[Effect]:
        """Put another length before each reply that is sent."""
        for effect in effects:
            prefix = length_prefix(len(effect.frame) + self.by, context) if isinstance(effect, Send) else None
            if isinstance(effect, Send) and prefix is not None:
                yield SendBytes(prefix + effect.frame, effect.delay_ms)
            else:
                yield effect
