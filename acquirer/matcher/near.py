"""Near misses: which subjects came closest to a condition that none fits, and in what they differ.

They are ordered by the number of keys that do not fit, then by how far the values are from those that were wanted, then
as they were given, the later first. One line tells one of them, the same in every place where it is shown::

    nearest: #12 0400 reversal  stan: wanted 000003, was 000004 ≠   everything else fits
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import nsmallest
from typing import Final, NamedTuple

from acquirer.data.text import printable
from acquirer.matcher.expression import (
    All,
    Any,
    Atom,
    Expression,
    Not,
    compiled,
    conjuncts,
    keys_of,
    value_text,
)
from acquirer.matcher.filter_text import as_filter
from acquirer.matcher.keys import Subject
from acquirer.matcher.when import written
from acquirer.wire.masking import mask_card_numbers

MOST: Final = 3
"""Near misses that are shown: more are not read."""

_COMPARED: Final = 64
"""Characters of values that are compared; the price of a distance is the product of two lengths."""

_SHOWN: Final = 60


class NearMiss(NamedTuple):
    """One subject that came near."""

    subject: Subject
    failed: tuple[str, ...]  # "stan: wanted 000003, was 000004 ≠"
    fits: int  # how many of the other keys fit
    distance: int

    def __str__(self) -> str:
        rest = "everything else fits" if self.fits else "nothing fits"
        return f"nearest: {label(self.subject)}  {'; '.join(self.failed)}   {rest}"


def near_misses(expression: Expression, subjects: Iterable[Subject], most: int = MOST) -> list[NearMiss]:
    """Return those that come nearest to an expression without fitting it, the nearest first."""
    parts = [(part, compiled(part)) for part in conjuncts(expression)]
    found: list[tuple[int, int, int, NearMiss]] = []
    for place, subject in enumerate(subjects):
        failed = [part for part, fits in parts if not fits(subject)]
        if not failed:
            continue
        distance = sum(_distance(part, subject) for part in failed)
        miss = NearMiss(
            subject, tuple(_difference(part, subject) for part in failed), len(parts) - len(failed), distance
        )
        found.append((len(failed), distance, -place, miss))
    return [entry[3] for entry in nsmallest(most, found, key=lambda entry: entry[:3])]


def label(subject: Subject) -> str:
    """Return how a subject is named: its number in the journal where it has one, message type, service."""
    number = subject.value("id")
    words = (f"#{number}" if number else "", str(subject.value("mti")), str(subject.value("service")))
    return " ".join(word for word in words if word)


def edit_distance(left: str, right: str) -> int:
    """Return how many characters must be added, removed or changed to make one text of another (Levenshtein).

    >>> edit_distance("000003", "000004"), edit_distance("", "00"), edit_distance("sale", "sales")
    (1, 2, 1)
    """
    left, right = left[:_COMPARED], right[:_COMPARED]
    before = list(range(len(right) + 1))
    for i, one in enumerate(left, 1):
        row = [i]
        for j, other in enumerate(right, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (one != other)))
        before = row
    return before[-1]


def _distance(part: Expression, subject: Subject) -> int:
    """Return how far the values are from an expression that they do not fit; at least 1."""
    if isinstance(part, Atom):
        value = _value(part.key, subject)
        wanted = [text for text in (part.operand, part.high) if text] or [""]
        return max(1, min(edit_distance(value, text) for text in wanted))
    if isinstance(part, Not):
        return 1
    distances = [_distance(one, subject) for one in part.parts]
    return min(distances) if isinstance(part, Any) else sum(distances)


def _difference(part: Expression, subject: Subject) -> str:
    keys = sorted(keys_of(part))
    values = ", ".join(_shown(_value(key, subject)) for key in keys)
    if len(keys) == 1:
        return f"{keys[0]}: wanted {wanted_words(part)}, was {values} ≠"
    return f"{', '.join(keys)}: wanted {mask_card_numbers(as_filter(part))}, was {values} ≠"


def wanted_words(part: Expression) -> str:
    """Return what an expression of one key asks of its value, in words, masked.

    >>> wanted_words(Not(Atom("amount", ">", "10.00")))
    'not above 10.00'
    """
    if isinstance(part, Atom):
        return mask_card_numbers(written(part) if part.key in ("since", "until") else part.wanted)
    if isinstance(part, Not):
        return f"not {wanted_words(part.part)}"
    word = " or " if isinstance(part, Any) else " and "
    return word.join(
        wanted_words(one) if not isinstance(one, All | Any) else f"({wanted_words(one)})" for one in part.parts
    )


def _value(key: str, subject: Subject) -> str:
    if key in ("since", "until"):
        return str(subject.value("moment"))
    return value_text(key, subject.value(key))


def _shown(value: str) -> str:
    if not value:
        return "absent"
    text = printable(mask_card_numbers(value))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
