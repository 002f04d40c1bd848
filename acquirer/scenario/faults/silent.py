"""The fault ``silent``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from acquirer.model.effects import Effect, Silence
from acquirer.scenario.fault_kind import FaultContext, FaultKind, Stage


@dataclass(frozen=True, slots=True)
class Silent(FaultKind):
    """Decide, book, and send nothing.

    A terminal waits for its reply until its time-out, then reverses the transaction, which the host knows.
    """

    stage: ClassVar[Stage] = Stage.SENDING
    withholds: ClassVar[bool] = True

    def apply(self, effects: Iterable[Effect], context: FaultContext) -> Iterator[Effect]:
        """Replace all effects by `Silence`."""
        yield Silence(f"fault {context.fault}")
