"""HTTP/1.1 over one connection: uvicorn's, bounded where uvicorn is not.

uvicorn waits for ever for the first request of a connection, and for the rest of any that has begun. A peer that sends
nothing, or one byte a minute, is closed here.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S: Final = 10.0
"""Within which the head of a request arrives, from when its connection is opened or its first byte is there."""

MOST_CONNECTIONS: Final = 1_100
"""Open at one time, each a descriptor: more than a thousand that wait are refused by the guard, which says why."""


class BoundedProtocol(H11Protocol):
    """A connection of which the head of each request has to arrive in time."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        full = len(self.connections) >= MOST_CONNECTIONS
        self._head_timer: asyncio.TimerHandle | None = self.loop.call_later(0 if full else HEAD_S, self._cut)

    def data_received(self, data: bytes) -> None:
        """Take what has come, and begin or end to wait for the rest of a head."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._end_waiting()
        elif self._head_timer is None and not self.transport.is_closing():
            self._head_timer = self.loop.call_later(HEAD_S, self._cut)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._end_waiting()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Let uvicorn wait for the next request, which it does for a few seconds."""
        self._end_waiting()
        super().on_response_complete()

    def _cut(self) -> None:
        self._head_timer = None
        self.transport.abort()

    def _end_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
