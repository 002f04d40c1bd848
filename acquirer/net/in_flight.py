"""How many bytes a socket has sent that have not arrived."""

from __future__ import annotations

import socket
import struct
import sys

_SO_NWRITE = 0x1024
"""The option of macOS for it; `socket` does not name it."""


def in_flight(sock: socket.socket) -> int:
    """Return how many bytes of a TCP connection the other system has not confirmed; 0 where that cannot be known."""
    platform: str = sys.platform  # as it is there, not where types are checked
    try:
        if platform == "linux":
            import fcntl  # Windows has neither, and imports all modules that a terminal needs
            import termios

            return int(struct.unpack("i", fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, b"\0\0\0\0"))[0])
        if platform == "darwin":
            return sock.getsockopt(socket.SOL_SOCKET, _SO_NWRITE)
    except (OSError, ValueError):  # it is closed
        return 0
    return 0
