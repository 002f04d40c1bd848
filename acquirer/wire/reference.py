"""The reference codec: pyiso8583 and the rules it does not have. It alone explains what is wrong with a message.

1. A value holds only the characters of its class (`notation.ALPHABETS`).
2. Where terminals differ, several filling nibbles are accepted; the dialect's first one is sent.
3. A length in text is made of digits and nothing else.
4. A bit of a field that the dialect does not define, or of a bitmap that it does not have, is an error.

Slow (14–25 µs a message) and thorough; `fast` handles messages that are right.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NoReturn

import iso8583

from acquirer.data.text import plural
from acquirer.wire.filling import filling_problem
from acquirer.wire.grammar import CHARSETS, FieldSpec, Grammar
from acquirer.wire.message import DecodeError, EncodeError, Span, Value
from acquirer.wire.notation import ALPHABETS, NIBBLES

DecodedFields = tuple[str, dict[int, Value], dict[int | str, Span]]

_HEXADECIMAL = re.compile("[0-9A-Fa-f]*")

_NAMES: dict[str, int | str] = {"t": "mti", "p": "bitmap", "1": 1}

# pyiso8583's messages, reworded so that a terminal developer knows what to look at.
_SENTENCES = (
    (
        r"Field length is (\d+) bytes wide, expecting (\d+)",
        "the frame ends inside the length: {0} of {1} bytes",
    ),
    (r"Failed to decode field length.*", "the length is not made of digits"),
    (r"Field data is (\d+) (\w+), larger than maximum (\d+)", "the length says {0} {1}, the field has {2} at most"),
    (r"Field data is (\d+) (\w+), expecting (\d+)", "{2} {1} are needed, {0} are there"),
    (r"Failed to encode field.*", "holds a character that cannot be sent"),
)

# No frame is as long: pyiso8583 then reports a field that the dialect does not define where it would begin.
_UNDEFINED = {"data_enc": "b", "len_enc": "b", "len_type": 0, "max_len": 1 << 30, "desc": "not defined"}


class ReferenceCodec:
    """Encodes and decodes by one grammar; made once, shared by all."""

    def __init__(self, grammar: Grammar) -> None:
        self.grammar = grammar
        bitmap = "b" if grammar.bitmap_encoding == "binary" else grammar.bitmap_charset
        head: dict[str, Any] = {"len_enc": "b", "len_type": 0, "desc": ""}
        self._spec: dict[str, dict[str, Any]] = {str(de): _UNDEFINED for de in range(2, 129)} | {
            "h": {"data_enc": "b", "max_len": 0, **head},
            "t": {"data_enc": "b" if grammar.mti_encoding == "bcd" else grammar.mti_charset, "max_len": 4, **head},
            "p": {"data_enc": bitmap, "max_len": grammar.bitmap_bytes, **head},
            "1": {"data_enc": bitmap, "max_len": grammar.bitmap_bytes, **head},
            **{str(de): _pyiso8583(field) for de, field in grammar.fields.items()},
        }

    # decoding

    def decode(self, frame: bytes) -> DecodedFields:
        """Return MTI, fields and spans of a frame. Raises DecodeError."""
        start = self.grammar.envelope_bytes
        if len(frame) < start:
            problem = f"{plural(len(frame), 'byte is', 'bytes are')} fewer than TPDU and head have ({start})"
            raise DecodeError(problem, field="envelope", position=len(frame), mti=None, fields={})
        mti = self._mti(frame)
        self._check_bitmaps(frame, mti)
        body = bytearray(frame[start:])
        while True:
            try:
                texts, parts = iso8583.decode(body, self._spec)
            except iso8583.DecodeError as exc:
                if self._settle_pad(body, exc):
                    continue
                self._fail(frame, mti, exc)
            fields, spans = self._read(mti, texts, parts)
            return mti, fields, spans

    def _mti(self, frame: bytes) -> str:
        grammar = self.grammar
        start = grammar.envelope_bytes
        wire = frame[start : start + grammar.mti_bytes]
        text = wire.hex() if grammar.mti_encoding == "bcd" else wire.decode(grammar.mti_charset)
        if len(text) == 4 and text.isdecimal():
            return text
        problem = "is not made of four digits" if len(text) == 4 else "the frame ends before or inside the MTI"
        raise DecodeError(problem, field="mti", position=start, mti=None, fields={})

    def _check_bitmaps(self, frame: bytes, mti: str) -> None:
        """Refuse what pyiso8583 would read as further bitmaps (bit 1 of a 64-field dialect, 65 of any), or take for
        hexadecimal digits though it is not."""
        grammar = self.grammar
        size = grammar.bitmap_bytes
        at = grammar.envelope_bytes + grammar.mti_bytes
        for bit, allowed, nth in ((1, grammar.secondary, "second"), (65, False, "third")):
            bitmap = frame[at : at + size]
            if grammar.bitmap_encoding != "binary":
                bad = _first_bad(_HEXADECIMAL, bitmap.decode(grammar.bitmap_charset))
                if bad is not None:
                    problem = "is not made of hexadecimal digits"
                    raise DecodeError(problem, field="bitmap", position=at + bad, mti=mti, fields={})
            if len(bitmap) < size or not first_bit(bitmap, grammar):
                return
            if not allowed:
                problem = f"bit {bit} is set, but this dialect has no {nth} bitmap"
                raise DecodeError(problem, field=bit, position=at, mti=mti, fields={})
            at += size

    def _settle_pad(self, body: bytearray, exc: iso8583.DecodeError) -> bool:
        """Replace a filling nibble that the dialect accepts by the only one that pyiso8583 knows; return whether."""
        field = self.grammar.fields.get(int(exc.field)) if exc.field.isdecimal() else None
        count = _one_too_many(exc)
        if field is None or not count:
            return False
        at = exc.pos if field.pad_left else exc.pos + count // 2
        high, low = divmod(body[at], 16)
        if f"{high if field.pad_left else low:X}" not in field.pads:
            return False
        pad = int(field.pads[0], 16)
        body[at] = (pad << 4 | low) if field.pad_left else (high << 4 | pad)
        return True

    def _read(
        self, mti: str, texts: Mapping[str, str], parts: Mapping[str, Any]
    ) -> tuple[dict[int, Value], dict[int | str, Span]]:
        """Return values and spans of what pyiso8583 has read, each checked against its alphabet."""
        grammar = self.grammar
        at = grammar.envelope_bytes + grammar.mti_bytes
        bitmaps = sum(len(parts[key]["data"]) for key in ("p", "1") if key in parts)
        spans: dict[int | str, Span] = {"mti": (grammar.envelope_bytes, at), "bitmap": (at, at + bitmaps)}
        fields: dict[int, Value] = {}
        at += bitmaps
        for key, text in texts.items():
            if not key.isdecimal() or key == "1":
                continue
            field = grammar.fields[int(key)]
            length, data = parts[key]["len"], parts[key]["data"]
            if misread := _misread(field, length, text):
                position = at + (0 if misread[0] is None else len(length) + _offset(field, misread[0]))
                raise DecodeError(misread[1], field=field.de, position=position, mti=mti, fields=fields, spans=spans)
            fields[field.de] = _value(field, text)
            spans[field.de] = (at, at + len(length) + len(data))
            at += len(length) + len(data)
        return fields, spans

    def _fail(self, frame: bytes, mti: str, exc: iso8583.DecodeError) -> NoReturn:
        """Raise what pyiso8583 found, unless a field before it is wrong already."""
        position = exc.pos + self.grammar.envelope_bytes
        name: int | str
        if exc.msg.startswith("Extra data"):
            before, name = exc.doc_dec, "end"
            problem = f"{len(frame) - position} bytes are left over after the last field"
        else:
            before = {key: text for key, text in exc.doc_dec.items() if key != exc.field}
            name = _NAMES.get(exc.field) or int(exc.field)
            problem = self._explain(exc, name, frame)
        fields, spans = self._read(mti, before, exc.doc_enc)
        raise DecodeError(problem, field=name, position=position, mti=mti, fields=fields, spans=spans) from None

    def _explain(self, exc: iso8583.DecodeError, name: int | str, frame: bytes) -> str:
        if not isinstance(name, int) or name == 1:
            return _say(exc.msg)
        if not (field := self.grammar.fields.get(name)):
            return f"bit {name} is set, but this dialect has no such field"
        bad_length = _bad_length(field, exc.doc_enc[exc.field]["len"])
        return bad_length or self._filling(field, frame, exc) or _say(exc.msg)

    def _filling(self, field: FieldSpec, frame: bytes, exc: iso8583.DecodeError) -> str:
        """Return what stands where an odd number of digits is filled up; "" if that is not what is wrong."""
        count = _one_too_many(exc)
        if not count:
            return ""
        at = exc.pos + self.grammar.envelope_bytes
        nibbles = frame[at : at + (count + 1) // 2].hex().upper()
        digits, filling = (nibbles[1:], nibbles[0]) if field.pad_left else (nibbles[:-1], nibbles[-1])
        alphabet = ALPHABETS.get(field.kind)
        if filling in "0F" and alphabet and _first_bad(alphabet, digits) is not None:
            return f"holds a character that no '{field.kind}' field has"  # which other padding does not mend
        return filling_problem(field, filling)

    # encoding

    def encode(self, envelope: bytes, mti: str, fields: Mapping[int, Value]) -> bytes:
        """Return a frame. Raises EncodeError; leaves `fields` as they are."""
        if len(mti) != 4 or not (mti.isascii() and mti.isdecimal()):
            raise EncodeError("must be four digits", field="mti")
        texts = {"t": mti}
        for de, value in fields.items():
            if de not in self.grammar.fields:
                raise EncodeError("this dialect has no such field", field=de)
            texts[str(de)] = _text(self.grammar.fields[de], value)
        try:
            body, _ = iso8583.encode(texts, self._spec)
        except iso8583.EncodeError as exc:
            raise EncodeError(_say(exc.msg), field=int(exc.field)) from None
        return envelope + bytes(body)


def _pyiso8583(field: FieldSpec) -> dict[str, Any]:
    """Return one field as pyiso8583 wants it described."""
    binary = field.encoding == "binary" or field.encoding == "bcd"
    return {
        "data_enc": "b" if binary else field.charset,
        "len_enc": {"binary": "b", "bcd": "bcd"}.get(field.length_encoding) or CHARSETS[field.length_encoding],
        "len_type": field.length_bytes,
        "len_count": "nibbles" if field.nibbles else "bytes",
        "max_len": field.wire_maximum,
        "left_pad" if field.pad_left else "right_pad": field.pads[:1],
        "desc": field.name.en,
    }


def first_bit(bitmap: bytes, grammar: Grammar) -> bool:
    if not bitmap:
        return False
    return bitmap[0] >= 0x80 if grammar.bitmap_encoding == "binary" else bitmap[:1].decode(grammar.bitmap_charset) > "7"


def _misread(field: FieldSpec, length: bytes, text: str) -> tuple[int | None, str] | None:
    """Return what pyiso8583 accepts and we refuse: the offending character of the value (None: the length), and why."""
    if bad_length := _bad_length(field, length):
        return None, bad_length
    if field.kind == "b" and field.encoding != "binary":
        bad = _first_bad(_HEXADECIMAL, text)
        if bad is None and len(text) % 2:
            return len(text), "has an odd number of hexadecimal digits"
        return None if bad is None else (bad, "is not made of hexadecimal digits")
    if field.kind == "x+n" and field.encoding == "bcd":
        text = _signed(field, text)
    alphabet = ALPHABETS.get(field.kind)
    bad = _first_bad(alphabet, text) if alphabet else None
    return None if bad is None else (bad, f"holds a character that no '{field.kind}' field has")


def _bad_length(field: FieldSpec, length: bytes) -> str:
    charset = CHARSETS.get(field.length_encoding)
    return "the length is not made of digits" if charset and length and not length.decode(charset).isdecimal() else ""


def _first_bad(alphabet: re.Pattern[str], text: str) -> int | None:
    good = alphabet.match(text)
    end = good.end() if good else 0
    return None if end == len(text) else end


def _offset(field: FieldSpec, character: int) -> int:
    """Return bytes from the start of the data to a character of the value."""
    if field.encoding != "bcd":
        return character
    if field.kind == "x+n":
        return (character + 1 + field.maximum % 2) // 2
    return (character + (field.pad_left and field.maximum % 2)) // 2


def _signed(field: FieldSpec, hexadecimal: str) -> str:
    """Return an `x+n` value from its bytes: a character, then BCD."""
    return bytes.fromhex(hexadecimal[:2]).decode(field.charset) + hexadecimal[2:][-field.maximum :]


def _value(field: FieldSpec, text: str) -> Value:
    if field.kind == "b":
        return bytes.fromhex(text)
    return _signed(field, text) if field.kind == "x+n" and field.encoding == "bcd" else text


def _text(field: FieldSpec, value: Value) -> str:
    """Return a value as pyiso8583 takes it, refused when it is not what its class holds."""
    if field.kind == "b":
        if not isinstance(value, bytes):
            raise EncodeError("must be bytes", field=field.de)
        return value.hex().upper()
    if not isinstance(value, str):
        raise EncodeError("must be text", field=field.de)
    alphabet = NIBBLES if field.nibbles and field.kind == "z" else ALPHABETS.get(field.kind)
    if alphabet and _first_bad(alphabet, value) is not None:
        raise EncodeError(f"holds a character that no '{field.kind}' field has", field=field.de)
    if field.kind == "x+n":
        if len(value) != 1 + field.maximum:
            raise EncodeError(f"must be C or D and {field.maximum} digits", field=field.de)
        if field.encoding == "bcd":
            return value[:1].encode(field.charset).hex() + "0" * (field.maximum % 2) + value[1:]
    return value


def _one_too_many(exc: iso8583.DecodeError) -> int:
    """Return how many digits belong into a field of one half byte more; 0 where another thing is wrong."""
    found = re.fullmatch(r"Field data is (\d+) nibbles, expecting (\d+)", exc.msg)
    return int(found[2]) if found and int(found[1]) == int(found[2]) + 1 else 0


def _say(message: str) -> str:
    for pattern, sentence in _SENTENCES:
        if found := re.fullmatch(pattern, message):
            return sentence.format(*found.groups())
    return message[:1].lower() + message[1:]
