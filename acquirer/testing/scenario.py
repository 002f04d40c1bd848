"""A scenario of the rules in force, as a test looks at it."""

from __future__ import annotations

from acquirer.testing.host_under_test import RulesUnderTest


class Scenario:
    """One scenario. Each begins in the state `start`, and is one for all terminals of a host."""

    def __init__(self, rules: RulesUnderTest, name: str) -> None:
        self._rules = rules
        self.name = name

    @property
    def state(self) -> str:
        """Return its state. Raises LookupError: no rule in force belongs to it."""
        states = self._rules.states()
        if self.name not in states:
            raise LookupError(f"no rule in force belongs to the scenario '{self.name}'")
        return states[self.name]

    def go(self, state: str) -> None:
        """Bring it to a state.

        Raises:
            LookupError: no rule in force belongs to it.
            RuleError: none of its rules knows the state; HostRefusalError where the host is in another process.
        """
        if self.state != state:
            self._rules.go(self.name, state)
