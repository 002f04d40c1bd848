"""What of a condition the journal's indexes answer, and what must be looked at entry by entry.

1. An `ExchangeFilter` names columns with one value each, and bounds. Each exchange fits at most one lookup of a plan.
2. What lookups and `before` answer exactly is not asked again; all else stays in `rest`. Both together mean what the
   condition means.
3. Moments are compared as local times, so one that a clock shows twice, or never, stays in `rest` beside its bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from typing import Final

from acquirer.journal.exchange_filter import ExchangeFilter
from acquirer.matcher.expression import All, Any, Atom, Expression, conjuncts, required

COLUMNS: Final = ("tid", "stan", "code", "service", "reason", "mti", "mark")
"""Columns of a lookup, in the order in which several values of one are looked up one after another."""

MOST_LOOKUPS: Final = 8
"""Values of one column that are looked up one after another; more are compared entry by entry."""


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """How exchanges that fit a condition are found."""

    lookups: tuple[ExchangeFilter, ...] = (ExchangeFilter(),)  # none: no exchange can fit
    before: int | None = None  # only those with a lower number
    rest: Expression = field(default_factory=All)  # what remains to be asked of each

    @property
    def selective(self) -> bool:
        """Whether indexes lead to all of them."""
        return all(lookup.selective for lookup in self.lookups)

    def bounded(self, after: int, before: int | None, since_us: int = 0, until_us: int = 0) -> SearchPlan:
        """Return the same for exchanges between two numbers, both excluded, and between two times."""
        lookups = [
            replace(
                one,
                after=max(one.after, after),
                since_us=max(one.since_us, since_us),
                until_us=min(filter(None, (one.until_us, until_us)), default=0),
            )
            for one in self.lookups
        ]
        return replace(self, lookups=tuple(lookups), before=_lower(self.before, before))


def make_plan(expression: Expression, timezone: tzinfo) -> SearchPlan:
    """Return how exchanges that fit a condition are found.

    >>> from zoneinfo import ZoneInfo
    >>> make_plan(Atom("tid", "equal", "10000161"), ZoneInfo("UTC")).lookups[0].tid
    '10000161'

    Args:
        timezone: in which the condition's moments are local times.
    """
    wanted = {name: values for name in COLUMNS if (values := _values(expression, name)) is not None}
    if not all(wanted.values()):
        return SearchPlan(lookups=())
    chosen = _looked_up(wanted)
    bounds = _Bounds()
    rest = [
        part for part in conjuncts(expression) if not (_is_answered(part, chosen) or bounds.answers(part, timezone))
    ]
    if not bounds.possible:
        return SearchPlan(lookups=())
    first = ExchangeFilter(since_us=bounds.since_us, until_us=bounds.until_us, after=bounds.after)
    lookups = [first]
    for name, values in chosen.items():
        lookups = [replace(one, **{name: value}) for one in lookups for value in sorted(values)]  # type: ignore[arg-type]
    return SearchPlan(tuple(lookups), bounds.before, rest[0] if len(rest) == 1 else All(tuple(rest)))


def _values(expression: Expression, name: str) -> frozenset[str] | None:
    """Return the values that a column may have; None: any, or one that a lookup cannot name."""
    values = required(expression, name)
    return None if values is None or "" in values else values


def _looked_up(wanted: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """Return which values are looked up: those of columns that have one only, and of at most one that has several."""
    chosen = {name: values for name, values in wanted.items() if len(values) == 1}
    if "tid" not in chosen:
        several = (name for name in COLUMNS if 1 < len(wanted.get(name, ())) <= MOST_LOOKUPS)
        if name := next(several, ""):
            chosen[name] = wanted[name]
    return chosen


def _is_answered(part: Expression, chosen: Mapping[str, frozenset[str]]) -> bool:
    """Return whether a part asks no more than that a column has one of the values that are looked up."""
    atoms = part.parts if isinstance(part, Any) else (part,)
    keys = {atom.key if isinstance(atom, Atom) and atom.operator == "equal" else "" for atom in atoms}
    return len(keys) == 1 and not keys.isdisjoint(chosen)


@dataclass(slots=True)
class _Bounds:
    """Bounds on number and time that are read from the parts of a condition."""

    after: int = 0
    before: int | None = None
    since_us: int = 0
    until_us: int = 0
    possible: bool = True

    def answers(self, part: Expression, timezone: tzinfo) -> bool:
        """Take the bounds of a part; return whether they say all that it asks."""
        if not isinstance(part, Atom):
            return False
        if part.key == "id":
            return self._number(part)
        if part.key in ("since", "until") and len(part.operand) > 6:
            return self._moment(part, timezone)
        return False

    def _number(self, part: Atom) -> bool:
        low, high = part.operand, part.high
        if part.operator in ("equal", "range", ">", ">="):
            self.after = max(self.after, int(low) - (part.operator != ">"))
        if part.operator in ("equal", "range", "<", "<="):
            self.before = _lower(self.before, int(high or low) + (part.operator != "<"))
        return part.operator in ("equal", "range", ">", ">=", "<", "<=")

    def _moment(self, part: Atom, timezone: tzinfo) -> bool:
        try:
            moment = datetime.strptime(part.operand, "%Y%m%d%H%M%S").replace(tzinfo=timezone)
            first, second = sorted(int(moment.replace(fold=fold).timestamp()) * 1_000_000 for fold in (0, 1))
        except (ValueError, OverflowError):  # a day of no calendar that a program wrote: compared as text
            return False
        if part.key == "since":
            self.since_us = max(self.since_us, first)
        elif second <= 0:
            self.possible = False
        else:
            self.until_us = min(self.until_us or second, second)
        return first == second


def _lower(one: int | None, other: int | None) -> int | None:
    return one if other is None else other if one is None else min(one, other)
