"""What requests need and how replies are put together: each route of a dialect, worked out once into DE numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from acquirer.dialect.dialect import Dialect, ReplySpec, Route
from acquirer.dialect.readers import Mandatory
from acquirer.wire.elements import WriteElement, make_writer, part_source
from acquirer.wire.message import Value

ENVELOPES_KEPT: Final = 1024
"""Reply envelopes remembered, about 200 bytes each. Any client chooses them: when full, it starts over."""


ElementValues = dict[str, Value]
"""Elements of a reply that the host makes itself; the rest is echoed from the request or constant."""


class ReplyPlan:
    """One answer: which DEs are echoed, which are constant, which elements the host makes."""

    __slots__ = ("_constants", "_echo", "_parts", "_places", "_specs", "_whole", "elements")

    def __init__(self, dialect: Dialect, answer: ReplySpec) -> None:
        self.elements = frozenset(answer.make)  # what this answer can carry
        whole: list[tuple[str, int]] = []
        constants: dict[int, Value] = {}
        parts: list[tuple[str, int, str | None, WriteElement]] = []
        for element in answer.make:
            place = dialect.elements[element]
            constant = dialect.constants.get(element)
            if not place.whole or place.as_text:
                parts.append((element, place.de, constant, make_writer(place, dialect.fields[place.de])))
            elif constant is not None:
                constants[place.de] = constant
            else:
                whole.append((element, place.de))
        self._places, self._specs = dialect.elements, dialect.fields
        self._echo = answer.echo
        self._whole = tuple(whole)
        self._constants = constants
        self._parts = tuple(parts)

    def fields(self, request_fields: Mapping[int, Value], values: ElementValues) -> dict[int, Value]:
        """Return the reply's fields: echoed, constant, of the host; what an answer names and has no value is left out.

        Args:
            values: elements that the host makes; what the answer does not name is not used.
        """
        out = {de: request_fields[de] for de in self._echo if de in request_fields}
        out.update(self._constants)
        for element, de in self._whole:
            if element in values:
                out[de] = values[element]
        for element, _, constant, write in self._parts:
            value = values.get(element, constant)
            if value is not None:
                write(out, value)
        return out

    def statements(
        self, des: Collection[int], values: Mapping[str, str], names: dict[str, Any]
    ) -> tuple[list[str], dict[int, str]]:
        """Return Python source that does the same for requests that carry exactly `des`.

        It makes ``reply``; a field of the request is ``f11``. Beside it stands an expression for each field of the
        reply, once that is there.

        Args:
            values: an expression for each element that the host has a value for.
            names: what the source uses is added to it.
        """
        out = {de: f"f{de}" for de in self._echo if de in des}
        for de, value in self._constants.items():
            out[de] = f"constant{de}"
            names[out[de]] = value
        for element, de in self._whole:
            if element in values:
                out[de] = values[element]
        lines = [f"reply = {{{', '.join([f'{de}: {value}' for de, value in out.items()])}}}"]
        for element, de, constant, write in self._parts:
            if element in values or constant is not None:
                value = values.get(element, repr(constant))
                source = part_source(self._places[element], self._specs[de], "reply", value) if de in out else []
                if not source:
                    names[f"write_{element}"] = write
                    source = [f"write_{element}(reply, {value})"]
                lines += source
                out[de] = f"reply[{de}]"
        return lines, out


class MessagePlans:
    """The plans of all routes of a dialect: what requests must carry, what answers do carry."""

    __slots__ = ("_anyway", "_by_answer", "_dialect", "_envelope_bytes", "_envelopes", "_mandatory", "_replies")

    def __init__(self, dialect: Dialect) -> None:
        # Routes and answers live as long as their dialect; hashing one by value would cost more than using it.
        self._mandatory = {id(route): Mandatory(dialect, route) for route in dialect.routes}
        self._by_answer = {id(answer): ReplyPlan(dialect, answer) for answer in _answers(dialect.routes)}
        self._dialect = dialect
        self._envelope_bytes = dialect.grammar.envelope_bytes
        self._envelopes: dict[tuple[bytes, int], bytes] = {}
        self._replies: dict[str, str] = {}  # four digits: 10 000 at most
        self._anyway = ReplyPlan(dialect, dialect.refusal)

    def mandatory(self, route: Route) -> Mandatory:
        """Return what messages of a route must carry."""
        return self._mandatory[id(route)]

    def envelope(self, frame: bytes, nibble: int) -> bytes:
        """Return what stands before the reply to a frame: one for all frames of a terminal. Raises EncodeError."""
        key = frame[: self._envelope_bytes], nibble
        found = self._envelopes.get(key)
        if found is None:
            if len(self._envelopes) >= ENVELOPES_KEPT:
                self._envelopes.clear()
            dialect = self._dialect
            found = self._envelopes[key] = dialect.whole_envelope(*dialect.reply_envelope(frame, nibble))
        return found

    def reply_mti(self, mti: str) -> str:
        """Return the MTI of the reply to a request."""
        found = self._replies.get(mti)
        if found is None:
            found = self._replies[mti] = self._dialect.response_mti(mti)
        return found

    def plan(self, route: Route | None, accepted: bool) -> ReplyPlan:
        """Return the plan of a route's acceptance or refusal; of a bare refusal when there is no route."""
        if route is None:
            return self._anyway
        return self._by_answer[id(route.reply if accepted else route.refusal)]


def _answers(routes: Iterable[Route]) -> Iterable[ReplySpec]:
    for route in routes:
        yield route.reply
        yield route.refusal
