"""Fields of BCD digits that read, and make sense only once they are filled up on the other side.

An odd number of digits leaves half a byte over. Where it is a digit, the field does not decode; where that digit is a
zero, it decodes with all its digits moved by one, and only what the values mean tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from acquirer.dialect.dialect import Dialect
from acquirer.wire.card_numbers import pan_of_track2, passes_luhn
from acquirer.wire.grammar import Layout
from acquirer.wire.message import Message, Span, Value

_FIRST_SEQUENCES: Final = frozenset(f"{number:03}" for number in range(10))
"""Sequence numbers of cards: hardly any bank issues more than ten cards of one number."""


def other_side(
    dialect: Dialect, message: Message, de: int, spans: Mapping[int | str, Span] | None = None
) -> str | None:
    """Return the digits of a field as they would be if it was filled on the other side; None where none is filled."""
    spec, value = dialect.fields[de], message.fields.get(de)
    if not spec.nibbles or not isinstance(value, str) or len(value) % 2 == 0:
        return None
    start, stop = (spans or dialect.spans(message))[de]
    nibbles = message.raw[start + spec.length_bytes : stop].hex().upper()
    filling, digits = (nibbles[-1], nibbles[:-1]) if spec.pad_left else (nibbles[0], nibbles[1:])
    return digits if filling in "0F" else None


def filling_notes(dialect: Dialect, message: Message, spans: Mapping[int | str, Span]) -> Iterator[str]:
    """Yield a note for each field whose value has a meaning only if it is filled on the other side."""
    for de in message.fields:
        other = other_side(dialect, message, de, spans)
        if other is None or not _means_more(dialect, message, de, other):
            continue
        yield filled_otherwise(dialect, message, de, spans)


def filled_otherwise(dialect: Dialect, message: Message, de: int, spans: Mapping[int | str, Span] | None = None) -> str:
    """Say that a field looks filled on the other side, and what to do."""
    spec, (start, stop) = dialect.fields[de], (spans or dialect.spans(message))[de]
    here, there = ("left", "right") if spec.pad_left else ("right", "left")
    wire = "" if spec.sensitivity or spec.length_bytes else f" ({message.raw[start:stop].hex(' ').upper()})"
    return (
        f"DE {de}{wire} looks filled on the {there}: fill it on the {here}, or say "
        f'[padding] {spec.padding_key} = "{spec.padding_of_other_side}"'
    )


def _means_more(dialect: Dialect, message: Message, de: int, other: str) -> bool:
    """Return whether the digits of the other side have a meaning that those as read have not."""
    value, spec = str(message.fields[de]), dialect.fields[de]
    names = [name for name, at in dialect.elements.items() if at.de == de and at.whole]
    if "pan" in names:
        return passes_luhn(other) and not passes_luhn(value)
    if "track2" in names:
        return value[:1] == "0" and passes_luhn(pan_of_track2(value[1:]))
    if "card_sequence" in names:
        return other in _FIRST_SEQUENCES and value not in _FIRST_SEQUENCES
    if (known := dialect.values.get(spec.values)) is not None:
        return other in known and value not in known
    moved: dict[int, Value] = {**message.fields, de: other}
    after = Message(message.raw, message.mti, moved)
    here, there = dialect.layout(message, de), dialect.layout(after, de)
    if here is not None or there is not None:
        return _has_meaning(dialect, there, other) and not _has_meaning(dialect, here, value)
    return _is_served(dialect, after) and not _is_served(dialect, message)


def _has_meaning(dialect: Dialect, layout: Layout | None, digits: str) -> bool:
    """Return whether each part that has a table of values has one of them."""
    parts = [part for part in layout.parts if part.values] if layout is not None else []
    return bool(parts) and all(digits[part.start : part.stop] in dialect.values[part.values] for part in parts)


def _is_served(dialect: Dialect, message: Message) -> bool:
    route = dialect.route(message)
    return route is not None and route.served
