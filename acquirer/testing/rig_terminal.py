"""A terminal of ours beside a host in memory: its line, on which frames and silence take no real time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Protocol, Unpack

from acquirer.app.terminal import Terminal
from acquirer.app.terminal_connection import ExchangeTimer
from acquirer.app.terminal_options import TerminalOptions
from acquirer.model.effects import Close, Effect, Send, SendBytes, SendWithNext
from acquirer.terminal.effects import Ask, NoAnswer, Response
from acquirer.wire.framing import Framing


class RigHost(Protocol):
    """What a line in memory needs of its host."""

    now_us: int

    def exchange(self, frame: bytes, patience_s: float) -> Iterable[Effect]:
        """Return what the host does about a frame, in order."""


class RigConnection:
    """A line to a host in memory: each answer arrives at its time, and waiting moves the clock to it."""

    def __init__(self, host: RigHost, framing: Framing) -> None:
        self._host = host
        self._framing = framing
        self._arriving: deque[tuple[int, bytes]] = deque()  # when, and what; b"": the host hangs up
        self._exchange = ExchangeTimer(framing, self._now_ns)

    def ask(self, ask: Ask) -> Response:
        """Send a request and wait for the first whole frame."""
        self._arriving.clear()
        self._exchange = ExchangeTimer(self._framing, self._now_ns)
        self._exchange.begin(ask.timeout_s)
        effects = self._host.exchange(ask.frame, ask.timeout_s)
        self._arriving.extend(self._sent(effects))
        return self.listen()

    def listen(self) -> Response:
        """Wait for the next whole frame, within the time of the last `ask`."""
        received: bytes | OSError | None = None
        while (answer := self._exchange.take(received)) is None:
            received = self._next()
        if isinstance(answer, NoAnswer):
            self.close()
        return answer

    def done(self) -> None:
        """An exchange is over: what comes later finds no one."""
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._arriving.clear()

    def _next(self) -> bytes | OSError:
        end_us = self._host.now_us + round(self._exchange.left_s * 1_000_000)
        if not self._arriving or self._arriving[0][0] > end_us:
            self._host.now_us = end_us
            return TimeoutError()
        at_us, data = self._arriving.popleft()
        self._host.now_us = max(self._host.now_us, at_us)
        return data

    def _sent(self, effects: Iterable[Effect]) -> Iterator[tuple[int, bytes]]:
        at_us = self._host.now_us
        for effect in effects:  # each one waits for those before it
            if isinstance(effect, Send | SendBytes):
                at_us += effect.delay_ms * 1000
                yield at_us, self._framing.wrap(effect.frame) if isinstance(effect, Send) else effect.data
            elif isinstance(effect, SendWithNext):  # no other answer comes on this line
                at_us += effect.wait_ms * 1000
                yield at_us, effect.data
            elif isinstance(effect, Close):
                yield at_us, b""

    def _now_ns(self) -> int:
        return self._host.now_us * 1000


class RigTerminal(Terminal):
    """A terminal whose methods return when the exchange is over, in the time of a `Rig`."""

    def __init__(self, tid: str, rig: RigHost, **options: Unpack[TerminalOptions]) -> None:
        super().__init__(tid, **options)
        self.tid = tid
        self._connection = RigConnection(rig, self._core.framing)

    def __repr__(self) -> str:
        return f"<terminal {self.tid}>"
