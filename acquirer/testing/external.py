"""A host that runs elsewhere, as tests see it: terminals that talk to it, and nothing of its inside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, Unpack

from acquirer.app.terminal import Terminal
from acquirer.app.terminal_options import TerminalOptions
from acquirer.errors import ConfigurationError
from acquirer.testing.durations import Duration, seconds_of


class NotInProcessError(ConfigurationError, LookupError):
    """What is asked for needs a host in this process."""


@dataclass(frozen=True, slots=True)
class ExternalHost:
    """Where it listens, and which terminals it knows.

    Args:
        tids: of terminals that this process may use, each for one test at a time.
        usual: options of all terminals, unless a test says otherwise.
    """

    address: str
    dialect: str
    file: Path | str | None
    tids: Iterator[str]
    usual: TerminalOptions = field(default_factory=lambda: TerminalOptions())


class ExternalView:
    """What one test may do of it."""

    def __init__(self, host: ExternalHost) -> None:
        self.address = host.address
        self._host = host
        self._closing = ExitStack()

    def terminal(
        self, tid: str = "", *, timeout: Duration | None = None, **options: Unpack[TerminalOptions]
    ) -> Terminal:
        """Return a terminal of ours that talks to the host.

        Args:
            tid: its number; "": the next one of the file of terminals, else of the demo set.
            timeout: how long it waits for an answer; None: as its dialect says.
            options: of `acquirer.app.terminal.Terminal`.
        """
        host = self._host
        usual: TerminalOptions = {"host": host.address, "dialect": host.dialect, "terminals": host.file}
        if timeout is not None:
            usual["timeout_s"] = seconds_of(timeout)
        merged: TerminalOptions = {**usual, **host.usual, **options}
        terminal = Terminal(tid or next(host.tids), **merged)
        self._closing.callback(terminal.close)
        return terminal

    def transcript(self) -> str:
        """Return that nothing is known."""
        return f"the host at {self.address} runs elsewhere: see its own journal"

    def close(self) -> None:
        """Hang up."""
        self._closing.close()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        self._refuse(name)

    def _refuse(self, name: str) -> NoReturn:
        raise NotInProcessError(
            f"acquirer.{name} needs a host in this process; with --acquirer-host {self.address} tests have "
            "acquirer.terminal() and acquirer.address only; name its http:// address for the rest"
        )
