"""References: ``@lunch`` is the STAN of the step named lunch, ``@lunch.rrn`` its reference number, ``@lunch.de.4`` a
field of its request, ``@last`` the last.

They stand where a text does: as the argument of an operation, or as the value of a condition.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from acquirer.data.toml import did_you_mean
from acquirer.errors import ConfigurationError
from acquirer.journal.mask import showers
from acquirer.matcher.expression import All, Atom, Expression, Not
from acquirer.terminal.exchange import Exchange
from acquirer.terminal.kinds import KINDS
from acquirer.terminal.sales import voucher_number
from acquirer.wire.message import Value

LAST: Final = "last"
"""The last transaction of the step's terminal that moved money: a sale, a void, a refund …"""

TRANSACTIONS: Final = frozenset(kind.service for kind in KINDS.values() if kind.moves_money)

FACTS: Final = ("stan", "rrn", "auth_id", "batch", "date", "voucher")
"""What may be referred to, of a step that was an operation; beside fields of its request, ``de.4``."""

_FIELD: Final = re.compile(r"(.+)\.(de\.[1-9][0-9]{0,2})")

ExchangeFacts = Mapping[str, str]
"""ExchangeFacts of one exchange; those that it does not have are missing."""


class ReferenceProblem(ConfigurationError, ValueError):
    """A reference that leads nowhere; the rest of a sentence that begins with it."""


def split(text: str) -> tuple[str, str]:
    """Return name and fact of a reference.

    >>> split("@first sale.rrn"), split("@last"), split("@first sale.de.4")
    (('first sale', 'rrn'), ('last', 'stan'), ('first sale', 'de.4'))
    """
    if field := _FIELD.fullmatch(text[1:]):
        return field[1], field[2]
    name, dot, fact = text[1:].rpartition(".")
    return (name, fact) if dot and fact in FACTS else (text[1:], "stan")


def is_reference(value: Any) -> bool:
    """Return whether a value refers to a step."""
    return isinstance(value, str) and value.startswith("@")


def references_of(expression: Expression) -> list[str]:
    """Return the references of a condition."""
    if isinstance(expression, Atom):
        return [one for one in (expression.operand,) if is_reference(one)]
    parts = (expression.part,) if isinstance(expression, Not) else expression.parts
    return [one for part in parts for one in references_of(part)]


def problem_of(reference: str, known: Mapping[str, bool]) -> str:
    """Return why a reference cannot be used, as the rest of a sentence; "" when it can.

    Args:
        known: names of the steps before, and whether each is an operation.
    """
    name, _ = split(reference)
    if name == LAST or known.get(name):
        return ""
    if name in known:
        return f"'{reference}' is a step that sends nothing; name one with an operation"
    before, dot, fact = name.rpartition(".")
    if dot and before in {*known, LAST}:
        return f"'{reference}' asks for '{fact}', and a step has {', '.join(FACTS)}, de.N{did_you_mean(fact, FACTS)}"
    hint = did_you_mean(name, {*known, LAST}) or "; give a step before it that name"
    return f"no step before this one has the name '{name}'{hint}"


def resolved(expression: Expression, look_up: Callable[[str], str]) -> Expression:
    """Return a condition with values in place of its references. Raises ReferenceProblem, as `look_up` does."""
    if isinstance(expression, Atom):
        return (
            replace(expression, operand=look_up(expression.operand)) if is_reference(expression.operand) else expression
        )
    if isinstance(expression, Not):
        return Not(resolved(expression.part, look_up))
    parts = tuple(resolved(part, look_up) for part in expression.parts)
    return All(parts) if isinstance(expression, All) else replace(expression, parts=parts)


def facts_of(exchange: Exchange) -> ExchangeFacts:
    """Return what a later step may refer to of an exchange."""
    dialect, reply = exchange.dialect, exchange.reply
    found: dict[str, str | Value | None] = {
        "stan": exchange.stan,
        "batch": dialect.get_from(exchange.request, "batch"),
        "rrn": dialect.text(reply, "rrn") if reply else "",
        "auth_id": dialect.text(reply, "auth_id") if reply else "",
        "date": dialect.text(reply, "date") if reply else "",
        "voucher": voucher_number(dialect, exchange),
    }
    shown = showers(dialect, exchange.mti)
    found |= {f"de.{de}": shown[de](value) for de, value in exchange.request.items()}
    return {name: value for name, value in found.items() if isinstance(value, str) and value}


class KnownFacts:
    """What the steps until now can be referred to by."""

    def __init__(self) -> None:
        self._named: dict[str, ExchangeFacts] = {}
        self._last: dict[int, ExchangeFacts] = {}  # of the last transaction, by terminal

    def note(self, name: str, terminal: int, exchange: Exchange | None) -> None:
        """Note the exchange of a step; its name may be empty."""
        facts = facts_of(exchange) if exchange else {}
        if name:
            self._named[name] = facts
        if exchange and exchange.service in TRANSACTIONS:
            self._last[terminal] = facts

    def value(self, terminal: int, reference: str) -> str:
        """Return what a reference stands for, in a step of this terminal. Raises ReferenceProblem."""
        name, fact = split(reference)
        facts = self._last.get(terminal, {}) if name == LAST else self._named.get(name, {})
        if fact not in facts:
            what = f"it has no {fact}" if facts else "no transaction was sent"
            raise ReferenceProblem(f"{reference} stands for nothing: {what}")
        return facts[fact]
