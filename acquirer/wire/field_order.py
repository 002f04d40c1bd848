"""Whether a frame that does not decode has its fields in another order than that of their numbers.

Tried are two neighbours that were exchanged, and one field that was put in last: some forty short readings.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from acquirer.wire.grammar import Grammar
from acquirer.wire.message import Value
from acquirer.wire.misread import Plausibility, announced_fields, places_of, read_fields

SENSE_LEAST: Final = 100
"""Digits read nearly everywhere, so only an order in which every value is one that is known counts."""


_CHECKED: Final = ("n", "z")
"""Kinds of the fields that are exchanged: text takes any characters, so it would stand anywhere."""


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
        if grammar.fields[order[first]].kind not in _CHECKED or grammar.fields[des[first]].kind not in _CHECKED:
            continue
        _, start, before = places[first]
        fields: dict[int, Value] = dict(before)
        end = read_fields(frame, start, order[first:], grammar, fields)
        if end == len(frame) and plausibility(mti, fields, 0) >= SENSE_LEAST:
            return order[first], des[first]
    return None


def _orders(des: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
    """Yield orders with two neighbours exchanged, or one field put last, and where they begin to differ."""
    for at in range(len(des) - 1):
        yield at, [*des[:at], des[at + 1], des[at], *des[at + 2 :]]
    has_mac = des[-1:] in ([64], [128])  # which stands last all the same
    end = len(des) - has_mac
    for at in range(end - 2):
        yield at, [*des[:at], *des[at + 1 : end], des[at], *des[end:]]
