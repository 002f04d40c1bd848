"""Which field explains a frame that does not decode as a message of its dialect."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Final

from acquirer.data.text import plural
from acquirer.dialect.dialect import Dialect
from acquirer.inspect.moment_forms import moment_form, right_form
from acquirer.wire.field_order import SENSE_LEAST, find_order
from acquirer.wire.masking import as_text
from acquirer.wire.message import DecodeError, Message, Value
from acquirer.wire.misread import Misread, find_misread
from acquirer.wire.notation import ALPHABETS
from acquirer.wire.tlv import TLV_KINDS, TlvError, parse_tlv


def field_cause(dialect: Dialect, frame: bytes, failure: DecodeError) -> str:
    """Return which field is written otherwise than it should be, how, and what to do; "" when no form explains it."""
    rest = frame[failure.position :] if failure.field == "end" else b""
    if len(set(rest)) == 1 and (filling := _FILLINGS.get(rest[:1])):
        return f"what is left over are {filling} that fill the message up: leave them out, only the MAB is filled up"
    if between := _filled_before_mac(dialect, frame, failure, len(rest)):
        return between
    until = failure.field if isinstance(failure.field, int) else max(dialect.fields)
    return _sentence(dialect, _found(dialect, frame, until)) or _other_order(dialect, frame)


def _other_order(dialect: Dialect, frame: bytes) -> str:
    """Return that fields stand in another order than that of their numbers; "" when no order explains the frame."""
    found = find_order(frame, dialect.grammar, partial(_plausibility, dialect))
    if found is None:
        return ""
    early, late = found
    return (
        f"the fields look out of order: it reads with DE {early} before DE {late}; send them in the order of their "
        "numbers, the lowest first"
    )


def _filled_before_mac(dialect: Dialect, frame: bytes, failure: DecodeError, size: int) -> str:
    """Return that the message is filled up before its MAC, which then seems to have too many bytes; else ""."""
    mac = dialect.elements.get("mac")
    if not size or mac is None or mac.de not in failure.fields:
        return ""
    start = failure.position - dialect.mac_width
    filling = _FILLINGS.get(frame[start : start + 1])
    if filling is None or len(set(frame[start : start + size])) != 1:
        return ""
    return (
        f"{filling} stand before DE {mac.de}, {plural(size, 'byte')}, that fill up what its MAC covers: leave them out "
        "of the message, only the MAB is filled up"
    )


def makes_sense(dialect: Dialect, frame: bytes) -> bool:
    """Return whether a frame is a whole message in which every value is one that is known."""
    try:
        message = dialect.decode(frame)
    except DecodeError:
        return False
    return _plausibility(dialect, message.mti, message.fields, 0) >= SENSE_LEAST


def short_field_cause(dialect: Dialect, frame: bytes, last: int) -> str:
    """Return which field before the `last`, or which other form of that, explains that a frame ends too early."""
    found = _found(dialect, frame, last)
    of_last = [one.de for one in found] == [last]
    return "" if of_last and not found[0].words.startswith(_OF_FORM) else _sentence(dialect, found)


_FILLINGS: Final = {b"\0": "zeros", b" ": "blanks", b"\xff": "bytes FF"}
_OF_FORM: Final = ("it is sent", "it is packed")
"""What is said of the last field; that it is too short is said anyway where a frame ends too early."""

_NAMED_MOST: Final = 4
"""Fields that are spoken of one by one where bytes alone do not tell which it is."""


def _found(dialect: Dialect, frame: bytes, until: int) -> list[Misread]:
    return find_misread(frame, dialect.grammar, partial(_plausibility, dialect), until)


def _sentence(dialect: Dialect, found: list[Misread]) -> str:
    if not found:
        return ""
    if len(found) > _NAMED_MOST:
        numbers = ", ".join(str(one.de) for one in found)
        return f"one of DE {numbers} is the cause: its size is not that of its format; send each in its full size"
    if len(found) == 1 and (of_moment := _other_moment(dialect, found[0])):
        return of_moment
    names = " or ".join(f"DE {one.de}{_shown(dialect, one)}" for one in found)
    causes = found[0].words if len(found) == 1 else "; ".join(f"DE {one.de}: {one.words}" for one in found)
    remedies = "; ".join(dict.fromkeys(_remedy(dialect, one) for one in found))
    return f"{names} is the cause: {causes}; {remedies}"


def _other_moment(dialect: Dialect, found: Misread) -> str:
    """Return in which form a date or time is written, where that is the cause; else ""."""
    spec = dialect.fields[found.de]
    digits = found.wire.hex() if spec.nibbles else found.wire.decode(spec.charset)
    form = moment_form(dialect, found.de, digits)
    if not form or spec.length_bytes or len(digits) == spec.maximum:
        return ""
    right, off = right_form(dialect, found.de), "long" if len(digits) > spec.maximum else "short"
    return (
        f"DE {found.de} is most likely the cause: it looks like {form}, {found.words.removeprefix('it ')}; send "
        f"{right}; else a field before it is too {off}"
    )


def _remedy(dialect: Dialect, found: Misread) -> str:
    """Return what to do; of a MAC that travels as text only so many characters are sent."""
    mac = dialect.elements.get("mac")
    if mac is not None and found.de == mac.de and not found.remedy.startswith("set bit"):
        return f"send the first {dialect.security.mac_bytes} characters or bytes of the result, as the dialect says"
    pin = dialect.elements.get("pin_block")
    if pin is not None and found.de == pin.de and f"it has {2 * dialect.fields[pin.de].maximum} bytes" in found.words:
        return (
            f"{found.remedy}: of PIN blocks under SM4 or AES none fits here, so use keys for 3DES, or another dialect"
        )
    return found.remedy


def _shown(dialect: Dialect, found: Misread) -> str:
    """Return how a field stands on the wire, if it is short and may be seen."""
    spec = dialect.fields[found.de]
    if spec.sensitivity or spec.length_bytes or not 0 < len(found.wire) <= _SHOWN_MOST:
        return ""
    return f" ({found.wire.hex(' ').upper()})"


_SHOWN_MOST: Final = 3  # bytes: an entry mode, a sequence number


def _plausibility(dialect: Dialect, mti: str, fields: Mapping[int, Value], other: int) -> int:
    """Return how much sense fields make, more with values that are known; 0 where they make no message.

    Args:
        other: the field that is read in another form: its value may be none that is known.
    """
    message = Message(b"", mti, dict(fields))
    if not all(de == other or _looks_right(dialect, message, de, value) for de, value in fields.items()):
        return 0
    if _impossible(dialect, message, _DATES, other) or not _is_whole(dialect, message):
        return 0
    values = [(dialect.values.get(dialect.fields[de].values), value) for de, value in fields.items()]
    unknown = sum(known is not None and value not in known for known, value in values)
    entry = _entry_is_known(dialect, message)
    form = moment_form(dialect, other, fields.get(other))
    decides = (_DECIDES - _LESS * form.endswith("nn")) * (bool(form) and entry)
    return max(1, 100 + decides - unknown - (not entry) - _impossible(dialect, message, _MOMENTS, other))


def _entry_is_known(dialect: Dialect, message: Message) -> bool:
    """Return whether the parts of the entry mode are some that have a meaning: chance seldom leaves them so."""
    if "entry_mode" not in dialect.elements:
        return True
    de = dialect.elements["entry_mode"].de
    value, layout = message.fields.get(de), dialect.layout(message, de)
    if layout is None or not isinstance(value, str):
        return True
    known = [(dialect.values.get(part.values), value[part.start : part.stop]) for part in layout.parts]
    return all(values is None or text in values for values, text in known)


_DECIDES: Final = 50
"""How much more sense a date or time of another size makes than any other field of another size, where it leaves an
entry mode that is known."""

_LESS: Final = 10
"""How much less of it where hundredths of a second are left, which any digits are."""


def _impossible(dialect: Dialect, message: Message, moments: Mapping[str, re.Pattern[str]], other: int) -> int:
    """Return how many elements are no moments, but for those of the field that is read in another form."""
    return sum(
        not part.fullmatch(dialect.text(message, name))
        for name, part in moments.items()
        if name in dialect.elements and dialect.elements[name].de != other
    )


def _is_whole(dialect: Dialect, message: Message) -> bool:
    """Return whether this is a message that is served and whole, or a reply with a code."""
    if dialect.is_response(message.mti, message.fields):
        return "code" not in dialect.elements or bool(dialect.get(message, "code"))
    route = dialect.route(message)
    return route is not None and route.served and dialect.missing(message, route) is None


_DATES: Final = {
    "date": re.compile("(?:(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]))?"),
    "settlement_date": re.compile("(?:(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]))?"),
    "expiry": re.compile("(?:[0-9]{2}(?:0[1-9]|1[0-2]))?"),
}


_MOMENTS: Final = {
    "sent": re.compile("(?:(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:[01][0-9]|2[0-3])[0-5][0-9][0-5][0-9])?"),
    "time": re.compile("(?:[0-9]{6})?(?:(?:[01][0-9]|2[0-3])[0-5][0-9][0-5][0-9])?"),
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
