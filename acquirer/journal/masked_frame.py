"""Frames made again of what the journal shows of a message: not what was on the wire, but what a dissector can read.

1. What is hidden becomes zeros of the same length: tracks, PIN blocks, keys, images, and digits that are stars.
2. The MAC becomes zeros too: it would be wrong.
3. TPDU and head are the dialect's. A field that cannot be encoded again is left out, and named.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from acquirer.dialect.dialect import Dialect
from acquirer.wire.grammar import FieldSpec
from acquirer.wire.masking import as_text
from acquirer.wire.message import EncodeError, Value

_HIDDEN: Final = re.compile(r"\[([0-9]+) (?:bytes?|characters?)(?: hidden|, SHA-256 [0-9a-f]+)\]")
_HEX: Final = re.compile(r"(?:[0-9A-Fa-f]{2})*")
_BLANKS: Final = {"a": "X", "ans": "*", "as": "*", "ns": "*"}
"""What stands for a star, by the kind of the field; else a zero."""


def masked_frame(fields: Mapping[str, str], mti: str, dialect: Dialect) -> tuple[bytes, list[int]]:
    """Return a frame without its length, and the fields that are left out.

    Raises:
        EncodeError: not even the message type can be encoded.
    """
    macs = dialect.mac_des
    values: dict[int, Value] = {}
    left_out: list[int] = []
    for de, shown in sorted((int(de), shown) for de, shown in fields.items()):
        spec = dialect.fields.get(de)
        value = None if spec is None else blank_value(spec, shown) if de in macs else shown_value(spec, shown)
        if value is None:
            left_out.append(de)
        else:
            values[de] = value
    while True:
        try:
            return dialect.encode(mti, values), sorted(left_out)
        except EncodeError as exc:
            if exc.field not in values:
                raise
            del values[int(exc.field)]
            left_out.append(int(exc.field))


def masked_start(digits: str) -> bytes:
    """Return the bytes before a failure, of which hidden half bytes are stars."""
    return bytes.fromhex(digits.replace("*", "0"))


def is_hidden(shown: str) -> bool:
    """Return whether the journal hides a value, or something of it."""
    return "*" in shown or _HIDDEN.fullmatch(shown) is not None


def blank_value(spec: FieldSpec, shown: str) -> Value:
    """Return zeros as long as a value is."""
    if spec.kind != "b":
        return "0" * len(shown)
    return bytes(len(shown) // 2 if spec.length_bytes else spec.maximum)


def shown_value(spec: FieldSpec, shown: str) -> Value | None:
    """Return a value as it was, with zeros for what is hidden of it; None where that cannot be known."""
    if hidden := _HIDDEN.fullmatch(shown):
        size = int(hidden[1])
        return bytes(size) if spec.kind == "b" else "0" * size
    if spec.kind == "b":
        return _bytes(spec, shown)
    return _as_bytes(shown.replace("*", _BLANKS.get(spec.kind, "0")), spec)


def _bytes(spec: FieldSpec, shown: str) -> bytes | None:
    """Return binary data, which is shown as hexadecimal digits, or as the text that it is."""
    digits = shown.replace("*", "0")
    data = bytes.fromhex(digits) if _HEX.fullmatch(digits) else None
    if not any(layout.kind in ("parts", "text") for layout in spec.layouts):
        return data
    if data is not None and as_text(data.decode("latin-1")) is None:
        return data
    text = _as_bytes(shown, spec)
    return None if text is None else text.encode("latin-1")


def _as_bytes(text: str, spec: FieldSpec) -> str | None:
    """Return the characters as messages hold them: each stands for a byte."""
    for charset in ("ascii", spec.shown_as, "gbk"):
        try:
            return text.encode(charset).decode("latin-1")
        except UnicodeEncodeError:
            continue
    return None
