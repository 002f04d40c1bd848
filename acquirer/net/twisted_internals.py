"""All that this program uses of Twisted beyond its published interface, in one place.

The tests of this package were run with the versions in `TRIED`; the requirement in pyproject.toml ends below the next
major version. When it is raised, run ``tests/net`` with the new version and add it here.

1. `TwistedTransport`: the buffers and states of ``tcp.Connection`` and ``abstract.FileDescriptor``.
2. `spare_descriptor`: the file descriptor that ``tcp`` keeps in reserve.
3. `dispose`: what ``AsyncioSelectorReactor`` leaves in its loop.
"""

from __future__ import annotations

import socket
from typing import Any, Final

from twisted.internet import abstract, error, tcp
from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.python.failure import Failure

TRIED: Final = ("24.11.0", "25.5.0", "26.4.0", "26.10.0")


class TwistedTransport(tcp.Server):
    """The server side of a TCP connection, made without what ``tcp.Server`` formats for its log."""

    logstr = "acquirer"
    repstr = "<EagerTransport>"
    _shouldShutdown = False  # close() alone sends the FIN: no other process holds the descriptor
    _watched = False  # the reactor says when it can be written to

    def __init__(self, sock: socket.socket, protocol: Any, client: tuple[Any, ...], port: tcp.Port) -> None:
        twisted: Any = tcp.Connection
        twisted.__init__(self, sock, protocol, port.reactor)
        self.server = port
        self.client = client
        self.hostname = client[0]
        self.connected = 1

    def startWriting(self) -> None:
        self._watched = True
        twisted: Any = super()
        twisted.startWriting()

    def stopWriting(self) -> None:
        if self._watched:  # hardly ever: the reactor would search its writers for it
            self._watched = False
            twisted: Any = super()
            twisted.stopWriting()

    def connectionLost(self, reason: Failure) -> None:
        """As ``tcp.Connection`` does, which looks for the name of its class among those of `reason`."""
        if not hasattr(self, "socket"):
            return
        twisted: Any = self
        abstract.FileDescriptor.connectionLost(twisted, reason)
        twisted._closeSocket(reason.type is not error.ConnectionAborted)
        protocol = twisted.protocol
        del twisted.protocol, twisted.socket, twisted.fileno
        protocol.connectionLost(reason)

    def writes_at_once(self) -> bool:
        """Return whether what is written now goes to the kernel first: `can_write`, and nothing is unsent."""
        return bool(
            self.connected
            and not (self.disconnecting or self._writeDisconnected or self.dataBuffer or self._tempDataLen)
        )

    def can_write(self) -> bool:
        """Return whether what is written now will be sent: the connection is open, and not being closed."""
        return bool(self.connected) and not self.disconnecting and not self._writeDisconnected

    def write_no_more(self) -> None:
        """Drop what is written from now on."""
        self._writeDisconnected = True

    def has_unsent(self) -> bool:
        """Return whether something was written that the kernel has not taken yet."""
        return bool(self.dataBuffer or self._tempDataLen)

    @property
    def unsent_bytes(self) -> int:
        """How much was written that the kernel has not taken yet."""
        return len(self.dataBuffer) - self.offset + self._tempDataLen


def spare_descriptor() -> Any:
    """Return the context manager that frees one descriptor for its block; None where there is none to free."""
    reserved: Any = tcp._reservedFD
    return reserved if reserved.available() else None


def dispose(reactor: AsyncioSelectorReactor) -> None:
    """Take a reactor out of its loop: every descriptor it watches, the waker it made for itself, its timers."""
    private: Any = reactor
    for call in private.getDelayedCalls():
        call.cancel()
    if private._timerHandle is not None:  # the last timer stays in the loop otherwise
        private._timerHandle.cancel()
    waker = private.waker
    private._internalReaders.discard(waker)
    private.removeAll()
    private.removeReader(waker)
    waker.connectionLost(Failure(error.ConnectionDone()))
