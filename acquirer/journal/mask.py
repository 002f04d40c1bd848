"""How each field of a message is masked before it is written: decided once per dialect and MTI, from its layouts.

What may be sensitive in any layout that fits the MTI is hidden, because looking closer costs more: tracks,
PIN blocks and keys keep their length, sensitive tags of TLV data their place, a card number first 6 + last 4.

Elsewhere a card number stands by mistake. Where it is looked for depends on what the place says of its digits:

1. Numbers of terminals, merchants and transactions (`vocabulary.IDENTIFIERS`), digits of a fixed size up to that of an
   amount or of a date with its time, and binary data of a fixed size, as MACs are, are written as they are.
2. Other digits, and letters and digits of a fixed size, are masked where the whole is the number of a card that an
   issuer gives out (`wire.card_numbers.is_issued`); where they end within a part of their layout, or have none, also
   where a piece of them is one.
3. All other fields are free text, or bytes that may be anything (`wire.card_numbers`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Final

from acquirer.dialect.dialect import Dialect
from acquirer.dialect.vocabulary import identifying_fields
from acquirer.wire.card_numbers import PAN_DIGITS, card_number_bytes, card_number_half_bytes, may_hold_card_numbers
from acquirer.wire.charsets import display, is_mostly_text
from acquirer.wire.elements import has_form
from acquirer.wire.grammar import FieldSpec, Layout, Part
from acquirer.wire.masking import (
    as_text,
    hidden,
    mac_text,
    mask_bytes,
    mask_card_numbers,
    mask_digits,
    readable,
    shower_of,
)
from acquirer.wire.message import Span, Value
from acquirer.wire.tlv import EMV_SENSITIVITY, TLV_KINDS, TlvError, parse_tlv, walk

Shower = Callable[[Value], str]

_MOST: Final = 256
"""Dialects times MTIs of one process; a test that makes hundreds of dialects must not keep them all."""

IMAGE: Final = "signature"
"""The layout of a signature's image: kept elsewhere, by its digest, and of no use to eyes as hexadecimal digits."""

_known: dict[tuple[Dialect, str], Mapping[int, Shower]] = {}


def showers(dialect: Dialect, mti: str) -> Mapping[int, Shower]:
    """Return what shows the fields of a message of this MTI, by DE; an unknown MTI may be any of the dialect's own."""
    key = (dialect, mti if mti in dialect.mtis else "")
    found = _known.get(key)
    if found is None:
        if len(_known) >= _MOST:
            _known.clear()
        found = _known[key] = _showers(dialect, key[1])
    return found


def _showers(dialect: Dialect, mti: str) -> Mapping[int, Shower]:
    identified = identifying_fields(dialect.elements)
    shown_by = {de: _in_charset(_shower(spec, mti, identified), spec) for de, spec in dialect.fields.items()}
    return shown_by | _macs(dialect)


def _in_charset(shower: Shower, spec: FieldSpec) -> Shower:
    """Return the same for a field whose text reads in another character set than GBK."""
    if spec.shown_as == "gbk" or shower not in (readable, _free, _text, _digits):
        return shower
    return partial(_other_charset, shower=shower, shown_as=spec.shown_as, displayed_in=spec.displayed_in)


def _other_charset(value: Value, shower: Shower, shown_as: str, displayed_in: str) -> str:
    if isinstance(value, bytes) or value.isascii() or not is_mostly_text(value, shown_as):
        return shower(value)
    return mask_card_numbers(display(value, displayed_in))


def _macs(dialect: Dialect) -> dict[int, Shower]:
    return {de: _mac for de in dialect.mac_des if dialect.fields[de].kind == "b"}


def _mac(value: Value) -> str:
    return mac_text(value) if isinstance(value, bytes) else readable(value)


def _shower(spec: FieldSpec, mti: str, identified: frozenset[int]) -> Shower:
    if spec.sensitivity:
        return shower_of(spec.sensitivity)
    layouts = [layout for layout in spec.layouts if not (mti and layout.mti) or mti in layout.mti]
    if any(layout.kind == "key-package" for layout in layouts):
        return hidden
    if any(layout.name == IMAGE for layout in layouts):
        return _image
    telling = [layout for layout in layouts if any(part.fixed or part.counts for part in layout.parts)]
    tagged = [layout for layout in layouts if layout.kind in TLV_KINDS]
    if tagged and (not telling or any(map(_is_sensitive, tagged))):  # else a text of another form may stand there
        return partial(_tags, layouts=tagged)
    if parts := [part for layout in layouts for part in layout.parts if part.sensitivity]:
        return partial(_parts, parts=parts)
    if spec.de in identified or (spec.kind == "n" and not spec.length_bytes and not spec.holds_long_digits):
        return readable
    if spec.maximum < (PAN_DIGITS[0] // 2 if spec.kind == "b" else PAN_DIGITS[0]):
        return readable
    if spec.kind in ("n", "h") and spec.length_bytes:
        return partial(_divided_digits, parts=[part for layout in layouts for part in layout.parts])
    if spec.kind in ("n", "h") or (spec.kind in ("a", "an") and not spec.length_bytes):
        return _digits
    if spec.kind == "b" and not spec.length_bytes:
        return readable
    if any(layout.kind in ("parts", "text") for layout in layouts):
        return partial(_text, layouts=telling) if telling else _text
    return _free


def _is_sensitive(layout: Layout) -> bool:
    """Return whether data with tags must be taken apart to be shown: its table has sensitive ones, or there is none."""
    return not layout.tags or any(tag.sensitivity for tag in layout.tags.values())


def shows_text(shower: Shower) -> bool:
    """Return whether printable ASCII is shown as it is."""
    if isinstance(shower, partial):
        return shower.func is _other_charset and shower.keywords["shower"] is readable
    return shower is readable


def shows_short_text(shower: Shower) -> bool:
    """Return whether printable ASCII is shown as it is that has fewer characters than a card number."""
    if isinstance(shower, partial):
        return shower.func in (_divided_digits, _text, _other_charset)
    return shower in (readable, _free, _digits, _text)


def shows_other_text(shower: Shower) -> bool:
    """Return whether printable ASCII is shown as it is in which there can be no card number."""
    if isinstance(shower, partial):
        return shower.func is _text
    return shower in (_free, _text)


def shown_alike(one: Shower, other: Shower) -> bool:
    """Return whether two fields that hold the same are always shown alike."""
    if isinstance(one, partial) and isinstance(other, partial):
        return (one.func, one.args, one.keywords) == (other.func, other.args, other.keywords)
    return one is other


def before_failure(
    frame: bytes, spans: Mapping[int | str, Span], fields: Mapping[int, Value], dialect: Dialect, mti: str
) -> str:
    """Return the bytes of a frame that were decoded, in hex: stars for each field of which anything is hidden.

    Nothing where the MTI is none the dialect knows, because then it is unknown what the bytes around it are.
    """
    if not spans or not (dialect.request_mti_known(mti) or dialect.is_response(mti)):
        return ""
    digits = list(frame[: max(stop for _, stop in spans.values())].hex().upper())
    known = showers(dialect, mti)
    for de, value in fields.items():
        if known[de](value) not in (readable(value), value.decode("latin-1") if isinstance(value, bytes) else value):
            start, stop = spans[de]
            start += dialect.fields[de].length_bytes
            digits[2 * start : 2 * stop] = "*" * (2 * (stop - start))
    return "".join(digits)


def _free(value: Value) -> str:
    if isinstance(value, bytes):
        return mask_bytes(value)
    text = as_text(value)
    return mask_bytes(value.encode("latin-1", "replace")) if text is None else mask_card_numbers(text)


def _digits(value: Value) -> str:
    if isinstance(value, bytes):
        return mask_bytes(value)
    text = value if value.isascii() and value.isprintable() else readable(value)
    return text if len(value) < PAN_DIGITS[0] else mask_digits(text)


def _divided_digits(value: Value, parts: Sequence[Part]) -> str:
    """Return digits that a layout divides; by chance one such field in seven looks as if a card number was inside."""
    masked, size = _digits(value), len(value)
    if any(size == part.stop or (part.stop is None and size > part.start) for part in parts):
        return masked
    return mask_card_numbers(masked, issued=True)


def _image(value: Value) -> str:
    """Return an image as its length and digest; text, which other messages have in its place, as it reads."""
    if isinstance(value, str) or as_text(value.decode("latin-1")) is not None:
        return _text(value)
    return f"[{len(value)} bytes, SHA-256 {hashlib.sha256(value).hexdigest()}]"


def _text(value: Value, layouts: Sequence[Layout] = ()) -> str:
    """Return a binary field that may hold text as that text: free, unless its form shows that a layout divides it."""
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    if text.isprintable() and not may_hold_card_numbers(text):
        return text
    for layout in layouts:
        if has_form(text, layout.parts):
            ends = [part.stop or len(text) for part in layout.parts]
            counted = next((part.stop or len(text) for part in layout.parts if part.counts), len(text))
            cuts = [text[start:stop] for start, stop in pairwise([0, *[end for end in ends if end <= counted]])]
            rest = text[counted:]  # one text for who sent it, however it is divided here
            return readable("".join([mask_digits(cut) for cut in cuts]) + mask_card_numbers(rest, issued=True))
    return _free(text)


def _parts(value: Value, parts: list[Part]) -> str:
    text = value.hex().upper() if isinstance(value, bytes) else value
    for part in parts:
        cut = text[part.start : part.stop]
        text = text[: part.start] + "*" * len(cut) + text[part.start + len(cut) :]
    return readable(text)


def _tags(value: Value, layouts: list[Layout]) -> str:
    """Return TLV data, binary as hex, with a star for each hidden character; what cannot be parsed is hidden too."""
    text, data = (value, value.encode("latin-1", "replace")) if isinstance(value, str) else (value.hex().upper(), value)
    per_byte = len(text) // len(data) if data else 1
    shown_ = list(text)
    for layout in layouts:
        try:
            objects, end = parse_tlv(data, layout.kind, layout.tags_start), len(data)
        except TlvError as exc:
            objects, end = exc.before, exc.before[-1].stop if exc.before else layout.tags_start
        for one in walk(objects):
            tag = layout.tags.get(one.tag)
            start, stop = per_byte * one.value_start, per_byte * one.stop
            if EMV_SENSITIVITY.get(one.tag) or (tag and tag.sensitivity):
                shown_[start:stop] = "*" * (stop - start)
            elif tag is None or tag.format.startswith("a"):
                issued = tag is not None and not tag.format.startswith("ans")
                for at in _card_digits(one.value, per_byte, issued):
                    shown_[start + at] = "*"
            elif tag.format.startswith("n"):
                shown_[start:stop] = mask_digits(text[start:stop])
        shown_[per_byte * end :] = "*" * (len(shown_) - per_byte * end)
    return readable("".join(shown_))


def _card_digits(value: bytes, per_byte: int, issued: bool) -> set[int]:
    """Return which characters of a value, of which each byte is shown as so many, are of card numbers."""
    return (card_number_bytes if per_byte == 1 else card_number_half_bytes)(value, issued=issued)
