"""The fault ``lost_request``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from acquirer.model.effects import Effect, Silence
from acquirer.scenario.fault_kind import FaultContext, FaultKind, Stage


@dataclass(frozen=True, slots=True)
class LostRequest(FaultKind):
    """Treat the request as if it had never come: nothing is decided, nothing is booked, nothing is sent.

    A terminal waits for its reply until its time-out, then sends a reversal; the host does not know its transaction.
    """

    stage: ClassVar[Stage] = Stage.BEFORE_DECISION

    def apply(self, effects: Iterable[Effect], context: FaultContext) -> Iterator[Effect]:
        """Replace all effects by `Silence`."""
        yield Silence(f"fault {context.fault}")
