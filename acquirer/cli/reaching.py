"""Hosts that options name: at which address, and whether one can be reached before anything is begun that needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acquirer.cli.errors import Code, Exit

if TYPE_CHECKING:
    from acquirer.app.terminal_connection import HostAddress


def typed_host(option: str, text: str) -> HostAddress:
    """Return the ``HOST:PORT`` that an option gives. Raises Exit."""
    from acquirer.app.terminal_connection import address

    try:
        return address(text)
    except ValueError as exc:
        raise Exit(Code.USAGE, f"{option}: {exc}.") from None


def reach(host: str) -> None:
    """Refuse a host that nothing listens at. Raises Exit."""
    import socket

    from acquirer.app.terminal_connection import CONNECT_S, address, reason_of

    try:
        to = address(host)
    except ValueError as exc:
        raise Exit(Code.USAGE, f"--host: {exc}") from None
    try:
        socket.create_connection(to[:2], CONNECT_S).close()
    except OSError as exc:
        sentence = f"no connection to {to}: {reason_of(exc)}; start the host, or correct --host"
        raise Exit(Code.NO_CONNECTION, sentence) from None
