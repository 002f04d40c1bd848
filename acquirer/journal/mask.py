"""How each field of a message is masked before it is written: decided once per dialect and MTI, from its layouts.

What may be sensitive in any layout that fits the MTI is hidden, because looking closer costs more: tracks,
PIN blocks and keys keep their length, sensitive tags of TLV data their place, a card number first 6 + last 4.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from acquirer.dialect.dialect import Dialect
from acquirer.wire.elements import has_form
from acquirer.wire.grammar import FieldSpec, Layout, Part
from acquirer.wire.masking import as_text, card_number_digits, hidden, mac_text, mask_card_numbers, readable, shown
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
        found = _known[key] = {de: _shower(spec, key[1]) for de, spec in dialect.fields.items()} | _macs(dialect)
    return found


def _macs(dialect: Dialect) -> dict[int, Shower]:
    places = [dialect.elements[name].de for name in ("mac", "mac_secondary") if name in dialect.elements]
    return {de: _mac for de in places if dialect.fields[de].kind == "b"}


def _mac(value: Value) -> str:
    return mac_text(value) if isinstance(value, bytes) else readable(value)


def _shower(spec: FieldSpec, mti: str) -> Shower:
    if spec.sensitivity:
        return partial(shown, sensitivity=spec.sensitivity)
    layouts = [layout for layout in spec.layouts if not (mti and layout.mti) or mti in layout.mti]
    if any(layout.kind == "key-package" for layout in layouts):
        return hidden
    if any(layout.name == IMAGE for layout in layouts):
        return _image
    if tagged := [layout for layout in layouts if layout.kind in TLV_KINDS]:
        return partial(_tags, layouts=tagged)
    if parts := [part for layout in layouts for part in layout.parts if part.sensitivity]:
        return partial(_parts, parts=parts)
    # Digits of fixed and of numeric fields are numbers of another kind (a merchant, an original transaction), and one
    # in ten passes the Luhn check by chance: only free text is searched for card numbers.
    if ".." in spec.format and spec.kind != "n":
        if any(layout.kind in ("parts", "text") for layout in layouts):
            telling = [layout for layout in layouts if any(part.fixed or part.counts for part in layout.parts)]
            return partial(_text, layouts=telling) if telling else _text
        return _free
    return readable


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
    return mask_card_numbers(readable(value))


def _image(value: Value) -> str:
    """Return an image as its length and digest; text, which other messages have in its place, as it reads."""
    if isinstance(value, str) or as_text(value.decode("latin-1")) is not None:
        return _text(value)
    return f"[{len(value)} bytes, SHA-256 {hashlib.sha256(value).hexdigest()}]"


def _text(value: Value, layouts: Sequence[Layout] = ()) -> str:
    """Return a binary field that may hold text as that text: free, unless its form shows that a layout divides it."""
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    divided = layouts and any(has_form(text, layout.parts) for layout in layouts)
    return readable(text) if divided else _free(text)


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
            objects, end = parse_tlv(data, layout.kind), len(data)
        except TlvError as exc:
            objects, end = exc.before, exc.before[-1].stop if exc.before else 0
        for one in walk(objects):
            tag = layout.tags.get(one.tag)
            start, stop = per_byte * one.value_start, per_byte * one.stop
            if EMV_SENSITIVITY.get(one.tag) or (tag and tag.sensitivity):
                shown_[start:stop] = "*" * (stop - start)
            elif tag is None or tag.format.startswith("a"):
                for at in _card_digits(one.value, text[start:stop], per_byte):
                    shown_[start + at] = "*"
        shown_[per_byte * end :] = "*" * (len(shown_) - per_byte * end)
    return readable("".join(shown_))


def _card_digits(value: bytes, text: str, per_byte: int) -> set[int]:
    """Return where in `text`, the shown form of `value`, digits of a card number are, packed or as characters."""
    characters = card_number_digits(value.decode("latin-1"))
    packed = card_number_digits(text.rstrip("F")) if per_byte == 2 else []
    return {*packed, *(per_byte * at + half for at in characters for half in range(per_byte))}
