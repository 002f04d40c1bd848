"""What bytes look like without knowing their dialect: which length, which envelope, how MTI and bitmap are written.

1. Nothing is decoded, so a host can afford it for every peer whose first bytes do not fit.
2. Its sentences name forms of the wire, a length and an MTI: never a value that a message carries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from acquirer.data.text import plural
from acquirer.dialect.dialect import Dialect
from acquirer.inspect.framings import COMMON_FRAMINGS, SHORT, UNUSUAL, enumerated, framing_words
from acquirer.wire.framing import Framing
from acquirer.wire.grammar import CHARSETS
from acquirer.wire.other_protocols import other_protocol

ENCODING_WORDS = {"bcd": "BCD", "ascii": "ASCII", "ebcdic": "EBCDIC"}

TPDU_BYTES, HEAD_BYTES = 5, 6
HEADS, HEAD_MARGIN = 4, 4  # sizes of an unknown head that are tried, and how much less likely than the best they may be
LONGEST_HEAD = 32  # bytes: Visa's has 22 or 26, jPOS's text header 12, and others seldom more
ISO_LABEL = re.compile(rb"ISO[0-9]{9}")  # BASE24's head: "ISO", then nine digits of product, release, status, origin

_TEXT_HEAD = re.compile(rb"[A-Za-z][ -~]{2,}")

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
_FREQUENT = sum(1 << (64 - de) for de in (3, 4, 7, 11, 12, 13, 22, 37, 39, 41, 42))
_HEX_TEXT = re.compile(rb"(?:[0-9A-Fa-f]{2}){20,}")
_LEAST_BYTES = 10  # an MTI in BCD and a binary bitmap
FAR = 3  # times as much as there is: so much is not missing from a message
LOOKED_AT_BYTES = 512  # of a stream that a host looks at: a frame may be much longer

FITS, FITS_SO_FAR, TEXT, USUAL, ENVELOPE, UNKNOWN_HEAD, SELDOM = 40, 10, 12, 10, 10, 5, 12
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


def sniff(data: bytes, least: int = MIN_POINTS) -> WireForm | None:
    """Return what the beginning of a stream looks like; None when it looks like nothing known.

    Args:
        least: with fewer points it is taken for chance.

    >>> sniff(b"01230800A220000000800000" + b"0" * 103).mti
    '0800'
    """
    if other_protocol(data):
        return None
    best = max(_forms(data), key=lambda form: form.points, default=None)
    return best if best and best.points >= least else None


def mismatch(data: bytes, dialect: Dialect) -> str:
    """Return how bytes differ from what `dialect` expects, in a sentence; empty when they look like nothing, or fit.

    ``"this looks like a message with a 4-digit ASCII length (119); unionpay-pos on this port has a 2-byte length"``
    """
    form = sniff(data)
    if _has_begun(data, dialect) and (form is None or _is_cut(data, form)):
        return ""
    digits = _HEX_TEXT.match(data)
    if digits and (inner := sniff(bytes.fromhex(digits[0].decode()))) and (not form or inner.points > form.points):
        return "this looks like a message written as hexadecimal digits: send its bytes, not their text"
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
    remedy = "send it as this port reads it, or change the dialect"
    return f"this looks like a message with {seems}; {dialect.name} on this port has {has}; {remedy}"


def _has_begun(data: bytes, dialect: Dialect) -> bool:
    """Return whether these bytes are the beginning of a frame as `dialect` has them: the rest may still come."""
    cut = _first_frame(data, dialect.framing.bare, far=len(data) + 1)
    if cut is None or cut.left >= 0:
        return False
    envelope, grammar = dialect.envelope, dialect.grammar
    found = _message(cut.body[TPDU_BYTES * bool(envelope.tpdu) + len(envelope.head) :] + bytes(-cut.left))
    return found is not None and found.encodings == (grammar.mti_encoding, grammar.bitmap_encoding)


def _is_cut(data: bytes, form: WireForm) -> bool:
    """Return whether bytes do not end where the length of this form says: then it may be a length by chance."""
    cut = _first_frame(data, form.framing)
    return form.framing is None or cut is None or cut.left != 0


def describe_form(form: WireForm) -> str:
    """Return all parts of a form: ``"a 4-digit ASCII length (96), no TPDU, no head, MTI 0800 in ASCII and …"``."""
    return enumerated([_with_figures(form, part) for part in _seen(form)])


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
        f"a head of {plural(head_bytes, 'byte')}" if head_bytes else "no head",
        f"an MTI in {ENCODING_WORDS[mti]}",
        f"a bitmap in {ENCODING_WORDS[bitmap]}" if bitmap != "binary" else "a binary bitmap",
    )


def _with_figures(form: WireForm, part: str) -> str:
    if part == framing_words(form.framing) and form.length:
        return f"{part} ({form.length})"
    return part.replace("an MTI", f"MTI {form.mti}")


def _forms(data: bytes) -> Iterator[WireForm]:
    for framing in (*COMMON_FRAMINGS, None):
        cut = _first_frame(data, framing)
        if cut is None:
            continue
        for tpdu, head_bytes, envelope_points in _envelopes(cut.body):
            if framing in SHORT and envelope_points < 0:
                continue
            skipped = TPDU_BYTES * tpdu + head_bytes
            if message := _message(cut.body[skipped:]):
                points = _length_points(cut, skipped, message) + envelope_points + message.points
                points -= 2 * SELDOM * (framing in UNUSUAL and envelope_points < 0)  # a number fits by chance
                yield WireForm(points, framing, cut.length, tpdu, head_bytes, message.mti, *message.encodings)


class _Cut(NamedTuple):
    """The first frame of some bytes, if they are in a framing."""

    framing: Framing | None
    length: int  # as it stands there, in figures
    body: bytes
    left: int  # bytes after it; negative: so many are missing from it
    rest: bytes  # what stands after it


def _first_frame(data: bytes, framing: Framing | None, far: int = FAR) -> _Cut | None:
    """Return the first frame, if this is the framing; `far`: how many times as long as the data it may be."""
    if framing is None:
        return _Cut(None, 0, data, 0, b"")
    if not data.startswith(framing.start):
        return None
    start, end = framing.before_bytes, framing.end
    if not framing.length_bytes:
        stop = data.find(end, start)
        rest = data[stop + len(end) :]
        return _Cut(framing, 0, data[start:stop], len(rest), rest) if stop > start else None
    after = len(framing.start) + framing.length_bytes
    length = framing.length(data[len(framing.start) : after]) if len(data) >= start else None
    if length is None or length < _LEAST_BYTES or data[after:start] != framing.filler:
        return None
    stop = start + length
    if stop > far * len(data) and len(data) < LOOKED_AT_BYTES:  # it points far beyond the data: chance
        return None
    ended = stop + len(end)
    if data[stop:ended] != end[: max(0, len(data) - stop)] or (framing in SHORT and ended != len(data)):
        return None
    return _Cut(framing, length + framing.extra_bytes, data[start:stop], len(data) - ended, data[ended:])


def _length_points(cut: _Cut, skipped: int, first: MessageForm) -> int:
    """Return what a framing is worth by what follows its first frame: nothing, or another message of the same form.

    `skipped`: bytes of TPDU and head before the `first` message.
    """
    framing = cut.framing
    if framing is None:
        return 0
    seldom = SELDOM if framing in UNUSUAL else 0
    if cut.left == 0:
        by_end = FITS_SO_FAR - seldom // 2 * (len(framing.end) == 1)  # two bytes are seldom an end by chance
        return FITS - seldom if framing.length_bytes or framing.start else by_end
    by_chance = 0 if framing.length_bytes else -1  # an end may stand anywhere
    if cut.left < framing.before_bytes + _LEAST_BYTES or not cut.rest.startswith(framing.start):
        return by_chance
    body = cut.rest[framing.before_bytes :]
    alike = body[:1] == cut.body[:1] or not skipped  # TPDUs and heads of one connection begin alike
    following = _message(body[skipped:]) if alike else None
    return FITS_SO_FAR if following and following.encodings == first.encodings else by_chance


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
    if 0 < (own := body[0] if body else 0) <= LONGEST_HEAD:  # Visa's head begins with its own size
        yield False, own, ENVELOPE + (2 * USUAL if _message(body[own:]) else 0)
    for size in possible_heads(body):
        yield False, size, -UNKNOWN_HEAD * (2 - bool(_TEXT_HEAD.fullmatch(body[:size])))


def possible_heads(body: bytes) -> list[int]:
    """Return behind how many bytes of something unknown a message may begin: the likeliest of each encoding."""
    found: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for size in range(1, min(LONGEST_HEAD, len(body) - _LEAST_BYTES) + 1):
        if form := _message(body[size:]):
            found.setdefault(form.encodings, []).append((-form.points, size))
    sizes = set()
    for alike in found.values():  # digits of a text may look like an MTI: forms of one encoding do not push out others
        alike.sort()
        sizes |= {size for points, size in alike[:HEADS] if points <= alike[0][0] + HEAD_MARGIN}
    return sorted(sizes)


class MessageForm(NamedTuple):
    """An MTI and a bitmap that stand at a place, and the points for them."""

    points: int
    mti: str
    mti_encoding: str
    bitmap_encoding: str

    @property
    def encodings(self) -> tuple[str, str]:
        return self.mti_encoding, self.bitmap_encoding


def message_at(body: bytes, at: int) -> MessageForm | None:
    """Return the MTI and the bitmap that stand behind `at` bytes; None when none do."""
    return _message(body[at:])


def _message(body: bytes) -> MessageForm | None:
    """Return the MTI and the bitmap that stand here; None when none do."""
    for encoding, pattern in _MTI.items():
        if found := pattern.match(body):
            mti = found[0].hex() if encoding == "bcd" else found[0].decode(CHARSETS[encoding])
            rest = body[found.end() :]
            text = _bitmap(bytes.fromhex(_hex(rest[:16], encoding)), len(rest) - 16) if encoding != "bcd" else 0
            if text:
                return MessageForm(2 * TEXT + text, mti, encoding, encoding)
            if plain := _bitmap(rest[:8], len(rest) - 8):
                return MessageForm(TEXT * (encoding != "bcd") + plain, mti, encoding, "binary")
    return None


def _hex(text: bytes, encoding: str) -> str:
    digits = text.decode(CHARSETS[encoding])
    return digits if re.fullmatch("[0-9A-Fa-f]{16}", digits) else ""


def _bitmap(bitmap: bytes, left: int) -> int:
    """Return the points for a bitmap; 0: it is none, or announces more fields than there can be."""
    bits = int.from_bytes(bitmap, "big")
    if len(bitmap) != 8 or not bits & _USUAL or bits.bit_count() > left:
        return 0
    return USUAL + (bits & _FREQUENT).bit_count()
