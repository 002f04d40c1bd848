"""What looks at a relayed connection, changes what passes on it, and reports what happens to a relay."""

from __future__ import annotations

from typing import Protocol

from acquirer.net.relay_socket import Direction


class RelayWatch(Protocol):
    """Looks at what passes on one connection."""

    def passed(self, direction: Direction, data: bytes) -> None:
        """Bytes were passed on."""

    def ended(self, how: str) -> None:
        """The connection has ended, or none could be made: a clause such as "reset by the host"."""


class RelayEdit(Protocol):
    """Passes on what comes on one connection, as it was received or not: damage on purpose."""

    def received(self, direction: Direction, data: bytes) -> None:
        """Bytes were received; they are sent by `RelayedConnection.send`, now or later."""

    def finished(self, direction: Direction) -> None:
        """No more is received; `RelayedConnection.finish` passes that on."""


class RelayReport(Protocol):
    """Takes what a relay reports."""

    def event(self, name: str, sentence: str = "", **fields: object) -> None:
        """Log what happened."""

    def fault(self, name: str, peer: str = "") -> None:
        """Log the exception that is being handled."""
