"""The fault ``accept_silent``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from acquirer.model.line import LineState
from acquirer.scenario.line_fault import LineFault


@dataclass(frozen=True, slots=True)
class AcceptSilent(LineFault):
    """Accept connections, read nothing and say nothing.

    A good terminal waits until its time-out. Nothing was decided: its reversal, on another connection, finds nothing.
    """

    claims: ClassVar[str] = "what becomes of a connection"

    def line(self, state: LineState) -> LineState:
        """Return the state of a connection with this fault."""
        return replace(state, accept="silent")
