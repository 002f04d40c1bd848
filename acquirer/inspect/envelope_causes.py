"""Why a frame that was cut out well is no message: what stands before its fields, and behind them, in other forms.

The forms are tried until a message of the dialect comes out that makes sense. What fields are written in another form
is `field_causes`'.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from acquirer.data.text import plural
from acquirer.dialect.dialect import Dialect
from acquirer.inspect.bitmap_forms import FrameForm, bits_as_text, digit_of_all_bits, other_bit_orders, short_bitmaps
from acquirer.inspect.field_causes import makes_sense, short_field_cause
from acquirer.inspect.framings import framing_words
from acquirer.wire.grammar import CHARSETS
from acquirer.wire.message import DecodeError, Message
from acquirer.wire.misread import missing_bytes

ETX = b"\x03"
_REPLACED: Final = "\ufffd".encode()


def frame_cause(dialect: Dialect, frame: bytes) -> str:
    """Return in which form a frame is written that was cut out well and does not decode; "" when none is found."""
    for form in _frame_forms(dialect, frame):
        if form.inner is not None and is_message(dialect, form.inner):
            return f"{form.words}; {form.remedy}"
    if same := digit_of_all_bits(dialect, frame):
        return f"all bits of the bitmap are {same}; set the bit of each field that is there to 1, and no other"
    if (count := frame.count(_REPLACED)) > 1:
        return (
            f"EF BF BD stands in it {count} times, which programs write in place of bytes that are no UTF-8: bytes "
            "were taken for text; send them as they are, without a conversion to text"
        )
    last, missing, whole = missing_bytes(frame, dialect.grammar)
    return _ends_early(dialect, frame, last, missing, whole) if missing and dialect.framing.length_bytes else ""


def bitmap_cause(dialect: Dialect, frame: bytes) -> str:
    """Return that a byte of the bitmap is missing; "" when that makes no message that makes sense of the frame.

    To be asked last: what is missing is guessed, so that other causes are likelier.
    """
    for form in short_bitmaps(dialect, frame):
        if form.inner is not None and makes_sense(dialect, form.inner):
            return f"{form.words}; {form.remedy}"
    return ""


def _ends_early(dialect: Dialect, frame: bytes, last: int, missing: int, whole: int) -> str:
    framing = dialect.framing
    length = len(frame) + framing.extra_bytes
    early = f"the message ends {plural(missing, 'byte')} too early"
    if missing == framing.itself_bytes:
        counts = (
            f"as many as the length has, which counts itself here: it says {length}, {length + missing} belong there"
        )
        return f"{early}, {counts}; add {missing} to it"
    has = plural(whole - missing, "byte")
    lengths = f"the length, which says {length}, is {missing} less than its fields need, {length + missing}"
    if cause := short_field_cause(dialect, frame, last):
        return f"{early}: {cause}; or {lengths}: then count every byte behind the length"
    return (
        f"{early}: either {lengths}; "
        f"or DE {last} has {has}, and needs {whole}; count every byte behind the length, and send {whole} for DE {last}"
    )


def _frame_forms(dialect: Dialect, frame: bytes) -> Iterator[FrameForm]:
    tpdu, head = dialect.envelope.tpdu, dialect.envelope.head
    before = len(tpdu) + len(head)
    end, size = dialect.framing.end, dialect.framing.length_bytes
    if size and dialect.framing.length(frame[:size]) == len(frame) - size:
        yield FrameForm("the length stands there twice", "send it once", frame[size:])
    if not end and frame[-1:] == ETX:
        words = "an ETX (03) stands at the end of the message, and the length counts it (includes_end)"
        remedy = "leave it out, or name it in [framing] of the dialect"
        yield FrameForm(
            f"{words}; {dialect.name} on this port has {framing_words(dialect.framing.bare)}", remedy, frame[:-1]
        )
    for trail, name in (
        (b"\r\n", "a line end (0D 0A), 2 bytes,"),
        (b"\n", "a line end (0A)"),
        (b"\x00", "a zero byte (00)"),
    ):
        if not end and frame.endswith(trail):
            words = f"{name} stands behind the message, and the length counts it"
            yield FrameForm(words, "leave out these bytes", frame[: -len(trail)])
    if tpdu and head:
        for words, size, of in (
            ("the TPDU is", 2 * len(tpdu), tpdu),
            ("the TPDU and the head are", 2 * before, tpdu + head),
        ):
            remedy = f"send {len(of)} bytes, two digits in each"
            yield FrameForm(f"{words} sent in ASCII, {size} characters", remedy, _unhexed(frame, 0, size))
        yield FrameForm(
            f"the head is sent in ASCII, {2 * len(head)} characters",
            f"send {plural(len(head), 'byte')}, two digits in each",
            _unhexed(frame, len(tpdu), 2 * len(head)),
        )
        yield FrameForm("neither TPDU nor head stands before the MTI", "send both", tpdu + head + frame)
        yield FrameForm(
            "the head is missing", "send it behind the TPDU", frame[: len(tpdu)] + head + frame[len(tpdu) :]
        )
        yield FrameForm("the TPDU is missing", "send it before the head", tpdu + frame)
        yield FrameForm("the TPDU stands there twice", "send it once", frame[len(tpdu) :])
        for size in range(1, 2 * len(head)):
            if size != len(head):
                words = f"the head has {plural(size, 'byte')}, and {len(head)} belong there"
                yield FrameForm(words, f"send {len(head)}", frame[: len(tpdu)] + head + frame[len(tpdu) + size :])
    elif tpdu:
        remedy = f"send {len(tpdu)} bytes, two digits in each"
        words = f"the TPDU is sent in ASCII, {2 * len(tpdu)} characters"
        yield FrameForm(words, remedy, _unhexed(frame, 0, 2 * len(tpdu)))
        yield FrameForm("the TPDU is missing", "send it before the MTI", tpdu + frame)
    yield FrameForm(
        "what stands behind the length is hexadecimal text, and the length fits it",
        "send it packed, two digits to a byte",
        _unhexed(frame, 0, len(frame)),
    )
    yield from _as_text(frame)
    if not tpdu and frame[:1] == b"\x60":
        yield FrameForm("a TPDU stands before the message, and this dialect has none", "leave it out", frame[5:])
    yield from _texts(dialect, frame)


def _as_text(frame: bytes) -> Iterator[FrameForm]:
    """Yield a frame whose bytes were taken for characters, and written in UTF-8."""
    remedy = "send bytes as they are, without a conversion to text"
    try:
        inner = frame.decode("utf-8").encode("latin-1")
    except ValueError:
        return
    if inner != frame:
        yield FrameForm("its bytes were taken for characters (Latin-1) and written in UTF-8", remedy, inner)


def _texts(dialect: Dialect, frame: bytes) -> Iterator[FrameForm]:
    """Yield MTI and bitmap in another encoding."""
    grammar = dialect.grammar
    at, after = grammar.envelope_bytes, grammar.envelope_bytes + grammar.mti_bytes
    if grammar.mti_encoding == "bcd":
        mti = _unhexed(frame, at, 4)
        yield FrameForm(
            f"the MTI is written in ASCII, four characters; {dialect.name} on this port has an MTI in BCD",
            "send it as two bytes of BCD",
            mti,
        )
        if grammar.bitmap_encoding == "binary":
            words = f"MTI and bitmap are sent in ASCII; {dialect.name} on this port has an MTI in BCD, a binary bitmap"
            both = None if mti is None else _unhexed(mti, at + 2, 16)
            yield FrameForm(words, "send the MTI as two bytes of BCD and the bitmap as eight bytes", both)
    else:
        wire, charset = frame[at : at + 2], CHARSETS[grammar.mti_encoding]
        packed = frame[:at] + wire.hex().encode(charset) + frame[at + 2 :]
        if grammar.bitmap_encoding != "binary":
            digits = frame[at + 2 : at + 10].hex().upper().encode(charset)
            both = frame[:at] + wire.hex().encode(charset) + digits + frame[at + 10 :]
            text = grammar.mti_encoding.upper()
            words = f"MTI and bitmap are packed; {dialect.name} on this port has both in {text}"
            yield FrameForm(words, "send the MTI as four characters and the bitmap as sixteen", both)
        words = f"the MTI is packed as BCD; {dialect.name} on this port has an MTI in {grammar.mti_encoding.upper()}"
        yield FrameForm(words, "send it as four characters", packed)
    yield from _second_bitmaps(dialect, frame)
    if grammar.bitmap_encoding == "binary":
        words = "the bitmap is sent as sixteen characters in ASCII, and eight bytes belong there"
        yield FrameForm(words, "send its eight bytes", _unhexed(frame, after, 16))
    else:
        digits = frame[after : after + 8].hex().upper().encode(grammar.bitmap_charset)
        words = f"the bitmap is sent as eight bytes, and in {grammar.bitmap_encoding.upper()} it has sixteen characters"
        yield FrameForm(words, "send its hexadecimal digits", frame[:after] + digits + frame[after + 8 :])
    yield from other_bit_orders(dialect, frame, after)
    yield from bits_as_text(dialect, frame, after)


def _second_bitmaps(dialect: Dialect, frame: bytes) -> Iterator[FrameForm]:
    """Yield a second bitmap that bit 1 does not announce, and one that it announces and that is not there."""
    grammar = dialect.grammar
    at, size = grammar.envelope_bytes + grammar.mti_bytes, grammar.bitmap_bytes
    if len(frame) < at + size:
        return
    if not grammar.secondary:
        words = f"the bitmap has {2 * size} bytes, and this dialect has no second one"
        yield FrameForm(
            words, f"send {size}, with bit 1 clear", _cleared(frame[: at + size], at) + frame[at + 2 * size :]
        )
        return
    binary = grammar.bitmap_encoding == "binary"

    def put(bits: int) -> bytes:
        return bits.to_bytes(8, "big") if binary else f"{bits:016X}".encode(grammar.bitmap_charset)

    try:
        wire = frame[at : at + size]
        first = int.from_bytes(wire, "big") if binary else int(wire.decode(grammar.bitmap_charset), 16)
    except ValueError:
        return
    before, rest = frame[:at], frame[at + size :]
    if not first >> 63:
        words = "a second bitmap follows the first one, and bit 1 does not say so"
        yield FrameForm(words, "set bit 1 of the bitmap", before + put(first | _BIT_1) + rest)
        return
    words, without = "bit 1 of the bitmap is set, and no second bitmap follows", put(first & ~_BIT_1)
    yield FrameForm(words, "clear bit 1, or send the second bitmap", before + without + rest)
    for de in range(65, 129):
        if de in grammar.fields:
            yield FrameForm(
                f"{words}, though DE {de} is there",
                f"send the second bitmap with bit {de} behind the first one",
                before + wire + put(1 << (128 - de)) + rest,
            )


def _cleared(frame: bytes, at: int) -> bytes:
    """Return a frame with bit 1 of its bitmap, which stands in bytes, cleared."""
    return frame[:at] + bytes((frame[at] & 0x7F,)) + frame[at + 1 :]


_BIT_1: Final = 1 << 63


def _unhexed(frame: bytes, at: int, size: int) -> bytes | None:
    """Return a frame with `size` hexadecimal characters at a place turned into bytes."""
    try:
        inner = bytes.fromhex(frame[at : at + size].decode("ascii"))
    except ValueError:
        return None
    return frame[:at] + inner + frame[at + size :] if 2 * len(inner) == size else None


# What a good message is


def is_message(dialect: Dialect, frame: bytes) -> bool:
    """Return whether bytes are a message of the dialect that makes sense: one it has a route for, or a reply."""
    try:
        message = dialect.decode(frame)
    except DecodeError:
        return False
    return _is_sensible(dialect, message)


def _is_sensible(dialect: Dialect, message: Message) -> bool:
    if dialect.is_response(message.mti, message.fields):
        return True
    return dialect.route(message) is not None
