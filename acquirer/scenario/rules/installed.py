"""One rule that is in force, ready to be asked, with its counts."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

from acquirer.matcher.counted import CountedCondition
from acquirer.matcher.expression import Expression, Predicate, required
from acquirer.scenario.rules.counting import Turns
from acquirer.scenario.rules.rule import Rule


class Installed:
    """One rule that is in force, ready to be asked, with its counts."""

    __slots__ = ("_when", "fits", "of_tid", "passed", "places", "rank", "rule", "uses")

    def __init__(self, rule: Rule, rank: tuple[int, int]) -> None:
        self._when = CountedCondition(rule.when)
        self.rule = rule
        self.rank = rank  # in this order rules are asked
        self.places = tuple(product(_places(rule.when, "tid"), _places(rule.when, "service")))  # None: any
        self.fits: Predicate = self._when.fits
        self.passed = Turns()  # exchanges that fitted, whether it fired or not
        self.uses = Turns()
        self.of_tid: dict[str, Turns] = {}  # only where the answer is drawn for each terminal

    @property
    def counts_passed(self) -> bool:
        """Return whether it matters how many exchanges fitted before."""
        return self._when.counts or self.rule.after > 0

    @property
    def used_up(self) -> bool:
        """Return whether it will not fire again, unless a turn is given back."""
        return self.rule.times is not None and self.uses.first >= self.rule.times

    def fires(self, number: int) -> bool:
        """Return whether it fires for the exchange of this number, from 0, among those that fit."""
        return number >= self.rule.after and self._when.is_meant(number + 1)

    def copied(self) -> Installed:
        """Return the same rule once more, with counts of its own."""
        other = Installed(self.rule, self.rank)
        other.passed, other.uses = self.passed.copied(), self.uses.copied()
        other.of_tid = {tid: turns.copied() for tid, turns in self.of_tid.items()}
        return other

    def replaced(self, rule: Rule) -> Installed:
        """Return another rule in its place: it goes on counting, and is asked in the same turn as before."""
        other = Installed(rule, (rule.priority, self.rank[1]))
        other.passed, other.uses, other.of_tid = self.passed, self.uses, self.of_tid
        return other

    def __lt__(self, other: Installed) -> bool:
        return self.rank < other.rank


def _places(when: Expression, key: str) -> Iterable[str | None]:
    values = required(when, key)
    return (None,) if values is None else sorted(values)
