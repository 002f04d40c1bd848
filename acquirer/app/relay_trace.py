"""The trace of a relay: raw frames both ways, as each side sent them, before any fault of ours acted on them."""

from __future__ import annotations

from acquirer.net.relay import RelayedConnection
from acquirer.net.relay_socket import Direction
from acquirer.observe.trace import TraceFile


class ConnectionTrace:
    """Writes what one connection carries to the trace of its relay."""

    def __init__(self, trace: TraceFile, connection: RelayedConnection) -> None:
        self._trace = trace
        self._connection = connection

    def put(self, direction: Direction, data: bytes) -> None:
        """Write bytes that one side sent: one frame, or what is none."""
        connection = self._connection
        received = direction is Direction.TO_HOST
        self._trace.frame(connection.number, connection.terminal_end, connection.host_end, data, received=received)

    def ended(self) -> None:
        """Write that the connection has ended."""
        self._trace.ended(self._connection.number)
