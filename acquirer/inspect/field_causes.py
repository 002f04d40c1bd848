"""Which field explains a frame that does not decode as a message of its dialect."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from acquirer.dialect.dialect import Dialect
from acquirer.wire.masking import as_text
from acquirer.wire.message import DecodeError, Message, Value
from acquirer.wire.misread import Misread, find_misread
from acquirer.wire.notation import ALPHABETS
from acquirer.wire.tlv import TLV_KINDS, TlvError, parse_tlv


def field_cause(dialect: Dialect, frame: bytes, failure: DecodeError) -> str:
    """Return which field is written otherwise than it should be, how, and what to do; "" when no form explains it."""
    until = failure.field if isinstance(failure.field, int) else max(dialect.fields)
    found = find_misread(frame, dialect.grammar, lambda mti, fields: _is_plausible(dialect, mti, fields), until)
    if not found:
        return ""
    names = " or ".join(f"DE {one.de}{_shown(dialect, one)}" for one in found)
    causes = found[0].words if len(found) == 1 else "; ".join(f"DE {one.de}: {one.words}" for one in found)
    remedies = "; ".join(dict.fromkeys(_remedy(dialect, one) for one in found))
    return f"{names} is the cause: {causes}; {remedies}"


def _remedy(dialect: Dialect, found: Misread) -> str:
    """Return what to do; of a MAC that travels as text only so many characters are sent."""
    mac = dialect.elements.get("mac")
    if mac is not None and found.de == mac.de:
        return f"send the first {dialect.security.mac_bytes} characters or bytes of the result, as the dialect says"
    return found.remedy


def _shown(dialect: Dialect, found: Misread) -> str:
    """Return how a field stands on the wire, if it is short and may be seen."""
    spec = dialect.fields[found.de]
    if spec.sensitivity or spec.length_bytes or not 0 < len(found.wire) <= _SHOWN_MOST:
        return ""
    return f" ({found.wire.hex(' ').upper()})"


_SHOWN_MOST: Final = 3  # bytes: an entry mode, a sequence number


def _is_plausible(dialect: Dialect, mti: str, fields: Mapping[int, Value]) -> bool:
    """Return whether fields make a message: one that is served and whole, or a reply with a code."""
    message = Message(b"", mti, dict(fields))
    if not all(_looks_right(dialect, message, de, value) for de, value in fields.items()):
        return False
    if not all(part.fullmatch(dialect.text(message, name)) for name, part in _DATES.items()):
        return False
    if dialect.is_response(mti, fields):
        return "code" not in dialect.elements or bool(dialect.get(message, "code"))
    route = dialect.route(message)
    return route is not None and route.served and dialect.missing(message, route) is None


_DATES: Final = {
    "date": re.compile("(?:(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]))?"),
    "settlement_date": re.compile("(?:(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]))?"),
    "expiry": re.compile("(?:[0-9]{2}(?:0[1-9]|1[0-2]))?"),
}


def _looks_right(dialect: Dialect, message: Message, de: int, value: Value) -> bool:
    """Return whether a value is text where text belongs, one that has a meaning where all have, data objects whole."""
    spec, layout = dialect.fields[de], dialect.layout(message, de)
    if layout is not None and layout.kind in TLV_KINDS and isinstance(value, bytes):
        try:
            parse_tlv(value, layout.kind)
        except TlvError:
            return False
    if isinstance(value, bytes):
        return True
    if spec.kind not in ALPHABETS and as_text(value) is None:
        return False
    known = dialect.values.get(spec.values)
    return known is None or spec.kind in ALPHABETS or value in known
