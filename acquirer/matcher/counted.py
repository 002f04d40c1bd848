"""Conditions that count: `nth` says which of the exchanges that fit everything else is meant, from 1."""

from __future__ import annotations

from typing import Final

from acquirer.matcher.expression import Expression, Predicate, compiled, conjunction, conjuncts, keys_of
from acquirer.matcher.keys import OneValue

COUNTED: Final = "nth"


class CountedCondition:
    """A condition in two parts: what an exchange is, and which one it is among those that are so."""

    __slots__ = ("_nth", "fits")

    def __init__(self, expression: Expression) -> None:
        parts = conjuncts(expression)
        counted = [part for part in parts if COUNTED in keys_of(part)]
        self.fits: Predicate = compiled(conjunction(part for part in parts if part not in counted))
        self._nth: Predicate | None = compiled(conjunction(counted)) if counted else None

    @property
    def counts(self) -> bool:
        """Return whether it asks for a number."""
        return self._nth is not None

    def is_meant(self, number: int) -> bool:
        """Return whether the exchange of this number, from 1, among those that fit everything else is meant."""
        return self._nth is None or self._nth(OneValue(number))


def counted_problem(expression: Expression) -> str:
    """Return why a condition cannot count, as the rest of a sentence that begins with `nth`; "" when it can."""
    if any(COUNTED in keys_of(part) and len(keys_of(part)) > 1 for part in conjuncts(expression)):
        return "counts what fits everything else; it cannot be an alternative to another key"
    return ""
