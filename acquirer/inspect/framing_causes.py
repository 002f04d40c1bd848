"""Why a stream cannot be cut into frames, or a frame is no message: the forms are tried until a good message comes out.

1. What counts is that a message of the dialect comes out that makes sense; what bytes merely look like is `sniff`'s.
2. Of a frame that was cut: what stands before the message, in which form; an end; text in place of bytes.
3. Of a stream: each framing of docs/framings.md, a length that is a little off, an end that lacks or is one too many.

Sentences name forms and sizes, never a value that a message carries.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from acquirer.dialect.dialect import Dialect
from acquirer.inspect.framings import COMMON_FRAMINGS, framing_words
from acquirer.wire.framing import Framing
from acquirer.wire.grammar import CHARSETS
from acquirer.wire.message import DecodeError, Message
from acquirer.wire.misread import missing_bytes
from acquirer.wire.other_protocols import TLS, other_protocol

OFF_MOST: Final = 16
"""Bytes that a length may be off: TPDU and head are eleven, and a length that counts itself and more no more."""

STX, ETX = b"\x02", b"\x03"


class _Form(NamedTuple):
    """Another form of a message: in words, what to do, and the message as it should be (None: not this form)."""

    words: str
    remedy: str
    made: bytes | None


def frame_cause(dialect: Dialect, frame: bytes) -> str:
    """Return in which form a frame is written that was cut out well and does not decode; "" when none is found."""
    for form in _frame_forms(dialect, frame):
        if form.made is not None and _message(dialect, form.made):
            return f"{form.words}; {form.remedy}"
    missing = missing_bytes(frame, dialect.grammar)
    if missing and dialect.framing.length_bytes:
        length = len(frame) + dialect.framing.extra_bytes
        return (
            f"the message ends {_bytes(missing)} too early: the length says {length}, and its fields need "
            f"{length + missing}: {missing} less, or its last field lacks so much; count every byte behind the length"
        )
    return ""


def _bytes(count: int) -> str:
    return "1 byte" if count == 1 else f"{count} bytes"


def stream_cause(dialect: Dialect, data: bytes, before: bytes = b"") -> str:
    """Return why a stream cannot be cut into frames, and what to do; "" when no form explains it.

    Args:
        data: its first bytes that are no frame.
        before: bytes that came before them, and were taken for frames.
    """
    if name := other_protocol(data):
        remedy = "connect without TLS" if TLS.match(data) else f"send frames over plain TCP, {_without(name)}"
        return f"{remedy}, or to another port"
    if cause := _delimiters(dialect, data):
        return cause
    for stream in (before + data, data) if before else (data,):
        for framing in _framings(dialect):
            cut = _first(framing, stream)
            if cut is not None and _message(dialect, cut[1]):
                return _says_framing(dialect, framing, cut[0])
        if cause := _length_off(dialect, stream):
            return cause
        if cause := _hex_text(dialect, stream):
            return cause
    return ""


def _without(name: str) -> str:
    return "without HTTP" if "HTTP" in name else "without another protocol around them"


# Frames


def _frame_forms(dialect: Dialect, frame: bytes) -> Iterator[_Form]:
    tpdu, head = dialect.envelope.tpdu, dialect.envelope.head
    before = len(tpdu) + len(head)
    end = dialect.framing.end
    if not end and frame[-1:] == ETX:
        words = "an ETX (03) stands at the end of the message, and the length counts it (includes_end)"
        remedy = "leave it out, or name it in [framing] of the dialect"
        yield _Form(
            f"{words}; {dialect.name} on this port has {framing_words(dialect.framing.bare)}", remedy, frame[:-1]
        )
    for trail, name in (
        (b"\r\n", "a line end (0D 0A), 2 bytes,"),
        (b"\n", "a line end (0A)"),
        (b"\x00", "a zero byte (00)"),
    ):
        if not end and frame.endswith(trail):
            words = f"{name} stands behind the message, and the length counts it"
            yield _Form(words, "leave out these bytes", frame[: -len(trail)])
    for trail, name in (
        (b"\r\n", "a line end (0D 0A), 2 bytes,"),
        (b"\n", "a line end (0A)"),
        (b"\x00", "a zero byte (00)"),
    ):
        if not end and frame.endswith(trail):
            words = f"{name} stands behind the message, and the length counts it"
            yield _Form(words, "leave out these bytes", frame[: -len(trail)])
    if tpdu and head:
        for words, size, of in (
            ("the TPDU is", 2 * len(tpdu), tpdu),
            ("the TPDU and the head are", 2 * before, tpdu + head),
        ):
            remedy = f"send {len(of)} bytes, two digits in each"
            yield _Form(f"{words} sent in ASCII, {size} characters", remedy, _unhexed(frame, 0, size))
        yield _Form(
            f"the head is sent in ASCII, {2 * len(head)} characters",
            f"send {len(head)} bytes, two digits in each",
            _unhexed(frame, len(tpdu), 2 * len(head)),
        )
        yield _Form("neither TPDU nor head stands before the MTI", "send both", tpdu + head + frame)
        yield _Form("the head is missing", "send it behind the TPDU", frame[: len(tpdu)] + head + frame[len(tpdu) :])
        yield _Form("the TPDU is missing", "send it before the head", tpdu + frame)
    elif tpdu:
        remedy = f"send {len(tpdu)} bytes, two digits in each"
        words = f"the TPDU is sent in ASCII, {2 * len(tpdu)} characters"
        yield _Form(words, remedy, _unhexed(frame, 0, 2 * len(tpdu)))
        yield _Form("the TPDU is missing", "send it before the MTI", tpdu + frame)
    yield _Form(
        "what stands behind the length is hexadecimal text, and the length fits it",
        "send it packed, two digits to a byte",
        _unhexed(frame, 0, len(frame)),
    )
    if not tpdu and frame[:1] == b"\x60":
        yield _Form("a TPDU stands before the message, and this dialect has none", "leave it out", frame[5:])
    yield from _texts(dialect, frame)


def _texts(dialect: Dialect, frame: bytes) -> Iterator[_Form]:
    """Yield MTI and bitmap in another encoding."""
    grammar = dialect.grammar
    at, after = grammar.envelope_bytes, grammar.envelope_bytes + grammar.mti_bytes
    if grammar.mti_encoding == "bcd":
        mti = _unhexed(frame, at, 4)
        yield _Form(
            f"the MTI is written in ASCII, four characters; {dialect.name} on this port has an MTI in BCD",
            "send it as two bytes of BCD",
            mti,
        )
        if grammar.bitmap_encoding == "binary":
            words = f"MTI and bitmap are sent in ASCII; {dialect.name} on this port has an MTI in BCD, a binary bitmap"
            both = None if mti is None else _unhexed(mti, at + 2, 16)
            yield _Form(words, "send the MTI as two bytes of BCD and the bitmap as eight bytes", both)
    else:
        wire = frame[at : at + 2]
        packed = frame[:at] + wire.hex().encode(CHARSETS[grammar.mti_encoding]) + frame[at + 2 :]
        words = f"the MTI is packed as BCD; {dialect.name} on this port has an MTI in {grammar.mti_encoding.upper()}"
        yield _Form(words, "send it as four characters", packed)
    if grammar.bitmap_encoding == "binary":
        words = "the bitmap is sent as sixteen characters in ASCII, and eight bytes belong there"
        yield _Form(words, "send its eight bytes", _unhexed(frame, after, 16))
        size = grammar.bitmap_bytes
        turned = bytes(int(f"{byte:08b}"[::-1], 2) for byte in frame[after : after + size])
        words = "the bits of each byte of the bitmap stand in reverse order: bit 1 is the highest bit of the first byte"
        yield _Form(
            words, "set bit 1 as the highest bit of the first byte", frame[:after] + turned + frame[after + size :]
        )
        words = "the bytes of the bitmap stand in reverse order"
        yield _Form(
            words, "send the first one first", frame[:after] + frame[after : after + size][::-1] + frame[after + size :]
        )
    else:
        digits = frame[after : after + 8].hex().upper().encode(grammar.bitmap_charset)
        words = f"the bitmap is sent as eight bytes, and in {grammar.bitmap_encoding.upper()} it has sixteen characters"
        yield _Form(words, "send its hexadecimal digits", frame[:after] + digits + frame[after + 8 :])


def _unhexed(frame: bytes, at: int, size: int) -> bytes | None:
    """Return a frame with `size` hexadecimal characters at a place turned into bytes."""
    try:
        inner = bytes.fromhex(frame[at : at + size].decode("ascii"))
    except ValueError:
        return None
    return frame[:at] + inner + frame[at + size :] if 2 * len(inner) == size else None


# Streams


def _framings(dialect: Dialect) -> Iterator[Framing]:
    own = dialect.framing.bare
    yield from (framing for framing in COMMON_FRAMINGS if framing != own and framing.length_bytes)


def _first(framing: Framing, stream: bytes) -> tuple[int, bytes] | None:
    """Return the length and the first frame of a stream in this framing; None unless a whole frame is there."""
    start, size = framing.before_bytes, len(framing.start)
    if not stream.startswith(framing.start) or len(stream) <= start:
        return None
    after = size + framing.length_bytes
    length = framing.length(stream[size:after])
    if length is None or length <= 0 or stream[after:start] != framing.filler:
        return None
    stop = start + length
    if len(stream) < stop + len(framing.end) or stream[stop : stop + len(framing.end)] != framing.end:
        return None
    return length + framing.extra_bytes, stream[start:stop]


def _says_framing(dialect: Dialect, framing: Framing, length: int) -> str:
    own = framing_words(dialect.framing.bare)
    return (
        f"a good message stands behind {framing_words(framing)} ({length}), which a dialect writes as [framing] "
        f"{_toml(framing)}; {dialect.name} on this port has {own}; send that, or change [framing] in the dialect"
    )


def _delimiters(dialect: Dialect, data: bytes) -> str:
    """Return what is the matter with bytes around messages: none where some belong, or some where none do."""
    framing, own = dialect.framing, framing_words(dialect.framing.bare)
    if framing.end and not framing.includes_end:
        bare = Framing(framing.length_encoding, framing.length_bytes, framing.includes_itself, start=framing.start)
        cut = _first(bare, data) if framing.length_bytes else None
        if cut is not None and len(data) == bare.before_bytes + len(cut[1]) and _message(dialect, cut[1]):
            end = framing.end.hex().upper()
            name = "ETX" if framing.end == ETX else "the end"
            return f"a good message came, and {name} ({end}) behind it is missing; send {end} behind each message"
        return ""
    if framing.length_bytes and data[:1] == ETX and (cut := _first(framing, data[1:])) and _message(dialect, cut[1]):
        return (
            "an ETX (03) stands behind each message, and the length does not count it; leave it out, or say so in the "
            'dialect: [framing] end = "03"'
        )
    for words, toml, made in (
        ("no length, STX (02) stands before the message; ETX (03) behind it", _NO_LENGTH[0], _between(data, STX, ETX)),
        ("no length, and each message ends with ETX (03)", _NO_LENGTH[1], _between(data, b"", ETX)),
        ("no length, the message alone", "", data),
    ):
        if framing.length_bytes and made is not None and _message(dialect, made):
            written = f", which a dialect writes as [framing] {toml}" if toml else ""
            return f"there is {words}{written}; {dialect.name} on this port has {own}; write that before each message"
    return ""


_NO_LENGTH: Final = ('length = "none", start = "02", end = "03"', 'length = "none", end = "03"')


def _between(data: bytes, start: bytes, end: bytes) -> bytes | None:
    if data.startswith(start) and data.endswith(end):
        return data[len(start) : len(data) - len(end)]
    return None


def _length_off(dialect: Dialect, stream: bytes) -> str:
    """Return by how much a length is off, when the bytes behind it are a good message."""
    framing = dialect.framing
    if not framing.length_bytes or not stream.startswith(framing.start):
        return ""
    at = len(framing.start)
    length = framing.length(stream[at : at + framing.length_bytes])
    if length is None:
        return ""
    body = stream[framing.before_bytes :]
    for off in range(1, OFF_MOST + 1):
        for size in (length + off, length - off):
            if 0 < size <= len(body) and _message(dialect, body[:size]):
                return _says_length(dialect, length, size)
    return ""


def _says_length(dialect: Dialect, length: int, size: int) -> str:
    off, envelope = abs(size - length), dialect.grammar.envelope_bytes
    less = "less" if length < size else "more"
    exactly = {
        envelope: "as many as TPDU and head have: they are counted too",
        dialect.framing.length_bytes: "as many as the length itself has, which is not counted",
    }.get(off, "")
    note = f", {exactly}" if exactly and (length < size) == (off == envelope) else ""
    return (
        f"the length says {length}, and a good message of {size} bytes stands behind it: {off} {less}{note}; "
        "count every byte behind the length, and nothing else"
    )


def _hex_text(dialect: Dialect, stream: bytes) -> str:
    """Return that a whole frame is hexadecimal text, length and all."""
    try:
        frame = bytes.fromhex(stream.decode("ascii"))
    except ValueError:
        return ""
    cut = _first(dialect.framing.bare, frame)
    body = cut[1] if cut is not None else frame
    if not _message(dialect, body):
        return ""
    return "the whole frame is written as hexadecimal text; send its bytes, not their digits"


# What a good message is


def _message(dialect: Dialect, frame: bytes) -> bool:
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


def _toml(framing: Framing) -> str:
    """Return a framing as a dialect writes it."""
    parts = [f'length = "{framing.name}"']
    parts += ["includes_itself = true"] * framing.includes_itself
    parts += [
        f'{key} = "{value.hex().upper()}"'
        for key, value in (("start", framing.start), ("filler", framing.filler), ("end", framing.end))
        if value
    ]
    return ", ".join([*parts, *["includes_end = true"] * framing.includes_end])
