"""The operators of simulated terminals: a password is compared once, as that takes its time."""

from __future__ import annotations

from functools import lru_cache

from acquirer.security.passwords import password_fits
from acquirer.simulation.plan import seeded
from acquirer.simulation.transaction_choices import ADMINISTRATOR, CASHIERS, SUPERVISOR
from acquirer.terminal.operators import TerminalOperator, make_operator

_fits = lru_cache(maxsize=1_024)(password_fits)


class SimulatedOperator(TerminalOperator):
    """An operator whose passwords are ours, so that what was compared may be remembered."""

    __slots__ = ()

    def knows(self, password: str) -> bool:
        """Return whether this is its password."""
        return _fits(password, self.salt, self.digest)


@lru_cache(maxsize=1)
def staff() -> tuple[TerminalOperator, ...]:
    """Return the operators of a terminal: supervisor, cashiers, administrator."""
    passwords = {"00": SUPERVISOR, **CASHIERS, "99": ADMINISTRATOR}
    hired = [make_operator(number, text, seeded("staff", number).randbytes) for number, text in passwords.items()]
    return tuple(SimulatedOperator(one.number, one.salt, one.digest) for one in hired)


def recognised(operators: tuple[TerminalOperator, ...]) -> tuple[TerminalOperator, ...]:
    """Return operators that were read from what a terminal has kept, as those whose passwords are ours."""
    return tuple(SimulatedOperator(one.number, one.salt, one.digest, one.failures) for one in operators)
