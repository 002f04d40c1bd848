"""The fault ``bandwidth``."""

from __future__ import annotations

from dataclasses import dataclass, replace

from acquirer.model.line import LineState
from acquirer.scenario.line_fault import LineFault


@dataclass(frozen=True, slots=True)
class Bandwidth(LineFault):
    """Send no faster than so many bytes a second, as over a modem.

    A good terminal's time-out is long enough for a slow line, and it waits for the whole frame.

    Args:
        bytes_per_s: How fast bytes leave.
    """

    bytes_per_s: int = 240

    def __post_init__(self) -> None:
        if not self.bytes_per_s:
            raise ValueError("'bytes_per_s' is 0: nothing would ever be sent; use the kind accept_silent")

    def line(self, state: LineState) -> LineState:
        """Return the state of a connection with this fault."""
        return replace(state, bytes_per_s=self.bytes_per_s)
