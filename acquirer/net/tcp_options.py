"""Options of TCP that every connection has."""

from __future__ import annotations

import socket

from acquirer.net.limits import TCP_OPTIONS


def set_options(sock: socket.socket) -> None:
    """Set `limits.TCP_OPTIONS`; the sockets that a listener accepts inherit them: nothing to set for each."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in TCP_OPTIONS:
        option = getattr(socket, name, None)
        if option is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)
