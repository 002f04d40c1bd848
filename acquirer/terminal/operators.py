"""The people who use a terminal: their numbers, what is kept of their passwords, and who may unlock whom.

1. Cashiers have the numbers 01 to 98; the supervisor (主管) is 00, the administrator 99.
2. A password has four digits. Kept are a salt and a hash of it, sealed as everything secret in a terminal's state.
3. `MOST_FAILURES` wrong passwords in a row lock a cashier until the supervisor unlocks it, and the supervisor until the
   administrator does. The administrator is never locked: no one could undo it.

Source: manuals of terminals with UnionPay's menus; they differ in the length of passwords.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import Any, Final

from acquirer.data.json_text import parse_json
from acquirer.data.text import plural
from acquirer.data.types import Randbytes
from acquirer.errors import ConfigurationError
from acquirer.security.passwords import SALT_BYTES, hash_password, password_fits

SUPERVISOR: Final = "00"
ADMINISTRATOR: Final = "99"
MOST_FAILURES: Final = 3

_ROLES: Final = {SUPERVISOR: "supervisor", ADMINISTRATOR: "administrator"}


class OperatorError(ConfigurationError, ValueError):
    """A number or password that no operator can have: what it must look like."""


@dataclass(frozen=True, slots=True)
class TerminalOperator:
    """One of them, as a terminal keeps it."""

    number: str  # two digits
    salt: bytes = field(repr=False)
    digest: bytes = field(repr=False)
    failures: int = 0  # wrong passwords in a row

    @property
    def name(self) -> str:
        """What sentences call it: ``cashier 01``, ``the supervisor``."""
        role = _ROLES.get(self.number)
        return f"the {role}" if role else f"cashier {self.number}"

    @property
    def locked(self) -> bool:
        """Whether its password is no longer asked for."""
        return self.failures >= MOST_FAILURES and self.number != ADMINISTRATOR

    @property
    def unlocked_by(self) -> str:
        """Who unlocks it, and gives it another password."""
        return SUPERVISOR if self.number not in _ROLES else ADMINISTRATOR

    def knows(self, password: str) -> bool:
        """Return whether this is its password."""
        return password_fits(password, self.salt, self.digest)

    def after_failure(self) -> TerminalOperator:
        """Return it after one more wrong password."""
        return replace(self, failures=self.failures + 1)

    def forgiven(self) -> TerminalOperator:
        """Return it with no wrong password."""
        return replace(self, failures=0) if self.failures else self

    @property
    def standing(self) -> str:
        """Return what a wrong password has come to: ``2 tries are left``, or that it is locked."""
        if self.locked:
            return f"it is locked until the {_ROLES[self.unlocked_by]} unlocks it ('operator unlock {self.number}')"
        if self.number == ADMINISTRATOR:
            return "try again"
        left = MOST_FAILURES - self.failures
        return f"{plural(left, 'try is', 'tries are')} left"


def make_operator(number: str, password: str, randbytes: Randbytes) -> TerminalOperator:
    """Return an operator with a password.

    Raises:
        OperatorError: the number or the password has another form.
    """
    if not re.fullmatch("[0-9]{2}", number):
        raise OperatorError(f"'{number}' is no operator; a number has two digits, as in 01")
    salt = randbytes(SALT_BYTES)
    return TerminalOperator(number, salt, hash_password(checked(password), salt))


def checked(password: str) -> str:
    """Return a password that has its form; an error never repeats it. Raises OperatorError."""
    if not re.fullmatch("[0-9]{4}", password):
        raise OperatorError("this is no password of an operator, which has four digits")
    return password


def find_operator(operators: tuple[TerminalOperator, ...], number: str) -> TerminalOperator | None:
    """Return the one with this number."""
    return next((one for one in operators if one.number == number), None)


def no_cashier(operators: tuple[TerminalOperator, ...], logged_on: str) -> str:
    """Return why what needs a cashier cannot be done; "" where one is logged on, or a terminal has no operators."""
    return "no cashier is logged on; log on first ('operator log-on')" if operators and not logged_on else ""


def with_operator(operators: tuple[TerminalOperator, ...], changed: TerminalOperator) -> tuple[TerminalOperator, ...]:
    """Return them with one added, or in place of the one with its number; ascending."""
    others = [one for one in operators if one.number != changed.number]
    return tuple(sorted([*others, changed], key=lambda one: one.number))


def pack_operators(operators: tuple[TerminalOperator, ...]) -> bytes:
    """Return them as bytes, which are to be sealed."""
    return json.dumps([[one.number, one.salt.hex(), one.digest.hex(), one.failures] for one in operators]).encode()


def unpack_operators(packed: bytes) -> tuple[TerminalOperator, ...]:
    """Return what `pack_operators` packed. Raises ValueError, TypeError."""
    rows: Any = parse_json(packed)
    return tuple(
        TerminalOperator(number, bytes.fromhex(salt), bytes.fromhex(digest), failures)
        for number, salt, digest, failures in rows
    )
