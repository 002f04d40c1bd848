"""The fault ``half_close``."""

from __future__ import annotations

from dataclasses import dataclass, replace

from acquirer.model.line import LineState
from acquirer.scenario.line_fault import LineFault
from acquirer.scenario.parameters import Milliseconds


@dataclass(frozen=True, slots=True)
class HalfClose(LineFault):
    """End the sending half of each connection (FIN) after a time, and go on reading.

    Requests are decided and booked, their replies go nowhere. A good terminal takes the end of the stream for no reply,
    and reverses on another connection.

    Args:
        after_ms: How long after the connection was accepted.
    """

    after_ms: Milliseconds = 0

    def line(self, state: LineState) -> LineState:
        """Return the state of a connection with this fault."""
        return replace(state, half_close_after_ms=self.after_ms)
