"""Whether a frame that does not decode has its fields in another order than that of their numbers.

One field that stands elsewhere is looked for: two that were exchanged, or one that was put in last. Every place is
tried, and the order that makes the most sense is named; the work is that of a few hundred short readings.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from acquirer.wire.grammar import Grammar
from acquirer.wire.message import Value
from acquirer.wire.misread import Plausibility, announced_fields, places_of, read_fields

SENSE_LEAST = 100
"""Digits read nearly everywhere, so only an order in which every value is one that is known counts."""


def find_order(frame: bytes, grammar: Grammar, plausibility: Plausibility) -> tuple[int, int] | None:
    """Return a field that stands before another one of a lower number, and that one; None when no order explains it."""
    head = announced_fields(frame, grammar)
    if head is None:
        return None
    mti, des, at = head
    places = list(places_of(frame, at, des, grammar))
    for first, order in _orders(des):
        if first >= len(places):  # what stands before it does not read either
            continue
        _, start, before = places[first]
        fields: dict[int, Value] = dict(before)
        end = read_fields(frame, start, order[first:], grammar, fields)
        if end == len(frame) and plausibility(mti, fields, 0) >= SENSE_LEAST:
            return order[first], des[first]
    return None


def _orders(des: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
    """Yield orders in which one field stands elsewhere, near places first, and where they begin to differ."""
    for distance in range(1, len(des)):
        for first in range(len(des) - distance):
            last = first + distance
            yield first, [*des[:first], des[last], *des[first:last], *des[last + 1 :]]
            if distance > 1:
                yield first, [*des[:first], *des[first + 1 : last + 1], des[first], *des[last + 1 :]]
                exchanged = list(des)
                exchanged[first], exchanged[last] = des[last], des[first]
                yield first, exchanged
