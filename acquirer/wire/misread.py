"""Which field of a frame that does not decode is written in another form than its dialect says, and in which.

1. A field whose size is misjudged moves all that follow, so the decoder blames a later one. Here each field up to that
   one is read in the forms that terminals are known to write; the first form with which the whole frame reads is named.
2. That a frame reads to its last byte is not enough: `plausibility` says how much sense a message makes.
3. The work is bounded, because broken frames cost their sender nothing.

Sentences name sizes and forms, never a value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from acquirer.wire.field_forms import FIRST_SIZES, KINDS, FieldForm, FormKind, read_length
from acquirer.wire.grammar import CHARSETS, FieldSpec, Grammar
from acquirer.wire.message import Value
from acquirer.wire.notation import ALPHABETS

MISSING_MOST: Final = 16

TRIALS_MOST: Final = 300
"""Forms tried for one frame before no further kind is; most fail at the next field, after some microseconds."""


class Misread(NamedTuple):
    """The field that explains why a frame does not decode."""

    de: int
    words: str
    remedy: str
    wire: bytes = b""  # as it stands there, length included


Place = tuple[int, int, dict[int, Value]]
"""A field, where it begins, and the fields before it."""

Plausibility = Callable[[str, Mapping[int, Value], int], int]
"""Takes an MTI, fields, and which of them is read in another form; returns how much sense they make, 0 for none."""


def find_misread(frame: bytes, grammar: Grammar, plausibility: Plausibility, until: int = 128) -> list[Misread]:
    """Return the field that is written otherwise, of those up to DE `until`; none when no form makes the frame read.

    Where fields beside each other explain it in the same way (an identifier that is one character short), all are
    returned: bytes alone do not tell which it is.
    """
    head = announced_fields(frame, grammar)
    if head is None:
        return []
    mti, des, at = head
    places = list(places_of(frame, at, des, grammar, until))
    if behind := _behind_the_last(frame, mti, at, des, grammar, plausibility):
        return behind
    trials = 0
    for kind in KINDS:
        if kind is KINDS[FIRST_SIZES] and (hidden := _unannounced(frame, mti, des, places, grammar, plausibility)):
            return hidden
        found: dict[int, tuple[int, Misread]] = {}
        for number in reversed(range(len(places))):
            de, start, before = places[number]
            for form in _forms(kind, frame, start, grammar.fields[de]):
                trials += 1
                read = _read(frame, start, form)
                if read is None or _is_text_after_all(grammar.fields[de], form, frame[start : read[1]]):
                    continue
                fields = {**before, de: read[0]}
                if (
                    _rest(frame, read[1], des[number + 1 :], grammar, fields)
                    and (sense := plausibility(mti, fields, de)) >= form.least
                ):
                    misread = Misread(de, form.words, form.remedy, frame[start : read[1]])
                    found.setdefault(de, (sense, misread))
        if found:
            most = max(sense for sense, _ in found.values())
            return [found[de][1] for de in sorted(found) if found[de][0] == most]
        if trials > TRIALS_MOST:
            return []
    return []


def missing_bytes(frame: bytes, grammar: Grammar) -> tuple[int, int, int]:
    """Return the last field of a frame, how many bytes lack of it, and how many it has; zeros where that is not known.

    More than a frame can be off by is no mistake of its length.
    """
    head = announced_fields(frame, grammar)
    if head is None or not head[1]:
        return 0, 0, 0
    _, des, at = head
    last = des[-1]
    for de, start, _ in places_of(frame, at, des, grammar, last):
        spec, stop = grammar.fields[de], start + grammar.fields[de].length_bytes
        if de != last:
            continue
        count: int | None = spec.wire_maximum
        if spec.length_bytes:
            count = read_length(frame[start:stop], spec.length_encoding, spec.length_bytes)
        if count is None or count > spec.wire_maximum:
            break
        whole = (count + 1) // 2 if spec.nibbles else count
        missing = stop + whole - len(frame)
        if 0 < missing <= min(MISSING_MOST, whole):
            return last, missing, whole
    return 0, 0, 0


def _forms(kind: FormKind, frame: bytes, start: int, spec: FieldSpec) -> Iterator[FieldForm]:
    wire = frame[start : start + spec.length_bytes]
    return kind(spec, read_length(wire, spec.length_encoding, spec.length_bytes) if spec.length_bytes else None)


def _unannounced(
    frame: bytes,
    mti: str,
    des: Sequence[int],
    places: Sequence[Place],
    grammar: Grammar,
    plausibility: Plausibility,
) -> list[Misread]:
    """Return a field that is there, though its bit is not set."""
    hidden: list[Misread] = []
    for number, (de, start, before) in reversed(list(enumerate(places))):
        last = des[number - 1] if number else 1
        for absent in sorted(grammar.fields.keys() & set(range(last + 1, de))):
            found = _read(frame, start, FieldForm("", "", grammar.fields[absent]))
            if found is None:
                continue
            fields = {**before, absent: found[0]}
            if _rest(frame, found[1], des[number:], grammar, fields) and plausibility(mti, fields, absent):
                hidden.append(_bit_not_set(absent))
        if hidden:
            return hidden
    return []


def _behind_the_last(
    frame: bytes, mti: str, at: int, des: Sequence[int], grammar: Grammar, plausibility: Plausibility
) -> list[Misread]:
    """Return a field that ends a frame whose other fields are as they should be, and whose bit is not set."""
    fields: dict[int, Value] = {}
    end = read_fields(frame, at, des, grammar, fields)
    if end is None or end == len(frame):
        return []
    behind: list[Misread] = []
    for absent in sorted(de for de in grammar.fields if de > max(des, default=1)):
        found = _read(frame, end, FieldForm("", "", grammar.fields[absent]))
        if found is not None and found[1] == len(frame) and plausibility(mti, {**fields, absent: found[0]}, absent):
            behind.append(_bit_not_set(absent))
    return behind


def announced_fields(frame: bytes, grammar: Grammar) -> tuple[str, list[int], int] | None:
    """Return MTI, the fields that the bitmap announces, and where they begin; None unless all can be read."""
    at = grammar.envelope_bytes
    wire = frame[at : at + grammar.mti_bytes]
    mti = wire.hex() if grammar.mti_encoding == "bcd" else wire.decode(grammar.mti_charset)
    at += grammar.mti_bytes
    bits, size = "", 1
    while len(bits) < 64 * size:
        bitmap = frame[at : at + grammar.bitmap_bytes]
        at += grammar.bitmap_bytes
        text = bitmap.hex() if grammar.bitmap_encoding == "binary" else bitmap.decode(grammar.bitmap_charset)
        try:
            bits += f"{int(text, 16):064b}"
        except ValueError:
            return None
        size = 2 if grammar.secondary and bits[0] == "1" else 1
    des = [de for de, bit in enumerate(bits, 1) if bit == "1" and de > 1]
    if not grammar.secondary and bits[0] == "1":
        return None
    if len(mti) != 4 or not mti.isdecimal() or any(de not in grammar.fields for de in des):
        return None
    return mti, des, at


def places_of(frame: bytes, at: int, des: Sequence[int], grammar: Grammar, until: int = 128) -> Iterator[Place]:
    """Yield where each field begins that may be the cause, and the fields before it."""
    before: dict[int, Value] = {}
    for de in des:
        yield de, at, dict(before)
        found = _read(frame, at, FieldForm("", "", grammar.fields[de]))
        if found is None or de >= until:
            return
        before[de], at = found


def _bit_not_set(de: int) -> Misread:
    return Misread(de, f"it is there, and bit {de} is not set", f"set bit {de}")


def _rest(frame: bytes, at: int, des: Sequence[int], grammar: Grammar, fields: dict[int, Value]) -> bool:
    """Return whether the remaining fields read as they should, to the end of the frame."""
    return read_fields(frame, at, des, grammar, fields) == len(frame)


def read_fields(frame: bytes, at: int, des: Sequence[int], grammar: Grammar, fields: dict[int, Value]) -> int | None:
    """Put the values of fields into `fields`, and return where the last one ends; None where one does not read."""
    for de in des:
        found = _read(frame, at, FieldForm("", "", grammar.fields[de]))
        if found is None:
            return None
        fields[de], at = found
    return at


# One field


def _is_text_after_all(spec: FieldSpec, form: FieldForm, wire: bytes) -> bool:
    """Return whether a form takes for packed what stands there as text: digits in ASCII are BCD by chance only."""
    packed = form.spec.encoding in ("bcd", "binary") and spec.encoding in CHARSETS and form.size is None
    return packed and len(wire) > form.spec.length_bytes and _TEXT.fullmatch(wire[form.spec.length_bytes :]) is not None


_AROUND_MOST: Final = 3  # characters around a track: its sentinels, and the LRC

_TEXT: Final = re.compile(rb"[0-9A-Fa-f ]+")


def _read(frame: bytes, at: int, form: FieldForm) -> tuple[Value, int] | None:
    """Return the value of a field that begins at `at`, and where it ends; None: it is none."""
    spec, count = form.spec, form.spec.wire_maximum
    if form.size is not None and form.pattern:
        count = form.size
    elif form.size is not None:
        if form.before and frame[at : at + form.skip] != form.before:
            return None
        count = 2 * form.size if spec.nibbles else form.size
        at += form.skip
    elif spec.length_bytes:
        length = read_length(frame[at : at + spec.length_bytes], spec.length_encoding, spec.length_bytes)
        at += spec.length_bytes
        if length is None:
            return None
        count = length
        if form.unit == "bytes" and (spec.nibbles or spec.kind == "b"):
            count = 2 * length
        elif form.unit == "double":
            count = (length + 1) // 2
        if count > spec.wire_maximum + (form.unit == "bytes") + _AROUND_MOST * bool(form.pattern):
            return None
    stop = at + ((count + 1) // 2 if spec.nibbles else count)
    if stop > len(frame):
        return None
    if form.is_binary_number:
        number = str(int.from_bytes(frame[at:stop], "big"))
        return (number.zfill(spec.maximum), stop) if len(number) <= spec.maximum else None
    if form.pattern and not re.fullmatch(form.pattern, frame[at:stop].decode("latin-1")):
        return None
    value = _value(spec, frame[at:stop], count)
    end = stop + len(form.behind)
    return None if value is None or frame[stop:end] != form.behind else (value, end)


def _value(spec: FieldSpec, data: bytes, count: int) -> Value | None:
    """Return the value of a field's bytes; None: they hold what no such field does."""
    if spec.kind == "b":
        if spec.encoding == "binary":
            return data
        try:
            return bytes.fromhex(data.decode(spec.charset))
        except ValueError:
            return None
    if spec.nibbles:
        text = data.hex().upper()
        if count % 2:
            pad, text = (text[0], text[1:]) if spec.pad_left else (text[-1], text[:-1])
            if pad not in spec.pads:
                return None
    else:
        text = data.decode(spec.charset)
        if spec.kind == "x+n":
            return text if spec.encoding == "bcd" or ALPHABETS["x+n"].fullmatch(text) else None
    alphabet = ALPHABETS.get(spec.kind)
    return text if alphabet is None or alphabet.fullmatch(text) else None
