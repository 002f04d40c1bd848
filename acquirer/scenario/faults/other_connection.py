"""The fault ``other_connection``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from acquirer.model.effects import Effect, SendElsewhere
from acquirer.scenario.fault_kind import FaultContext, FaultKind, Stage
from acquirer.scenario.wire_bytes import wire_bytes


@dataclass(frozen=True, slots=True)
class OtherConnection(FaultKind):
    """Send the reply on another connection than the request came from: the youngest other one of the same listener.

    A good terminal that gets it does not take a reply that is not its own. The one that waits for it reverses after its
    time-out. With no other connection open the reply is lost.
    """

    stage: ClassVar[Stage] = Stage.SENDING
    claims: ClassVar[str] = "which other bytes it is sent with"

    def apply(self, effects: Iterable[Effect], context: FaultContext) -> Iterator[Effect]:
        """Send elsewhere all that is sent."""
        for effect in effects:
            data = wire_bytes(effect, context)
            yield effect if data is None else SendElsewhere(data)
