"""What bytes look like without knowing their dialect: which length, which envelope, how MTI and bitmap are written.

1. Nothing is decoded, so a host can afford it for every peer whose first bytes do not fit.
2. Its sentences name forms of the wire, a length and an MTI: never a value that a message carries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from acquirer.dialect.dialect import Dialect
from acquirer.wire.framing import Framing
from acquirer.wire.grammar import CHARSETS
from acquirer.wire.other_protocols import other_protocol

STX, ETX = b"\x02", b"\x03"

COMMON_FRAMINGS = (
    Framing("binary", 2),
    Framing("binary", 2, includes_itself=True),
    Framing("ascii", 4),
    Framing("ascii", 4, includes_itself=True),
    Framing("bcd", 2),
    Framing("bcd", 2, includes_itself=True),
    Framing("binary", 4),
    Framing("binary", 4, includes_itself=True),
    Framing("binary", 2, filler=bytes(2)),
    Framing("hex", 4),
    Framing("ebcdic", 4),
    Framing("binary", 2, end=ETX, includes_end=True),
    Framing("binary", 2, start=STX, end=ETX),
    Framing("bcd", 2, start=STX, end=ETX),
    Framing("ascii", 4, start=STX, end=ETX),
    Framing("none", 0, start=STX, end=ETX),
    Framing("none", 0, end=ETX),
)
"""Framings seen in front of ISO 8583 messages, the usual ones first."""

LENGTH_WORDS = {
    "binary": "byte",
    "bcd": "digit BCD",
    "ascii": "digit ASCII",
    "hex": "digit hexadecimal",
    "ebcdic": "digit EBCDIC",
}
ENCODING_WORDS = {"bcd": "BCD", "ascii": "ASCII", "ebcdic": "EBCDIC"}

TPDU_BYTES, HEAD_BYTES = 5, 6
ISO_LABEL = re.compile(rb"ISO[0-9]{9}")  # BASE24's head: "ISO", then nine digits of product, release, status, origin

# Version 0 to 2 (1987, 1993, 2003) or 9 (private), class 1 to 8, any function, origin 0 to 5.
_MTI = {
    "bcd": re.compile(
        rb"[\x01-\x08\x11-\x18\x21-\x28\x91-\x98]"
        rb"[\x00-\x05\x10-\x15\x20-\x25\x30-\x35\x40-\x45\x50-\x55\x60-\x65\x70-\x75\x80-\x85\x90-\x95]"
    ),
    "ascii": re.compile(rb"[0-29][1-8][0-9][0-5]"),
    "ebcdic": re.compile(rb"[\xf0-\xf2\xf9][\xf1-\xf8][\xf0-\xf9][\xf0-\xf5]"),
}

# Nearly every message carries its STAN (11), or the time (7, 12), the code (39) or the terminal (41): a bitmap without
# any of them is hardly one.
_USUAL = sum(1 << (64 - de) for de in (7, 11, 12, 39, 41))
_LEAST_BYTES = 10  # an MTI in BCD and a binary bitmap

FITS, FITS_SO_FAR, TEXT, USUAL, ENVELOPE = 40, 10, 12, 10, 10
"""Points for a form: a length that equals what was received, or after which another message of the form follows; text
where text must be; a usual bitmap; a TPDU or head that begins like one."""

MIN_POINTS = 22  # with less, it is a coincidence


@dataclass(frozen=True, slots=True)
class WireForm:
    """What some bytes look like."""

    points: int
    framing: Framing | None  # None: no length before the message
    length: int  # as it stands there, in figures
    tpdu: bool
    head_bytes: int
    mti: str
    mti_encoding: str
    bitmap_encoding: str


def sniff(data: bytes) -> WireForm | None:
    """Return what the beginning of a stream looks like; None when it looks like nothing known.

    >>> sniff(b"01230800A220000000800000" + b"0" * 103).mti
    '0800'
    """
    if other_protocol(data):
        return None
    best = max(_forms(data), key=lambda form: form.points, default=None)
    return best if best and best.points >= MIN_POINTS else None


def mismatch(data: bytes, dialect: Dialect) -> str:
    """Return how bytes differ from what `dialect` expects, in a sentence; empty when they look like nothing, or fit.

    ``"this looks like a message with a 4-digit ASCII length (119); unionpay-pos on this port has a 2-byte length"``
    """
    form = sniff(data)
    if form is None:
        return ""
    seen, expected = _seen(form), _expected(dialect)
    differ = [(mine, yours) for mine, yours in zip(seen, expected, strict=True) if mine != yours]
    if not differ:
        return ""
    seems, has = (
        enumerated([_with_figures(form, mine) for mine, _ in differ]),
        enumerated([yours for _, yours in differ]),
    )
    return f"this looks like a message with {seems}; {dialect.name} on this port has {has}"


def describe_form(form: WireForm) -> str:
    """Return all parts of a form: ``"a 4-digit ASCII length (96), no TPDU, no head, MTI 0800 in ASCII and …"``."""
    return enumerated([_with_figures(form, part) for part in _seen(form)])


def framing_words(framing: Framing | None) -> str:
    """Return a framing in words.

    >>> framing_words(Framing("ascii", 4, includes_itself=True))
    'a 4-digit ASCII length counting itself'
    >>> framing_words(Framing("none", 0, start=b"\\x02", end=b"\\x03"))
    'no length, frames between 02 and 03'
    """
    if framing is None:
        return "no length"
    start, filler, end = (part.hex().upper() for part in (framing.start, framing.filler, framing.end))
    if not framing.length_bytes:
        return f"no length, frames between {start} and {end}" if start else f"no length, frames that end with {end}"
    digits = framing.length_bytes * (2 if framing.length_encoding == "bcd" else 1)
    text = f"{'an' if digits == 8 else 'a'} {digits}-{LENGTH_WORDS[framing.length_encoding]} length"
    counted = ["itself"] * framing.includes_itself + ["the end"] * framing.includes_end
    text += f" counting {' and '.join(counted)}" if counted else ""
    around = (
        [f"{start} before it"] * bool(start) + [f"{filler} after it"] * bool(filler) + [f"{end} at the end"] * bool(end)
    )
    return f"{text} with {enumerated(around)}" if around else text


def _seen(form: WireForm) -> tuple[str, ...]:
    return _parts(form.framing, form.tpdu, form.head_bytes, form.mti_encoding, form.bitmap_encoding)


def _expected(dialect: Dialect) -> tuple[str, ...]:
    envelope, grammar = dialect.envelope, dialect.grammar
    return _parts(
        dialect.framing.bare, bool(envelope.tpdu), len(envelope.head), grammar.mti_encoding, grammar.bitmap_encoding
    )


def _parts(framing: Framing | None, tpdu: bool, head_bytes: int, mti: str, bitmap: str) -> tuple[str, ...]:
    return (
        framing_words(framing),
        "a TPDU" if tpdu else "no TPDU",
        f"a head of {head_bytes} bytes" if head_bytes else "no head",
        f"an MTI in {ENCODING_WORDS[mti]}",
        f"a bitmap in {ENCODING_WORDS[bitmap]}" if bitmap != "binary" else "a binary bitmap",
    )


def _with_figures(form: WireForm, part: str) -> str:
    if part == framing_words(form.framing) and form.length:
        return f"{part} ({form.length})"
    return part.replace("an MTI", f"MTI {form.mti}")


def enumerated(parts: Sequence[str]) -> str:
    """Return ``"one"``, ``"one and two"``, ``"one, two and three"``."""
    return ", ".join(parts[:-1]) + (" and " if len(parts) > 1 else "") + parts[-1]


def _forms(data: bytes) -> Iterator[WireForm]:
    for framing in (*COMMON_FRAMINGS, None):
        cut = _first_frame(data, framing)
        if cut is None:
            continue
        for tpdu, head_bytes, envelope_points in _envelopes(cut.body):
            skipped = TPDU_BYTES * tpdu + head_bytes
            if message := _message(cut.body[skipped:]):
                points = _length_points(cut, skipped, message) + envelope_points + message.points
                yield WireForm(points, framing, cut.length, tpdu, head_bytes, message.mti, *message.encodings)


class _Cut(NamedTuple):
    """The first frame of some bytes, if they are in a framing."""

    framing: Framing | None
    length: int  # as it stands there, in figures
    body: bytes
    left: int  # bytes after it; negative: so many are missing from it
    rest: bytes  # what stands after it


def _first_frame(data: bytes, framing: Framing | None) -> _Cut | None:
    """Return the first frame, if this is the framing."""
    if framing is None:
        return _Cut(None, 0, data, 0, b"")
    if not data.startswith(framing.start):
        return None
    start, end = framing.before_bytes, framing.end
    if not framing.length_bytes:
        stop = data.find(end, start)
        return _Cut(framing, 0, data[start:stop], len(data) - stop - len(end), b"") if stop > start else None
    after = len(framing.start) + framing.length_bytes
    length = framing.length(data[len(framing.start) : after]) if len(data) >= start else None
    if length is None or length < _LEAST_BYTES or data[after:start] != framing.filler:
        return None
    stop = start + length
    ended = stop + len(end)
    if data[stop:ended] != end[: max(0, len(data) - stop)]:
        return None
    return _Cut(framing, length + framing.extra_bytes, data[start:stop], len(data) - ended, data[ended:])


def _length_points(cut: _Cut, skipped: int, first: _Message) -> int:
    """Return what a framing is worth by what follows its first frame: nothing, or another message of the same form.

    `skipped`: bytes of TPDU and head before the `first` message.
    """
    framing = cut.framing
    if framing is None:
        return 0
    if not framing.length_bytes:
        return FITS if cut.left == 0 and framing.start else FITS_SO_FAR
    if cut.left == 0:
        return FITS
    if cut.left < framing.before_bytes + _LEAST_BYTES or not cut.rest.startswith(framing.start):
        return 0
    body = cut.rest[framing.before_bytes :]
    if skipped and body[:1] != cut.body[:1]:  # TPDUs and heads of one connection begin alike
        return 0
    following = _message(body[skipped:])
    return FITS_SO_FAR if following and following.encodings == first.encodings else 0


def _envelopes(body: bytes) -> Iterator[tuple[bool, int, int]]:
    """Yield: with or without TPDU, how many bytes of head, points for it."""
    yield False, 0, 0
    if ISO_LABEL.match(body):
        yield False, 12, 2 * ENVELOPE
    if body[:1] in (b"\x60", b"\x68"):
        yield True, 0, ENVELOPE
        if body[5:6] in (b"\x60", b"\x61", b"\x62", b"\x63"):  # UnionPay: application type of the head
            yield True, HEAD_BYTES, 2 * ENVELOPE
    if body[:1] in (b"\x60", b"\x61", b"\x62", b"\x63"):
        yield False, HEAD_BYTES, 0


class _Message(NamedTuple):
    """An MTI and a bitmap that stand at a place, and the points for them."""

    points: int
    mti: str
    mti_encoding: str
    bitmap_encoding: str

    @property
    def encodings(self) -> tuple[str, str]:
        return self.mti_encoding, self.bitmap_encoding


def _message(body: bytes) -> _Message | None:
    """Return the MTI and the bitmap that stand here; None when none do."""
    for encoding, pattern in _MTI.items():
        if found := pattern.match(body):
            mti = found[0].hex() if encoding == "bcd" else found[0].decode(CHARSETS[encoding])
            rest = body[found.end() :]
            text = _bitmap(bytes.fromhex(_hex(rest[:16], encoding)), len(rest) - 16) if encoding != "bcd" else 0
            if text:
                return _Message(2 * TEXT + text, mti, encoding, encoding)
            if plain := _bitmap(rest[:8], len(rest) - 8):
                return _Message(TEXT * (encoding != "bcd") + plain, mti, encoding, "binary")
    return None


def _hex(text: bytes, encoding: str) -> str:
    digits = text.decode(CHARSETS[encoding])
    return digits if re.fullmatch("[0-9A-Fa-f]{16}", digits) else ""


def _bitmap(bitmap: bytes, left: int) -> int:
    """Return the points for a bitmap; 0: it is none, or announces more fields than there can be."""
    bits = int.from_bytes(bitmap, "big")
    return USUAL if len(bitmap) == 8 and bits & _USUAL and bits.bit_count() <= left else 0
