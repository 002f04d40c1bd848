"""How replies are put together: each answer of a dialect, worked out once into DE numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from acquirer.host.decision import Made
from acquirer.wire.dialect import Answer, Dialect, Route
from acquirer.wire.message import Value


class Plan:
    """One answer: which DEs are echoed, which are constant, which elements the host makes."""

    __slots__ = ("_constants", "_echo", "_parts", "_whole", "elements")

    def __init__(self, dialect: Dialect, answer: Answer) -> None:
        self.elements = frozenset(answer.make)  # what this answer can carry
        whole: list[tuple[str, int]] = []
        constants: list[tuple[int, Value]] = []
        parts: list[str] = []
        for element in answer.make:
            place = dialect.elements[element]
            if not place.whole or place.as_text:
                parts.append(element)
                continue
            whole.append((element, place.de))
            if element in dialect.constants:
                constants.append((place.de, dialect.constants[element]))
        self._echo = answer.echo
        self._whole = tuple(whole)
        self._constants = tuple(constants)
        self._parts = tuple(parts)

    def fields(self, dialect: Dialect, came: Mapping[int, Value], made: Made) -> dict[int, Value]:
        """The reply's fields: echoed, constant, made; what an answer names and nobody made is left out."""
        out: dict[int, Value] = {de: came[de] for de in self._echo if de in came}
        out.update(self._constants)
        for element, de in self._whole:
            value = made.get(element)
            if value is not None:
                out[de] = value
        for element in self._parts:
            value = made.get(element, dialect.constants.get(element))
            if value is not None:
                dialect.put(out, element, value)
        return out


class Plans:
    """The plans of all answers of a dialect."""

    __slots__ = ("_anyway", "_by_answer")

    def __init__(self, dialect: Dialect) -> None:
        # Answers live as long as their dialect, and hashing one by value would cost more than using it.
        self._by_answer = {id(answer): Plan(dialect, answer) for answer in _answers(dialect.routes)}
        self._anyway = Plan(dialect, dialect.refusal)

    def plan(self, route: Route | None, accepted: bool) -> Plan:
        """The plan of a route's acceptance or refusal; of a bare refusal when there is no route."""
        if route is None:
            return self._anyway
        return self._by_answer[id(route.reply if accepted else route.refusal)]


def _answers(routes: Iterable[Route]) -> Iterable[Answer]:
    for route in routes:
        yield route.reply
        yield route.refusal
