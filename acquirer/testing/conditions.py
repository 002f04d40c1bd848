"""Conditions as tests write them, and the part of a journal that a test looks at."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from acquirer.app.journal_conditions import checked_condition, refuse_unserved
from acquirer.app.journal_queries import CommitWaiter, JournalChanges
from acquirer.journal.entry import Entry
from acquirer.journal.verification import Waiter
from acquirer.matcher.expression import (
    Atom,
    Expression,
    conjunction,
    conjuncts,
    disjunction,
    keys_of,
    value_text,
)
from acquirer.matcher.filter_text import parse_filter
from acquirer.matcher.keys import JOURNAL_KEYS, KEYS, field_place
from acquirer.matcher.when import from_mapping

Condition = str | Mapping[str, Any] | None
"""A service, a filter, or a table of conditions."""

_FILTER: Final = frozenset("=~<>!&|()")
_FIELDS: Final = {"amount_minor": "amount", "pan_masked": "pan"}
"""Fields of an entry that a key stands for; others are compared as they are."""


@dataclass(frozen=True, slots=True)
class JournalScope:
    """Which exchanges of a journal are looked at, and how more of them are waited for.

    Args:
        tids: returns their terminals; none: all. A condition that names a terminal itself goes before it.
        older: returns whether such a terminal may have exchanges that are not to be looked at.
        after: the number of the last one of them.
        found: is given what was found to fit.
        served: services that the host may have journalled; none: any.
    """

    tids: Callable[[], Sequence[str]] = tuple
    older: Callable[[], bool] = bool
    after: int = 0
    make_waiter: Callable[[JournalChanges], Waiter] = CommitWaiter
    found: Callable[[Sequence[Entry]], object] = tuple
    served: Collection[str] = ()

    def of(self, condition: Expression) -> Expression:
        """Return a condition narrowed to the terminals. Raises ConditionError: the host has no such service."""
        if self.served:
            refuse_unserved(condition, self.served)
        tids = self.tids()
        if not tids or _names_terminals(condition):
            return condition
        return conjunction([disjunction([Atom("tid", "equal", tid) for tid in tids]), condition])

    def after_of(self, condition: Expression) -> int:
        """Return the number after which exchanges are looked at."""
        return self.after if self.older() or _names_terminals(condition) else 0

    def of_all(self, condition: Expression) -> Expression:
        """Return a condition narrowed to the terminals and numbers."""
        after = self.after_of(condition)
        later = [Atom("id", ">", str(after))] if after else []
        return conjunction([*later, self.of(condition)])


EVERYTHING: Final = JournalScope()


def condition_and_fields(service: Condition, when: Mapping[str, Any]) -> tuple[Expression, dict[str, Any]]:
    """Return the condition, and what fields of an entry must be that no key stands for.

    Raises:
        ConditionError: a key cannot be used, nothing can ever fit, or a service is misspelt.
        TypeError: there is no such key.
    """
    parts: list[Expression] = []
    if isinstance(service, str):
        parts.append(
            parse_filter(service, JOURNAL_KEYS) if _FILTER.intersection(service) else Atom("service", "equal", service)
        )
    elif service is not None:
        parts.append(from_mapping(service, JOURNAL_KEYS))
    keys: dict[str, Any] = {}
    exactly: dict[str, Any] = {}
    for name, value in when.items():
        if name in KEYS or field_place(name) is not None:
            keys[name] = value
        elif name not in _ENTRY_FIELDS:
            raise TypeError(f"an exchange has no '{name}'; it has {', '.join(JOURNAL_KEYS)}, de.N")
        elif name in _FIELDS:
            keys[_FIELDS[name]] = "" if value in (None, "") else f"={value_text(_FIELDS[name], value)}"
        else:
            exactly[name] = value
    return checked_condition(conjunction([*parts, from_mapping(keys, JOURNAL_KEYS)])), exactly


def _names_terminals(condition: Expression) -> bool:
    return any("tid" in keys_of(part) for part in conjuncts(condition))


def condition_of(service: Condition, when: Mapping[str, Any]) -> Expression:
    """Return a condition of keys.

    Raises:
        TypeError: there is no such key, or a field of an entry is named for which there is none.
    """
    condition, exactly = condition_and_fields(service, when)
    if exactly:
        raise TypeError(f"'{next(iter(exactly))}' is no key of a condition; keys are {', '.join(JOURNAL_KEYS)}, de.N")
    return condition


_ENTRY_FIELDS: Final = frozenset(one.name for one in fields(Entry))


def is_exactly(entry: Entry, exactly: Mapping[str, Any]) -> bool:
    return all(getattr(entry, name) == value for name, value in exactly.items())
