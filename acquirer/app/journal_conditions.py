"""Conditions about a journal that say nothing: what no exchange can ever fit, and what is misspelt.

To wait for it would be in vain, and that it never happened would be no finding.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from acquirer.matcher.expression import ALWAYS, Expression
from acquirer.matcher.filter_text import parse_filter
from acquirer.matcher.keys import JOURNAL_KEYS, ConditionError
from acquirer.matcher.when import from_mapping
from acquirer.scenario.possible import impossible, named_values
from acquirer.settings.shipped_words import CHECKED, misspelt, services


def read_condition(written: str | Mapping[str, Any] | None) -> Expression:
    """Return a condition as a filter or a table says it; without either, what always holds. Raises ConditionError."""
    if written is None:
        return ALWAYS
    if isinstance(written, str):
        return checked_condition(parse_filter(written, JOURNAL_KEYS))
    return checked_condition(from_mapping(written, JOURNAL_KEYS))


def checked_condition(condition: Expression) -> Expression:
    """Return a condition that says something. Raises ConditionError."""
    refuse_impossible(condition)
    refuse_misspelt(condition)
    return condition


def refuse_impossible(condition: Expression) -> None:
    """Refuse a condition that no exchange can ever fit. Raises ConditionError."""
    for key, problem in impossible(condition, ()):
        raise ConditionError(key, problem)


def refuse_misspelt(condition: Expression) -> None:
    """Refuse a service, reason or delivery that is spelled almost like one that there is. Raises ConditionError.

    Any other may be of a dialect that does not ship.
    """
    for key in CHECKED:
        for value in sorted(named_values(condition, key)):
            if problem := misspelt(key, value):
                raise ConditionError(key, problem)


def refuse_unserved(condition: Expression, served: Collection[str]) -> None:
    """Refuse a service that a host of these services cannot have journalled. Raises ConditionError."""
    for value in sorted(named_values(condition, "service") - {""}):
        if value not in served and value not in services():
            known = ", ".join(sorted(served))
            raise ConditionError("service", f"this host journals no service '{value}'; it has {known}")
