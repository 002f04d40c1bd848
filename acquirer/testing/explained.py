"""Terminals of ours that talk to a host in the same process: they do not wait in real time, and say why.

Each exchange of a result carries what the host's journal says of it (`Exchange.why`), so that a failed assertion shows
it.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Unpack

from acquirer.app.async_terminal import AsyncTerminal
from acquirer.app.terminal import Terminal
from acquirer.app.terminal_connection import LEAST_S, HostAddress, TerminalConnection
from acquirer.app.terminal_options import TerminalOptions
from acquirer.errors import StoreError
from acquirer.journal.entry import Entry
from acquirer.terminal.effects import Ask, Program, Response
from acquirer.terminal.exchange import Result
from acquirer.testing.explained_text import ExplainedResult
from acquirer.testing.host_under_test import ClockUnderTest
from acquirer.wire.framing import Framing

AGAIN_S: Final = 0.01
"""Between two tries to interrupt a line that may be opened in between: it opens in less."""


@dataclass(frozen=True, slots=True)
class HostSide:
    """What a terminal of ours knows of its host.

    Args:
        skips: whether time may be skipped now.
        entries: returns what the journal has of a terminal's STAN, oldest first.
    """

    clock: ClockUnderTest
    skips: Callable[[], bool]
    entries: Callable[[str, str], Sequence[Entry]]

    def explain(self, tid: str, result: Result) -> Result:
        """Return a result that says what the host's journal has of its exchanges."""
        with suppress(StoreError):  # the host has ended, and its journal with it
            for exchange in result.exchanges:
                found = [entry for entry in self.entries(tid, exchange.stan) if entry.mti == exchange.mti]
                if found:
                    exchange.why = "; ".join(filter(None, (found[-1].why or found[-1].failure, *found[-1].notes)))
        return ExplainedResult.of(result)


class SkippingConnection(TerminalConnection):
    """A line whose waits skip the time of the host."""

    def __init__(self, to: HostAddress, framing: Framing, host: HostSide, *, keep_open: bool) -> None:
        super().__init__(to, framing, keep_open=keep_open, now_ns=host.clock.time.now_ns)
        self._host = host

    def interrupt(self) -> None:
        """End the waiting of another thread: to it, the host has hung up."""
        sock = self._socket
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _read(self, within_s: float) -> bytes | OSError:
        sock = self._socket
        try:
            if sock is not None and self._host.skips() and not self._host.clock.wait_readable(sock, within_s):
                return TimeoutError()
        except OSError as error:  # another thread has hung up
            return error
        if self.to.tls is not None and self._host.skips():
            within_s = LEAST_S  # what can be read may be no message: then time is skipped further
        return super()._read(within_s)


class ExplainedTerminal(Terminal):
    """A terminal whose methods return when the exchange is over."""

    def __init__(self, tid: str, host_side: HostSide, **options: Unpack[TerminalOptions]) -> None:
        super().__init__(tid, **options)
        core = self._core
        self.tid = tid
        self._host = host_side
        self._connection = SkippingConnection(core.address, core.framing, host_side, keep_open=core.keep_open)

    def _run(self, program: Program[Result]) -> Result:
        with self._host.clock.time.operating():
            result = super()._run(program)
        return self._host.explain(self.tid, result)

    def __repr__(self) -> str:
        return f"<terminal {self.tid}>"


class AsyncExplainedTerminal(AsyncTerminal):
    """The same for a test that runs on a loop."""

    def __init__(self, tid: str, host_side: HostSide, **options: Unpack[TerminalOptions]) -> None:
        super().__init__(tid, **options)
        core = self._core
        self.tid = tid
        self._host = host_side
        self._connection = _InThread(
            SkippingConnection(core.address, core.framing, host_side, keep_open=core.keep_open)
        )

    def hang_up(self) -> None:
        """Hang up and unlock the state, also where no loop runs any more."""
        self._connection.close()
        self._core.close()

    async def _run(self, program: Program[Result]) -> Result:
        with self._host.clock.time.operating():
            result = await super()._run(program)
        return await asyncio.to_thread(self._host.explain, self.tid, result)

    def __repr__(self) -> str:
        return f"<terminal {self.tid}>"


class _InThread:
    """A blocking line, awaited; see `AsyncTerminalConnection`."""

    def __init__(self, connection: SkippingConnection) -> None:
        self._connection = connection

    async def ask(self, ask: Ask) -> Response:
        return await self._done(asyncio.to_thread(self._connection.ask, ask))

    async def listen(self) -> Response:
        return await self._done(asyncio.to_thread(self._connection.listen))

    def done(self) -> None:
        self._connection.done()

    def close(self) -> None:
        self._connection.close()

    async def _done(self, work: Coroutine[Any, Any, Response]) -> Response:
        """Return what `work` does. Where that is cancelled, its thread is over first: then the line is free."""
        task = asyncio.ensure_future(work)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            while not task.done():
                self._connection.interrupt()
                await asyncio.wait([task], timeout=AGAIN_S)
            self._connection.close()
            raise
