"""What is counted of rules: turns that may be given back, and the states of scenarios."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush
from itertools import count

from acquirer.scenario.rules.rule import START


class Turns:
    """Numbers from 0 that exchanges take, and may give back."""

    __slots__ = ("_back", "_next", "kept")

    def __init__(self) -> None:
        self._next = 0
        self._back: list[int] = []
        self.kept = 0  # numbers that were taken for good

    def copied(self) -> Turns:
        """Return the same numbers once more."""
        other = Turns()
        other._next, other._back, other.kept = self._next, [*self._back], self.kept
        return other

    @property
    def first(self) -> int:
        """Return the number that is taken next."""
        return self._back[0] if self._back else self._next

    def take(self) -> int:
        """Take the lowest free number."""
        if self._back:
            return heappop(self._back)
        self._next += 1
        return self._next - 1

    def give_back(self, number: int) -> None:
        """Free a number that was taken."""
        heappush(self._back, number)


class Scenarios:
    """The state of each scenario."""

    __slots__ = ("_moves", "_number", "_states")

    def __init__(self) -> None:
        self._states: dict[str, str] = {}
        self._moves: dict[str, int] = {}
        self._number = count(1)

    def copied(self) -> Scenarios:
        """Return the same states once more."""
        other = Scenarios()
        other._states, other._moves = dict(self._states), dict(self._moves)
        return other

    def state(self, name: str) -> str:
        """Return the state of a scenario."""
        return self._states.get(name, START)

    def go(self, name: str, state: str) -> tuple[str, int]:
        """Go to another state; return what `go_back` needs."""
        before, move = self.state(name), next(self._number)
        self._states[name], self._moves[name] = state, move
        return before, move

    def go_back(self, name: str, before: str, move: int) -> None:
        """Return to the state before a move, unless the scenario has moved since."""
        if self._moves.get(name) == move:
            self._states[name] = before

    def as_dict(self, names: Iterable[str]) -> dict[str, str]:
        """Return the states of these scenarios."""
        return {name: self.state(name) for name in names}
