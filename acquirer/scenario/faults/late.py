"""The fault ``late``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from acquirer.model.effects import Effect, Send, SendBytes
from acquirer.scenario.fault_kind import FaultContext, FaultKind, Stage
from acquirer.scenario.parameters import Milliseconds


@dataclass(frozen=True, slots=True)
class Late(FaultKind):
    """Decide, book, and send the reply late.

    A terminal that has waited until its time-out has reversed the transaction by then, and discards the reply. The
    host goes on with the terminal's other messages meanwhile.

    Args:
        after_ms: How long the reply is held back once it is ready.
    """

    stage: ClassVar[Stage] = Stage.SENDING

    after_ms: Milliseconds = 3000

    def __post_init__(self) -> None:
        if not self.after_ms:
            raise ValueError("'after' is 0, which is not late; write a duration, as in 3s")

    def apply(self, effects: Iterable[Effect], context: FaultContext) -> Iterator[Effect]:
        """Delay the first effect that sends something; what follows it waits for it."""
        remaining = iter(effects)
        for effect in remaining:
            if isinstance(effect, Send | SendBytes):
                yield replace(effect, delay_ms=effect.delay_ms + self.after_ms)
                break
            yield effect
        yield from remaining
