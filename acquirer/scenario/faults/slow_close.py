"""The fault ``slow_close``."""

from __future__ import annotations

from dataclasses import dataclass, replace

from acquirer.model.line import LineState
from acquirer.scenario.line_fault import LineFault
from acquirer.scenario.parameters import Milliseconds


@dataclass(frozen=True, slots=True)
class SlowClose(LineFault):
    """Wait before a connection is closed that has come to its end.

    A good terminal does not wait for the host to close: it has its reply.

    Args:
        after_ms: How long.
    """

    after_ms: Milliseconds = 3000

    def line(self, state: LineState) -> LineState:
        """Return the state of a connection with this fault."""
        return replace(state, close_delay_ms=self.after_ms)
