"""A terminal on asyncio, and its end of the line; `acquirer.app.terminal` has it too, and imports this when asked."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Protocol, Unpack

from acquirer.app.terminal_connection import CHUNK_BYTES, CONNECT_S, DROPPED, ExchangeTimer, HostAddress, reason_of
from acquirer.app.terminal_core import TerminalCore
from acquirer.app.terminal_operations import Operations
from acquirer.app.terminal_options import TerminalOptions
from acquirer.terminal.effects import Ask, Keep, Listen, NoAnswer, NotSent, Print, PrintCopy, Program, Response
from acquirer.terminal.exchange import Result
from acquirer.wire.framing import Framing


class AsyncTerminal(Operations[Coroutine[Any, Any, Result]]):
    """A terminal on the running asyncio loop: the same methods as `Terminal`, awaited, one at a time."""

    def __init__(self, tid: str, **options: Unpack[TerminalOptions]) -> None:
        self._core = TerminalCore(tid, **options)
        self._connection: AsyncAsking = AsyncTerminalConnection(
            self._core.address, self._core.framing, keep_open=self._core.keep_open
        )

    async def close(self) -> None:
        """Hang up and unlock the state."""
        self._connection.close()
        self._core.close()

    async def __aenter__(self) -> AsyncTerminal:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _run(self, program: Program[Result]) -> Result:
        program = self._core.begin(program)
        answer: Response | None = None
        try:
            while True:
                effect = program.send(answer)
                answer = None
                if isinstance(effect, Ask):
                    answer = await self._connection.ask(effect)
                elif isinstance(effect, Listen):
                    answer = await self._connection.listen()
                elif isinstance(effect, Keep):
                    await asyncio.to_thread(self._core.save, effect.state)  # syncing a disk takes its time
                elif isinstance(effect, Print | PrintCopy):
                    answer = self._core.print(effect)
                else:
                    self._core.look(effect)
        except StopIteration as end:
            return self._core.finished(end.value)
        finally:
            self._connection.done()


class AsyncAsking(Protocol):
    """A terminal's end of the line, awaited."""

    async def ask(self, ask: Ask) -> Response:
        """Send a request and wait for the first whole frame."""

    async def listen(self) -> Response:
        """Wait for the next whole frame, within the time of the last `ask`."""

    def done(self) -> None:
        """An exchange is over: hang up, unless the line is to be kept open."""

    def close(self) -> None:
        """Hang up."""


class AsyncTerminalConnection:
    """A line to one host on the running asyncio loop; otherwise like `TerminalConnection`."""

    def __init__(self, to: HostAddress, framing: Framing, *, keep_open: bool = False) -> None:
        self.to, self.framing, self.keep_open = to, framing, keep_open
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._exchange = ExchangeTimer(framing)

    async def ask(self, ask: Ask) -> Response:
        """Send a request and wait for the first whole frame."""
        data = self.framing.wrap(ask.frame)
        if ask.fresh or not self.keep_open or (self._streams and self._streams[0].at_eof()):
            self.close()
        if self._streams is None:
            try:
                async with asyncio.timeout(min(CONNECT_S, ask.timeout_s)):
                    self._streams = await _opened(self.to)
            except OSError as error:
                return NotSent(f"no connection to {self.to}: {reason_of(error)}")
            self._exchange = ExchangeTimer(self.framing)
        self._exchange.begin(ask.timeout_s)
        try:
            self._streams[1].write(data)
            async with asyncio.timeout(ask.timeout_s):
                await self._streams[1].drain()
        except OSError as error:
            self.close()
            return self._exchange.silence(reason_of(error))
        if ask.hang_up:
            self.close()
            return self._exchange.silence(DROPPED)
        return await self.listen()

    async def listen(self) -> Response:
        """Wait for the next whole frame, within the time of the last `ask`."""
        received = None
        while (answer := self._exchange.take(received)) is None:
            received = await self._read(self._exchange.left_s)
        if isinstance(answer, NoAnswer):
            self.close()
        return answer

    def done(self) -> None:
        """An exchange is over: hang up, unless the line is to be kept open."""
        if not self.keep_open:
            self.close()

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            writer = self._streams[1]
            writer.close()
            if self.to.tls is not None:  # its farewell is sent; waiting for that of the host could outlast the loop
                writer.transport.abort()
            self._streams = None

    async def _read(self, within_s: float) -> bytes | OSError:
        if self._streams is None:
            return b""
        try:
            async with asyncio.timeout(within_s):
                return await self._streams[0].read(CHUNK_BYTES)
        except OSError as error:
            return error


async def _opened(to: HostAddress) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return a connection to a host, over TLS where it is called so. Raises OSError."""
    if to.tls is None:
        return await asyncio.open_connection(to.host, to.port)
    return await asyncio.open_connection(to.host, to.port, ssl=to.tls.context, server_hostname=to.tls.name)
