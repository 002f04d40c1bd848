"""HTTP/1.1 and WebSockets over one connection: uvicorn's, bounded where uvicorn is not.

uvicorn waits for ever for the first request of a connection, and for the rest of any that has begun. A peer that sends
nothing, or one byte a minute, is closed here. So is a peer of a stream that sends what is not read, or does not take
what it is sent: uvicorn would wait for it, and answer each of its pings.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

HEAD_S: Final = 10.0
"""Within which the head of a request arrives, from when its connection is opened or its first byte is there."""

MOST_CONNECTIONS: Final = 1_100
"""Open at one time, each a descriptor: more than a thousand that wait are refused by the guard, which says why."""

STREAM_PATH: Final = "/stream"
"""The one path where a connection becomes a WebSocket."""

MOST_UNSENT_BYTES: Final = 1 << 20
"""Of answers to pings that a peer does not read: it sends them on purpose."""

CLOSE_S: Final = 2.0
"""For a peer to read why its connection is closed, and to close it too."""

UNSUPPORTED_DATA: Final = 1003
"""The code of a WebSocket whose peer sends what is not read (RFC 6455, 7.4.1)."""


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

    def _should_upgrade(self) -> bool:
        """Return whether a request becomes a WebSocket; elsewhere it is answered like any other (RFC 9110, 7.8)."""
        return bool(self.scope["path"] == STREAM_PATH and super()._should_upgrade())

    def _cut(self) -> None:
        self._head_timer = None
        self.transport.abort()

    def _end_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


class StreamProtocol(WebSocketsSansIOProtocol):
    """A WebSocket on which this side speaks, and the other one listens."""

    def handle_text(self, event: Frame) -> None:  # noqa: ARG002
        """Close the connection: nothing is read here."""
        if not self.close_sent:
            self.conn.send_close(UNSUPPORTED_DATA, "nothing is read here; the filter stands in the address")
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = self.disconnected = True
            self.queue.put_nowait({"type": "websocket.disconnect", "code": UNSUPPORTED_DATA})
            # What it sends meanwhile is read, so that its system does not throw the reason away.
            self.close_timer = self.loop.call_later(CLOSE_S, self.transport.abort)

    handle_bytes = handle_cont = handle_text

    def handle_ping(self) -> None:
        """Answer a ping of a peer that reads the answers."""
        super().handle_ping()
        if self.transport.get_write_buffer_size() > MOST_UNSENT_BYTES:
            self.transport.abort()

    def keepalive_timeout(self) -> None:
        """End a connection whose peer takes nothing any more; to close it would wait for it."""
        self.transport.abort()

    def shutdown(self) -> None:
        """End the connection with the host, without waiting for a peer that does not take what was sent."""
        if self.writable.is_set():
            super().shutdown()
        else:
            self.transport.abort()
