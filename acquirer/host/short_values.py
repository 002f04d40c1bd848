"""Values in generated ways: expressions for the elements of a request, for what is known of an exchange, and its route.

What a way consists of beside what all ways do is `WayParts`; `short_way` puts ways together.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Final, NamedTuple

from acquirer.dialect.dialect import Dialect, Route
from acquirer.journal.entry import RECORD
from acquirer.model.evidence import ExchangeRecord
from acquirer.model.reasons import Reason
from acquirer.wire.codec import NOT_FAST
from acquirer.wire.message import Message, Value

KEPT: Final = 256
"""Values of elements that are remembered to take a route."""

ANY_MTI: Final = "0810"
"""Of a message that is encoded to see whether it can be."""

STEP: Final = "yield"
"""Between two steps of a way."""


class WayParts(NamedTuple):
    """Source that the way of a route consists of, beside what all ways do."""

    checks: list[str]
    """Finds what is unusual about request, ``terminal`` and ``session``."""
    decides: list[str]
    """Makes ``after`` (where ``only_stan``, the stored session), ``why``, ``notes`` and ``transaction``, in steps."""
    elements: dict[str, str]
    """An expression for each element of the reply that the host makes."""
    seals: list[str]
    """Makes the ``frame`` of the ``reply``."""
    facts: Mapping[str, str] = MappingProxyType({})
    """Expressions for what is known of the exchange beside what is known of all."""
    mac: bool = False
    """Whether the reply has a MAC, whose field comes last; ``no_mac`` is what stands there until it is made."""


class Routed:
    """Says whether a message takes a route, and remembers for which values of the elements that decide it does."""

    __slots__ = ("_dialect", "_route", "known")

    def __init__(self, dialect: Dialect, route: Route) -> None:
        self._dialect = dialect
        self._route = route
        self.known: set[tuple[str, ...]] = set()
        """Values with which messages are known to take it."""

    def __call__(self, message: Message, values: tuple[str, ...]) -> bool:
        if self._dialect.route(message) is not self._route:
            return False
        if len(self.known) < KEPT:
            self.known.add(values)
        return True


_FACTS: Final[Mapping[str, str]] = {
    **{name: name for name in ("at_us", "peer", "tid", "mid", "batch", "stan", "rrn", "why", "notes", "operator")},
    "reason": repr(str(Reason.APPROVED)),
    "frame_bytes": "len(message.raw)",
    "took_us": "took_us",
    "generation": "rules.generation.number",
}
"""Expressions for what is known of an ordinary exchange; all else is as where nothing is said."""


def record_values(**texts: str) -> dict[str, str]:
    """Return an expression for each field of an `ExchangeRecord`, as facts have it.

    Args:
        texts: those that are the same in all exchanges of a kind.
    """
    empty = zip([column.name for column in RECORD.columns], RECORD.pack(ExchangeRecord(0)), strict=True)
    return {name: repr(texts[name]) if name in texts else _FACTS.get(name, repr(value)) for name, value in empty}


def element_text(dialect: Dialect, element: str, des: Collection[int]) -> str:
    """Return the expression for an element of a message with these fields, whose value is what its reader returns."""
    place = dialect.elements.get(element)
    if place is None or place.de not in des:
        return "''"
    if dialect.fields[place.de].kind == "b" or place.after or (place.stop is None and not place.whole):
        return f"read.{element}(fields)"
    field = f"f{place.de}"
    if place.whole:
        return field
    return f"({field}[{place.start}:{place.stop}] if len({field}) >= {place.stop} else '')"


def sound_constants(dialect: Dialect, constants: Mapping[int, Value]) -> dict[int, Value]:
    """Return those values of fields that are texts, and can be encoded: what replies need not look at each time."""
    from acquirer.wire.fast import make_encoder  # only what sees many messages needs it

    sound: dict[int, Value] = {}
    for de, value in constants.items():
        if isinstance(value, str):
            with suppress(*NOT_FAST):
                make_encoder(dialect.grammar, [de])(b"", ANY_MTI, {de: value})
                sound[de] = value
    return sound
