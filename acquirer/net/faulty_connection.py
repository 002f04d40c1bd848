"""Connections that misbehave on purpose: reset, silent, half closed, slow, lossy. Others pay nothing for them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from twisted.python.failure import Failure

from acquirer.model.line import LineState
from acquirer.net.connection import Connection, ConnectionListener
from acquirer.net.transport import EagerTransport

DOWN: Final = LineState(accept="refused")
"""A host that is restarting."""

PACKET_BYTES: Final = 1460
"""What a packet carries over Ethernet: losses are drawn for each so many bytes, or for what is sent at once."""

SLICE_S: Final = 0.05
"""How often a slow line passes bytes on."""

STALLS_MOST: Final = 8
"""How many times its first wait the longest one of a packet takes that is lost again and again."""

LINE: Final = 8
"""Why a connection is not read, beside those of `net.connection`: it is accepted and kept silent."""


class FaultyConnection(Connection):
    """A connection with line faults."""

    __slots__ = ("_line", "_loop", "_lost_before", "_queue", "_timers", "_wants_end", "_writing")

    def __init__(
        self,
        listener: ConnectionListener,
        client: tuple[str, int],
        number: int,
        line: LineState,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(listener, client, number)
        self._line = line
        self._loop = loop
        self._timers: set[asyncio.TimerHandle] = set()
        self._queue: deque[bytes] = deque()  # what a slow line has not passed on yet
        self._writing = False  # a timer will pass on more of it
        self._lost_before = False
        self._wants_end = False  # once the queue is empty

    # -- the transport's calls ---------------------------------------------------------------------------------------

    def makeConnection(self, transport: EagerTransport) -> None:
        super().makeConnection(transport)
        line = self._line
        if line.accept == "refused":
            self.close("refused", hard=True)
            return
        if line.accept == "silent":
            self.pause(LINE)
            return
        if line.reset_after_ms is not None:
            self._later(line.reset_after_ms / 1000, lambda: self.close("reset", hard=True))
        if line.half_close_after_ms is not None:
            self._later(line.half_close_after_ms / 1000, transport.finishWriting)

    def connectionLost(self, reason: Failure) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._queue.clear()
        super().connectionLost(reason)

    # -- the receiver's calls ----------------------------------------------------------------------------------------

    def send_bytes(self, data: bytes) -> bool:
        line, transport = self._line, self._transport
        if transport is None or self.closing or not transport.can_write():
            return False
        if line.bytes_per_s is None and not line.loss_rate:
            return super().send_bytes(data)
        self._queue.append(data)
        if not self._writing:
            self._pass_on()
        return True

    def _lose(self) -> None:
        if self._queue:
            self._wants_end = True
        elif delay_ms := self._line.close_delay_ms:
            self._later(delay_ms / 1000, super()._lose)
        else:
            super()._lose()

    # -- inside ------------------------------------------------------------------------------------------------------

    def _pass_on(self) -> None:
        """Write what may leave now; come back for the rest."""
        self._writing = False
        transport = self._transport
        if transport is None:
            return
        rate = self._line.bytes_per_s
        size = PACKET_BYTES if rate is None else min(PACKET_BYTES, max(1, int(rate * SLICE_S)))
        while self._queue:
            piece = self._queue[0][:size]
            rest = self._queue[0][size:]
            if rest:
                self._queue[0] = rest
            else:
                self._queue.popleft()
            wait_s = self._stall_s()
            if wait_s:
                self._queue.appendleft(piece)
                self._writing = True
                self._later(wait_s, self._resend)
                return
            if not self._written(piece, rate):
                return
        if self._wants_end:
            self._lose()

    def _resend(self) -> None:
        piece = self._queue.popleft() if self._queue else b""
        self._writing = False
        if piece and self._written(piece, self._line.bytes_per_s):
            self._pass_on()

    def _written(self, piece: bytes, rate: int | None) -> bool:
        """Write a piece; return whether the next one may follow at once."""
        if self._transport is None:
            return False
        self._transport.write(piece)
        if rate is None:
            return True
        self._writing = True
        self._later(len(piece) / rate, self._pass_on)
        return False

    def _stall_s(self) -> float:
        """Return how long the next packet is missing; 0: it arrives."""
        line, stalls = self._line, 0
        if line.randbytes is None or not line.loss_rate:
            return 0.0
        rate = line.loss_rate
        while stalls < STALLS_MOST.bit_length():
            chance = rate + line.loss_correlation * (1 - rate) if self._lost_before else rate
            self._lost_before = int.from_bytes(line.randbytes(4), "big") < chance * 2**32
            if not self._lost_before:
                break
            stalls += 1
        return line.stall_ms / 1000 * float((1 << stalls) - 1)

    def _later(self, delay_s: float, act: Callable[[], object]) -> None:
        timer: asyncio.TimerHandle

        def now() -> None:
            self._timers.discard(timer)
            act()

        timer = self._loop.call_later(delay_s, now)
        self._timers.add(timer)
