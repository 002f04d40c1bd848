"""The rules of a running host, which a test adds and removes while it serves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from acquirer.app.serve import Running
from acquirer.scenario.rules import Rule, Rules
from acquirer.scenario.rules.reading import make_rule
from acquirer.testing.background import Background

Written = Rule | Mapping[str, Any]
"""A rule, or a dictionary with the keys of a ``[[rule]]`` table."""


class RunningRules:
    """Rules in force. Each change is made between two exchanges, and returns the generation of those that follow."""

    def __init__(self, background: Background[Running]) -> None:
        self._background = background

    def add(self, *rules: Written) -> int:
        """Put rules in force, all at once.

        Raises:
            DataError: a rule cannot be used; names the key.
            RuleError: a rule has the name of another one.
        """
        read = [rule if isinstance(rule, Rule) else make_rule(rule, self._dialects) for rule in rules]
        return self._background.call(lambda: self._rules.add(*read))

    def remove(self, *names: str) -> int:
        """Take rules out of force. Raises RuleError: there is none of this name."""
        return self._background.call(lambda: self._rules.remove(*names))

    @contextmanager
    def added(self, *rules: Written) -> Iterator[int]:
        """Put rules in force for the time of a ``with`` block."""
        read = [rule if isinstance(rule, Rule) else make_rule(rule, self._dialects) for rule in rules]
        generation = self.add(*read)
        try:
            yield generation
        finally:
            self.remove(*(rule.name for rule in read))

    def clear(self) -> int:
        """Take all rules out of force, and bring every scenario back to its start."""
        return self._background.call(lambda: self._rules.clear())

    def used(self) -> Mapping[str, int]:
        """Return how often each rule in force has fired, by its name."""
        return self._background.call(lambda: self._rules.used())

    def states(self) -> Mapping[str, str]:
        """Return the state of each scenario, by its name."""
        return self._background.call(lambda: self._rules.states())

    def go(self, scenario: str, state: str) -> int:
        """Bring a scenario to a state."""
        return self._background.call(lambda: self._rules.go(scenario, state))

    @property
    def _rules(self) -> Rules:
        return self._background.value.parts.rules

    @property
    def _dialects(self) -> tuple[Any, ...]:
        return self._background.value.parts.dialects
