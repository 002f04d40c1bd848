"""The fault ``host_restart``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from acquirer.model.effects import Effect, Restart
from acquirer.scenario.fault_kind import FaultContext, FaultKind, Stage
from acquirer.scenario.parameters import Milliseconds


@dataclass(frozen=True, slots=True)
class HostRestart(FaultKind):
    """Decide, book, and behave like a host that ends and begins again before the reply is sent.

    All connections are reset and new ones too for a time; replies that were held back are lost. The books stay as they
    are. A good terminal reverses the transaction as soon as it can connect; a host that has forgotten who signed on
    answers new transactions 77 until the terminal signs on again.

    Args:
        down_ms: How long new connections are reset.
        forget: Whether the host forgets which terminals have signed on.
    """

    stage: ClassVar[Stage] = Stage.SENDING
    withholds: ClassVar[bool] = True

    down_ms: Milliseconds = 1000
    forget: bool = True

    def apply(self, effects: Iterable[Effect], context: FaultContext) -> Iterator[Effect]:
        """Replace all effects by `Restart`."""
        yield Restart(f"fault {context.fault}", self.down_ms, self.forget)
