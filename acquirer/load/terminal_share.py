"""Terminals of one file, each played by one user at a time, and what those remember that no one plays just now."""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from acquirer.app.terminal import Terminal, TerminalOptions
from acquirer.app.terminal_connection import TerminalConnection
from acquirer.data.text import plural
from acquirer.errors import ConfigurationError
from acquirer.settings.registration import Registration
from acquirer.terminal.effects import Ask, Program, Response
from acquirer.terminal.exchange import Exchange, Outcome, Result
from acquirer.terminal.machine import Machine
from acquirer.terminal.state import LAST_STAN, State
from acquirer.terminal.voucher import Voucher


class NoTerminal(ConfigurationError):
    """There is no terminal for a user to play: why, and what to do."""


class Reporter(Protocol):
    """Is given what a terminal does."""

    def report(self, exchange: Exchange, took_ms: float) -> None:
        """Take an exchange that has ended."""

    def report_refused(self, result: Result) -> None:
        """Take an operation that the terminal itself refused, so that nothing was sent."""


class ReportedTerminal(Terminal):
    """A terminal that reports each exchange to the user who plays it."""

    def __init__(
        self, registered: Registration, state: State | None, options: TerminalOptions, reporter: Reporter
    ) -> None:
        self.registered = registered
        self.under_way: Exchange | None = None
        self._reporter = reporter
        options = TerminalOptions(
            **{
                **options,
                "watch": self,
                "mid": registered.mid,
                "name": registered.name,
                "ksn": registered.ksn.hex(),
                **({"tmk": registered.tmk} if registered.tmk else {}),
                **({"bdk": registered.bdk} if registered.bdk else {}),
            }
        )
        super().__init__(registered.tid, **options)
        core = self._core
        self._timed = self._connection = _TimedConnection(core.address, core.framing, keep_open=core.keep_open)
        if core.file is None:
            core.machine = Machine(core.machine.owned, state or _fresh(core.machine.state))

    @property
    def tid(self) -> str:
        """Its number."""
        return self.registered.tid

    def began(self, exchange: Exchange) -> None:
        """Note what is under way."""
        self.under_way = exchange

    def ended(self, exchange: Exchange) -> None:
        """Report it."""
        self.under_way = None
        self._reporter.report(exchange, self._timed.took_ms)

    def printed(self, voucher: Voucher) -> None:
        """Let slips be: no one signs them on paper."""

    def _run(self, program: Program[Result]) -> Result:
        result = super()._run(program)
        if result.outcome is Outcome.REFUSED and result.exchange is None:
            self._reporter.report_refused(result)
        return result


class _TimedConnection(TerminalConnection):
    """A line that knows how long the last exchange took, opening the connection included."""

    _began_ns = _ended_ns = 0

    @property
    def took_ms(self) -> float:
        return (self._ended_ns - self._began_ns) / 1e6

    def ask(self, ask: Ask) -> Response:
        self._began_ns = time.monotonic_ns()
        try:
            return super().ask(ask)
        finally:
            self._ended_ns = time.monotonic_ns()

    def listen(self) -> Response:
        try:
            return super().listen()
        finally:
            self._ended_ns = time.monotonic_ns()


class TerminalShare:
    """The terminals of one file that this process may play, and what those remember that no one plays just now."""

    def __init__(self, terminals: Iterable[Registration], about: str) -> None:
        self._free = deque(terminals)
        self._about = f"{about} has {plural(len(self._free), 'terminal')} for this process"
        self._states: dict[str, State] = {}
        self.cut_off = 0
        """Exchanges that were under way when their terminal was taken back."""

    def play(self, options: TerminalOptions, reporter: Reporter) -> ReportedTerminal:
        """Return a terminal that no one else plays. Raises NoTerminal."""
        if not self._free:
            raise NoTerminal(
                f"{self._about}, and each plays one already: run fewer users, or register more terminals "
                '(tid = "30000001..30020000" is a range)'
            )
        registered = self._free.popleft()
        try:
            return ReportedTerminal(registered, self._states.get(registered.tid), options, reporter)
        except BaseException:
            self._free.appendleft(registered)
            raise

    def take_back(self, terminal: ReportedTerminal) -> None:
        """Hang up; what the terminal remembers is kept."""
        self.cut_off += terminal.under_way is not None
        self._states[terminal.tid] = terminal.state
        terminal.close()
        self._free.appendleft(terminal.registered)


def _fresh(state: State) -> State:
    """Return the state of a terminal that never worked, counting from somewhere.

    From 000001 on, a second run would send the STANs of the first, and a host answers a repeat from its books.
    """
    return replace(state, stan=f"{secrets.randbelow(LAST_STAN):06d}")
