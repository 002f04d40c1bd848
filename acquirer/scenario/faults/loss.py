"""The fault ``loss``."""

from __future__ import annotations

from dataclasses import dataclass, replace

from acquirer.model.line import LineState
from acquirer.scenario.line_fault import LineFault
from acquirer.scenario.parameters import Milliseconds, Share


@dataclass(frozen=True, slots=True)
class Loss(LineFault):
    """Lose packets: each one stalls the stream until it is sent again, which is what a program sees of loss under TCP.

    A good terminal waits until its time-out.

    Args:
        rate: Which share of the packets is lost.
        correlation: How much the fate of a packet depends on that of the one before.
        stall_ms: How long one is missing; the next loss of the same packet doubles it, up to 8 times.
    """

    rate: Share = 0.05
    correlation: Share = 0.0
    stall_ms: Milliseconds = 200

    def __post_init__(self) -> None:
        if not (self.rate and self.stall_ms):
            raise ValueError(f"'{'stall' if self.rate else 'rate'}' is 0: nothing would be lost; write more")

    def line(self, state: LineState) -> LineState:
        """Return the state of a connection with this fault."""
        return replace(state, loss_rate=self.rate, loss_correlation=self.correlation, stall_ms=self.stall_ms)
