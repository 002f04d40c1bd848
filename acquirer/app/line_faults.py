"""Faults of connections: which of them act on a newcomer."""

from __future__ import annotations

from acquirer.model.line import LineState
from acquirer.net.server import Server
from acquirer.observe.log import Log
from acquirer.scenario.fault_kind import FaultContext, Stage
from acquirer.scenario.faults import Faults
from acquirer.scenario.line_fault import LineFault


class LineFaults:
    """Says how the connections of a server behave. On the loop's thread."""

    def __init__(self, faults: Faults, server: Server, log: Log) -> None:
        self._faults = faults
        self._server = server
        self._log = log

    def look(self) -> None:
        """Have the server ask about newcomers if there is a fault of a line; to be called after faults are switched."""
        if any(fault.enabled and fault.stage is Stage.LINE for fault in self._faults.declared):
            self._server.lines = self._state

    def _state(self, listener: str, peer: str) -> LineState | None:
        active = self._faults.active
        if active is None:
            return None
        context = FaultContext("", "", "", "", None, peer=peer, listener=listener)
        state: LineState | None = None
        for fault in active.reserve(Stage.LINE, context):
            assert isinstance(fault.kind, LineFault)
            if state is None:
                state = LineState(randbytes=self._faults.context_of(fault, context).randbytes)
            state = fault.kind.line(state)
            self._faults.applied(fault)
            self._log.event("line-fault", f"fault {fault.name} on a connection", peer=peer, listener=listener)
        return state
