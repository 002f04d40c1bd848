"""The fault ``reset``."""

from __future__ import annotations

from dataclasses import dataclass, replace

from acquirer.model.line import LineState
from acquirer.scenario.line_fault import LineFault
from acquirer.scenario.parameters import Milliseconds


@dataclass(frozen=True, slots=True)
class Reset(LineFault):
    """Reset (RST) each connection after a time, also while a reply is on its way.

    A good terminal that has sent a request and has no reply reverses it.

    Args:
        after_ms: How long after it was accepted.
    """

    after_ms: Milliseconds = 1000

    def line(self, state: LineState) -> LineState:
        """Return the state of a connection with this fault."""
        return replace(state, reset_after_ms=self.after_ms)
