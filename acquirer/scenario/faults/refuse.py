"""The fault ``refuse``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from acquirer.model.line import LineState
from acquirer.scenario.line_fault import LineFault


@dataclass(frozen=True, slots=True)
class RefuseConnection(LineFault):
    """Reset each connection as soon as it is accepted.

    The operating system accepts it first, so a terminal sees a connection that opens and ends at once. A good terminal
    tries again, and reverses what it cannot be sure of; nothing was decided.
    """

    claims: ClassVar[str] = "what becomes of a connection"

    def line(self, state: LineState) -> LineState:
        """Return the state of a connection with this fault."""
        return replace(state, accept="refused")
