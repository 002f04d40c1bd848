"""The terminal as a Python API: `Terminal` blocks, `AsyncTerminal` awaits; both play the same machine.

    with Terminal("10000001", host="127.0.0.1:8583", state="pos-1") as terminal:
        result = terminal.sale("12.34", card="standard", pin="123456")
        assert result.code == "00"

It signs on at first use, reverses by itself what stays unanswered, and works against any host of its dialect.
`TerminalOptions` says what may be set.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Unpack

from acquirer.app.terminal_connection import TerminalConnection
from acquirer.app.terminal_core import TerminalCore
from acquirer.app.terminal_operations import Operations
from acquirer.app.terminal_options import TerminalOptions
from acquirer.terminal.effects import Ask, Keep, Listen, Print, PrintCopy, Program, Response
from acquirer.terminal.exchange import Result

if TYPE_CHECKING:
    from acquirer.app.async_terminal import AsyncTerminal

__all__ = ["AsyncTerminal", "Terminal", "TerminalOptions"]


class Asking(Protocol):
    """A terminal's end of the line."""

    def ask(self, ask: Ask) -> Response:
        """Send a request and wait for the first whole frame."""

    def listen(self) -> Response:
        """Wait for the next whole frame, within the time of the last `ask`."""

    def done(self) -> None:
        """An exchange is over: hang up, unless the line is to be kept open."""

    def close(self) -> None:
        """Hang up."""


class Terminal(Operations[Result]):
    """A terminal whose methods return when the exchange is over. Not for several threads at once."""

    def __init__(self, tid: str, **options: Unpack[TerminalOptions]) -> None:
        self._core = TerminalCore(tid, **options)
        self._connection: Asking = TerminalConnection(
            self._core.address, self._core.framing, keep_open=self._core.keep_open
        )

    def close(self) -> None:
        """Hang up and unlock the state."""
        self._connection.close()
        self._core.close()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, program: Program[Result]) -> Result:
        program = self._core.begin(program)
        answer: Response | None = None
        try:
            while True:
                effect = program.send(answer)
                answer = None
                if isinstance(effect, Ask):
                    answer = self._connection.ask(effect)
                elif isinstance(effect, Listen):
                    answer = self._connection.listen()
                elif isinstance(effect, Keep):
                    self._core.save(effect.state)
                elif isinstance(effect, Print | PrintCopy):
                    answer = self._core.print(effect)
                else:
                    self._core.look(effect)
        except StopIteration as end:
            return self._core.finished(end.value)
        finally:
            self._connection.done()


def __getattr__(name: str) -> Any:
    """Return `AsyncTerminal`; only who uses it imports asyncio, which takes as long as a whole sale."""
    if name == "AsyncTerminal":
        from acquirer.app.async_terminal import AsyncTerminal

        return AsyncTerminal
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
