"""The forms in which terminals are known to write a field, beside the one that its dialect says, in words.

The likeliest kind comes first. Sentences name sizes and forms, never a value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final, Literal, NamedTuple

from acquirer.data.text import plural
from acquirer.wire.grammar import CHARSETS, Encoding, FieldSpec
from acquirer.wire.written_numbers import (
    AROUND,
    COUNTED,
    DIGITS_ONLY,
    FILLED,
    SEPARATED,
    SEPARATED_PATTERN,
    SEPARATORS,
)

Unit = Literal["", "bytes", "double"]
"""What a length counts: what it should; bytes where digits belong; two for each byte."""


class FieldForm(NamedTuple):
    """One way in which a field may have been written."""

    words: str
    remedy: str
    spec: FieldSpec
    unit: Unit = ""
    size: int | None = None  # in bytes, where the field does not say it
    skip: int = 0  # bytes before a field of such a size
    is_binary_number: bool = False
    pattern: str = ""  # that its characters match; compiled when it is asked for
    before: bytes = b""  # what is skipped, where it must be this
    behind: bytes = b""  # what must stand behind it, and is skipped too
    least: int = 1  # how much sense the frame must make with it


def read_length(wire: bytes, encoding: str, size: int) -> int | None:
    if len(wire) < size:
        return None
    if encoding == "binary":
        return int.from_bytes(wire, "big")
    digits = wire.hex() if encoding == "bcd" else wire.decode(CHARSETS[encoding])
    return int(digits) if digits.isdecimal() else None


FormKind = Callable[[FieldSpec, int | None], Iterator[FieldForm]]
"""Takes a field and what its length says (None: it has none, or one that cannot be read)."""

_SIDES: Final = ("right", "left")


def _other_side(spec: FieldSpec, _length: int | None) -> Iterator[FieldForm]:
    if not spec.nibbles:
        return
    here, there = _SIDES[spec.pad_left], _SIDES[not spec.pad_left]
    words = f"its digits look filled on the {there}, and they are filled on the {here} here"
    remedy = f"put the filling nibble {spec.pads[:1]} on the {here}"
    yield FieldForm(words, remedy, replace(spec, pad_left=not spec.pad_left, pads="0F"))
    if spec.kind == "z" and not spec.pad_left:
        words = "the half byte behind its last digit is no filling: the last eight bytes look encrypted"
        remedy = "encrypt the block before the last byte, which stays as it is"
        yield FieldForm(words, remedy, replace(spec, pads="123456789ABCDE"))
    fillings = "".join(digit for digit in "0F" if digit not in spec.pads)
    if fillings:
        words = f"its digits are filled with {fillings}, and {spec.pads[:1]} belongs there"
        yield FieldForm(words, f"fill with {spec.pads[:1]}", replace(spec, pads=fillings))


def _other_unit(spec: FieldSpec, length: int | None) -> Iterator[FieldForm]:
    if not spec.length_bytes or length is None:
        return
    if spec.nibbles:
        words = f"its length ({length}) counts bytes, and digits are counted here"
        yield FieldForm(words, "count the digits", spec, "bytes")
    elif spec.kind == "b" and spec.encoding in CHARSETS:
        words = f"its length ({length}) counts bytes, and their hexadecimal digits are counted here"
        yield FieldForm(words, "count the digits", spec, "bytes")
    else:
        what = "bytes" if spec.kind == "b" else "characters"
        words = f"its length ({length}) counts half bytes, and {what} are counted here"
        yield FieldForm(words, f"count the {what}", spec, "double")


def _other_encoding(spec: FieldSpec, _length: int | None) -> Iterator[FieldForm]:
    digits = spec.kind in ("n", "z", "h")
    if digits and spec.encoding == "bcd":
        for encoding, charset in CHARSETS.items():
            words = f"it is sent as {encoding.upper()} characters, and BCD belongs there"
            yield FieldForm(words, "send it in BCD, two digits to a byte", _as_text(spec, encoding, charset))
        if spec.kind == "n" and not spec.length_bytes:
            words = "it is sent as a binary number, and BCD belongs there"
            yield FieldForm(words, "send it in BCD, two digits to a byte", spec, is_binary_number=True)
    elif digits:
        words = f"it is packed as BCD, and {spec.encoding.upper()} characters belong there"
        packed = replace(spec, encoding="bcd", pad_left=not spec.length_bytes, pads="0F")
        yield FieldForm(words, "send one character for each digit", packed)
    elif spec.kind == "b" and spec.encoding == "binary":
        words = "it is sent as hexadecimal characters, and bytes belong there"
        if not spec.length_bytes:
            words = f"it is sent as {2 * spec.maximum} hexadecimal characters, and {spec.maximum} bytes belong there"
        text = replace(spec, encoding="ascii", charset=CHARSETS["ascii"])
        yield FieldForm(words, "send the bytes themselves", text)
        yield FieldForm(
            words, "send the bytes themselves", text, "bytes", None if spec.length_bytes else 2 * spec.maximum
        )
    elif spec.kind == "b":
        words = f"it is sent as bytes, and their hexadecimal digits in {spec.encoding.upper()} belong there"
        yield FieldForm(words, "send two characters for each byte", replace(spec, encoding="binary"))
    elif spec.kind in ("an", "ans", "a", "ns", "s", "as"):
        packed = replace(spec, kind="h", encoding="bcd", pad_left=not spec.length_bytes, pads="0F")
        words = "it is packed as BCD, and characters belong there"
        yield FieldForm(words, "send characters, one byte for each", packed)


def _other_characters(spec: FieldSpec, _length: int | None) -> Iterator[FieldForm]:
    """Yield what people write around the digits of a number, and around a track."""
    if spec.encoding not in CHARSETS:
        if spec.kind == "n" and spec.length_bytes:
            for pattern, words in FILLED:
                yield FieldForm(words, COUNTED, replace(spec, kind="h", pads="0123456789ABCDEF"), pattern=pattern)
        return
    for kind, pattern, words, remedy in AROUND:
        if spec.kind == kind:
            right = COUNTED if "filled" in words and spec.length_bytes else remedy
            yield FieldForm(words, right, replace(spec, kind="ans"), pattern=pattern)
    if spec.kind == "n" and not spec.length_bytes:
        for size in (spec.wire_maximum + more for more in SEPARATORS):
            yield FieldForm(SEPARATED, DIGITS_ONLY, replace(spec, kind="ans"), size=size, pattern=SEPARATED_PATTERN)


def _as_text(spec: FieldSpec, encoding: str, charset: str) -> FieldSpec:
    as_encoding: Encoding = "ebcdic" if encoding == "ebcdic" else "ascii"
    return replace(spec, encoding=as_encoding, charset=charset)


def _other_length(spec: FieldSpec, _length: int | None) -> Iterator[FieldForm]:
    """Yield other ways of writing the length."""
    if not spec.length_bytes:
        return
    digits = 2 if spec.length_bytes == 1 or (spec.length_bytes == 2 and spec.length_encoding in CHARSETS) else 3
    forms: tuple[tuple[Encoding, int, str], ...] = (
        ("binary", 1, "a binary byte"),
        ("binary", 2, "two binary bytes"),
        ("bcd", 1, "one byte of BCD"),
        ("bcd", 2, "two bytes of BCD"),
        ("ascii", digits, f"{digits} ASCII digits"),
        ("ascii", 5 - digits, f"{5 - digits} ASCII digits"),
    )
    here = next(
        (words for encoding, size, words in forms if (encoding, size) == (spec.length_encoding, spec.length_bytes)),
        f"{spec.length_bytes} bytes of {spec.length_encoding.upper()}",
    )
    for encoding, size, words in forms:
        if (encoding, size) != (spec.length_encoding, spec.length_bytes):
            other = replace(spec, length_encoding=encoding, length_bytes=size)
            yield FieldForm(f"its length is {words} in place of {here}", f"write the length as {here}", other)
            if spec.nibbles and encoding == "binary":
                words = f"its length is {words} and counts bytes, in place of {here} that counts digits"
                yield FieldForm(words, f"write the length as {here} and count digits", other, "bytes")


def _turned_length(spec: FieldSpec, length: int | None) -> Iterator[FieldForm]:
    """Yield lengths whose bytes, or digits, stand in reverse order."""
    if not spec.length_bytes or length is None:
        return
    size, numbers = spec.length_bytes, []
    if spec.length_encoding in CHARSETS:
        digits = f"{length:0{size}}"
        numbers.append(("the digits of its length stand in reverse order", int(digits[::-1])))
    elif spec.length_encoding == "bcd":
        digits = f"{length:0{2 * size}}"
        if size > 1:
            turned = "".join(digits[at : at + 2] for at in range(2 * size - 2, -1, -2))
            numbers.append(("its length has its low byte first", int(turned)))
            numbers.append(("its length is binary, its low byte first", int(turned, 16)))
        numbers.append(("the half bytes of its length are exchanged", int(digits[::-1])))
    else:
        numbers.append(("its length has its low byte first", int.from_bytes(length.to_bytes(size, "big"), "little")))
    for words, number in numbers:
        if number != length and 0 < number <= spec.wire_maximum:
            taken = (number + 1) // 2 if spec.nibbles else number
            remedy = f"write {number} in {spec.length_encoding.upper()}, its first digit first"
            yield FieldForm(words, remedy, spec, size=taken, skip=size)


def _absent(spec: FieldSpec, _length: int | None) -> Iterator[FieldForm]:
    words = f"bit {spec.de} is set, and the field is not there"
    nothing = replace(spec, kind="b", encoding="binary")
    yield FieldForm(words, f"send it, or clear bit {spec.de}", nothing, size=0)


def _other_moments(spec: FieldSpec, _length: int | None) -> Iterator[FieldForm]:
    """Yield the sizes that dates and times have with a year, without one, or without seconds."""
    if spec.length_bytes or spec.kind != "n" or spec.maximum not in _MOMENTS:
        return
    for more in (2, 4, 6, 8, -2, -6):
        if (count := spec.maximum + more) > 0:
            words = f"it has {plural(count, _unit(spec))}, and {spec.maximum} belong there"
            remedy = f"send {plural(spec.maximum, _unit(spec))}"
            size = count // 2 if spec.nibbles else count
            yield FieldForm(words, remedy, spec, size=size, least=DECIDED)


_MOMENTS: Final = (4, 6, 10, 12)
"""Digits of a date, a time, both, and both with a year."""

DECIDED: Final = 101
"""How much sense is more than digits make by chance: what they mean says that they are a date or a time."""


def _more_than_fits(spec: FieldSpec, _length: int | None) -> Iterator[FieldForm]:
    """Yield what is sent beside the bytes of a field of fixed size, where it is clear what they are."""
    if spec.length_bytes or spec.kind == "x+n":
        return
    whole, charset = _whole(spec), spec.charset
    if spec.encoding in CHARSETS:
        for what, byte in (("a zero byte", b"\0"), ("a blank", " ".encode(charset))):
            yield FieldForm(
                f"{what} stands behind its {whole} characters", "leave it out", spec, size=whole, behind=byte
            )
        lengths = {bytes([whole]), *(f"{whole:0{width}}".encode(charset) for width in (2, 3))}
        for length in sorted(lengths):
            words = "its length stands before it, and its size is fixed"
            yield FieldForm(words, "leave the length out", spec, size=whole, skip=len(length), before=length)
    if spec.kind in ("n", "an"):
        zero = b"\0" if spec.nibbles else "0".encode(charset)
        belong = plural(spec.wire_maximum, _unit(spec))
        words = f"it has zeros before its {belong}"
        yield FieldForm(words, f"send {belong}", spec, size=whole, skip=1, before=zero)


def _other_size(spec: FieldSpec, _length: int | None) -> Iterator[FieldForm]:
    """Yield other sizes of a field of fixed size."""
    if spec.length_bytes:
        return
    unit, whole = _unit(spec), _whole(spec)
    belong = plural(spec.wire_maximum, unit)
    twice = [2 * whole] * (spec.kind == "b")  # a block of a cipher whose blocks are twice as large
    for size in (*range(whole - 1, 0, -1), *dict.fromkeys((whole + 1, whole + 2, *twice))):
        sent = 2 * size if spec.nibbles else size
        words = f"it has {plural(sent, unit)}, and {plural(spec.wire_maximum, 'belongs', 'belong')} there"
        remedy = f"fill it up to {belong}" if size < whole else f"send {belong}"
        yield FieldForm(words, remedy, spec, size=size)


def _length_off(spec: FieldSpec, length: int | None) -> Iterator[FieldForm]:
    """Yield sizes near to what the length says."""
    if length is None:
        return
    unit, sent = _unit(spec), (length + 1) // 2 if spec.nibbles else length
    for off in (1, -1, 2, -2):
        if sent + off > 0:
            there = 2 * (sent + off) if spec.nibbles else sent + off
            words = f"its length says {plural(length, unit)}, and {plural(there, 'is', 'are')} there"
            yield FieldForm(words, f"write how many {unit}s are sent", spec, size=sent + off, skip=spec.length_bytes)


def _no_length(spec: FieldSpec, _length: int | None) -> Iterator[FieldForm]:
    for size in range(min(_whole(spec), _SIZES_MOST) if spec.length_bytes else 0, 0, -1):
        yield FieldForm("there is no length before it", "write its length before it", spec, size=size)


_SIZES_MOST: Final = 40  # of a field without a length: a track, or a card number


def _unit(spec: FieldSpec) -> str:
    return "digit" if spec.nibbles else "byte" if spec.kind == "b" else "character"


def _whole(spec: FieldSpec) -> int:
    return (spec.wire_maximum + 1) // 2 if spec.nibbles else spec.wire_maximum


FIRST_SIZES: Final = 8
"""Where in `KINDS` those begin that take a field for longer or shorter than it is: they fit more by chance."""

KINDS: Final[tuple[FormKind, ...]] = (
    _other_side,
    _other_unit,
    _other_encoding,
    _other_characters,
    _other_length,
    _absent,
    _other_moments,
    _more_than_fits,
    _turned_length,
    _other_size,
    _length_off,
    _no_length,
)
