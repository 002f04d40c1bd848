"""What operators do at a terminal, the same for a blocking and an asyncio terminal."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic

from acquirer.app.further_transactions import Answered
from acquirer.app.terminal_core import TerminalCore
from acquirer.terminal.effects import Program
from acquirer.terminal.exchange import Result
from acquirer.terminal.log_on import (
    add_operator,
    change_password,
    log_off,
    log_on,
    remove_operator,
    reset,
    set_up_operators,
    unlock_operator,
)


class OperatorOperations(ABC, Generic[Answered]):
    """Operations that are about operators; passwords have four digits.

    A terminal without operators asks no one. One that has them needs a cashier who is logged on for what it does, and
    the supervisor's password for voids and refunds.
    """

    _core: TerminalCore

    def set_up_operators(self, supervisor: str, administrator: str) -> Answered:
        """Give supervisor 00 and administrator 99 their passwords: from now on a cashier must log on.

        Raises:
            OperatorError: a password has another form.
        """
        return self._run(set_up_operators(self._core.machine, supervisor, administrator))

    def add_operator(self, number: str, password: str, *, supervisor: str) -> Answered:
        """Add a cashier, by the supervisor's password. Raises OperatorError."""
        return self._run(add_operator(self._core.machine, number, password, supervisor))

    def remove_operator(self, number: str, *, supervisor: str) -> Answered:
        """Remove a cashier, by the supervisor's password. Raises OperatorError."""
        return self._run(remove_operator(self._core.machine, number, supervisor))

    def change_password(
        self, number: str, new: str, *, password: str = "", supervisor: str = "", administrator: str = ""
    ) -> Answered:
        """Give an operator another password, which unlocks it too.

        One password goes with it: its own, the supervisor's (for a cashier) or the administrator's.

        Raises:
            OperatorError: a password has another form, or not one of them is given.
        """
        machine = self._core.machine
        return self._run(change_password(machine, number, new, password, supervisor, administrator))

    def unlock_operator(self, number: str, *, supervisor: str = "", administrator: str = "") -> Answered:
        """Let an operator try again after three wrong passwords. Raises OperatorError."""
        return self._run(unlock_operator(self._core.machine, number, supervisor, administrator))

    def log_on(self, number: str, password: str, *, sign_on: bool = True) -> Answered:
        """Log a cashier on, in place of the one before, and sign on at the host, unless that one had.

        A wrong password is counted: three in a row lock the cashier. A sign-on that fails leaves the cashier logged on.

        Raises:
            OperatorError: the password has another form.
        """
        return self._run(log_on(self._core.machine, number, password, sign_on))

    def log_off(self) -> Answered:
        """Log the cashier off; the next one signs on anew."""
        return self._run(log_off(self._core.machine))

    def reset(self, *, administrator: str) -> Answered:
        """Forget operators, keys and sales, by the administrator's password; refused while anything is owed."""
        return self._run(reset(self._core.machine, administrator))

    @abstractmethod
    def _run(self, program: Program[Result]) -> Answered:
        """Run a program to its end."""
