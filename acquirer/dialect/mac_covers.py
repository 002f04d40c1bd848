"""The bytes of a message that a terminal may have taken for the MAB, for the diagnosis of a MAC that differs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from acquirer.data.text import plural
from acquirer.dialect.dialect import Dialect
from acquirer.security.candidates import Candidate
from acquirer.wire.coverage import COVERAGES
from acquirer.wire.message import Message


def mac_covers(dialect: Dialect, message: Message) -> list[Candidate[bytes]]:
    """Return the bytes that are tried, the right coverage first."""
    frame, size, grammar = message.raw, dialect.mac_width, dialect.grammar
    right, bit = dialect.covered(frame), dialect.mac_de(message.fields)
    at = grammar.envelope_bytes
    tried = [Candidate("the same MAB", "", right)]
    for name, coverage in COVERAGES.items():
        if name != "bitmap-to-mac":
            tried.append(_cover(_COVERED.get(name, name), coverage(frame, at, size)))
    tried += [
        _cover("the MAB without the MTI", frame[at + grammar.mti_bytes : -size]),
        _cover(
            "the frame with its length", dialect.framing.wrap(frame)[: dialect.framing.before_bytes + len(frame) - size]
        ),
        _cover(
            f"the MAB before bit {bit} is set in the bitmap",
            _without_mac_bit(dialect, message),
            remedy=f"set bit {bit} of the bitmap first",
        ),
        _cover("a length of two bytes, and the MAB", len(right).to_bytes(2, "big") + right),
        *_other_stans(dialect, message),
        *_written_otherwise(dialect, right),
        _cover("the MAB as hex text", right.hex().upper().encode()),
        _cover("the MAB as hex text in lower case", right.hex().encode()),
        _cover(
            "the MAB padded with 80 before the zeros",
            right + b"\x80",
            remedy="fill up the last block with zeros (00) only",
        ),
        *_own_place(dialect, right, size),
        *(
            _cover(
                f"whole blocks of {block} only, without the incomplete last one",
                right[: len(right) // block * block],
                remedy="fill up the last block with zeros (00) and cover it too",
            )
            for block in (8, 16)
        ),
        *(
            _cover(f"the MAB filled up with {words}", right + byte * (-len(right) % 8), remedy=_FILL_UP)
            for words, byte in _FILLINGS
        ),
        _cover("the MAB with zeros before it", bytes(-len(right) % 8) + right, remedy=_FILL_UP),
        _block_too_many(dialect, right + bytes(-len(right) % 8 + 8)),
    ]
    if dialect.envelope.tpdu and dialect.envelope.head:
        tried.append(_cover("the TPDU before the MAB", frame[: len(dialect.envelope.tpdu)] + right))
    expected = f"cover {_RIGHT.get(dialect.security.coverage, 'what the dialect says')}"
    return [
        tried[0],
        *(one._replace(remedy=one.remedy or expected) for one in (*tried[1:], *_left_out(dialect, message, right))),
    ]


def _block_too_many(dialect: Dialect, data: bytes) -> Candidate[bytes]:
    """Return the MAB with one block of zeros too many, which a retail MAC has another cause for as well."""
    found = _cover("one more block of zeros than are needed", data)
    if dialect.security.mac.removesuffix("-hex") not in ("x9.19", "iso9797-1-alg3"):
        return found
    hint = f"{found.hint}, or encrypts the last block by DES and then by 3DES, which is one encryption too many"
    return found._replace(hint=hint, remedy="fill up to a whole block only, and encrypt the last block by 3DES alone")


def _own_place(dialect: Dialect, right: bytes, size: int) -> Iterator[Candidate[bytes]]:
    """Yield the MAB with a filled field of the MAC behind it, and with what its fold may have begun with before it."""
    for words, byte in _FILLINGS:
        place = f"the MAC's own place too, filled with {words}"
        if dialect.security.mac != "unionpay-ecb":
            yield _cover(place, right + byte * size)
            continue
        hint = f"the terminal begins its fold with {words}"
        both = f"the terminal covers {place}, or begins its fold with {words}"  # XOR makes one number of both
        ends = f"leave the MAC out, and {_ZEROS}"
        yield _cover(place, right + byte * size, remedy=ends)._replace(hint=both)
        before = _cover(f"{words} before the MAB", byte * _WIDE_BLOCK + right, remedy=_ZEROS, alone=True)
        yield before._replace(hint=hint)


_ZEROS: Final = "begin the fold with zeros"
_WIDE_BLOCK: Final = 16  # bytes of a block of SM4; of DES it is two, which cancel each other


def _other_stans(dialect: Dialect, message: Message) -> Iterator[Candidate[bytes]]:
    """Yield the MAB with the STAN before and the one behind: it was counted between the MAC and the sending."""
    at = dialect.elements.get("stan")
    stan = message.fields.get(at.de) if at is not None and at.whole else None
    if at is None or not isinstance(stan, str) or not stan.isdecimal():
        return
    spec, (start, stop) = dialect.fields[at.de], dialect.spans(message)[at.de]
    for words, other in (("before", int(stan) - 1), ("behind", int(stan) + 1)):
        if 0 <= other < 10 ** len(stan):
            digits = str(other).zfill(len(stan))
            wire = bytes.fromhex(digits) if spec.nibbles else digits.encode(spec.charset)
            changed = message.raw[:start] + wire + message.raw[stop:]
            words = f"the MAB with the STAN {words} it"
            yield _cover(words, dialect.covered(changed), remedy="count the STAN before the MAC is made", alone=True)


def _written_otherwise(dialect: Dialect, right: bytes) -> Iterator[Candidate[bytes]]:
    """Yield the MAB with MTI and bitmap in the form that they do not have on the wire."""
    grammar, charset = dialect.grammar, "ascii"
    if dialect.security.coverage != "mti-to-mac":
        return
    mti, after = right[: grammar.mti_bytes], right[grammar.mti_bytes :]
    size = grammar.bitmap_bytes
    if grammar.secondary and grammar.bitmap_encoding == "binary" and after[:1] >= b"\x80":
        size *= 2
    elif grammar.secondary and grammar.bitmap_encoding != "binary":
        charset = grammar.bitmap_charset
        size *= 1 + (after[:1].decode(charset) in "89ABCDEFabcdef")
    bitmap, rest = after[:size], after[size:]
    remedy = "cover MTI and bitmap as they are sent"
    if grammar.bitmap_encoding == "binary":
        text, digits = mti.hex().encode() if grammar.mti_encoding == "bcd" else mti, bitmap.hex().upper().encode()
        yield _cover("the MAB with its MTI as text", text + after, remedy=remedy)
        yield _cover("the MAB with its bitmap as text", mti + digits + rest, remedy=remedy)
        yield _cover("the MAB with MTI and bitmap as text", text + digits + rest, remedy=remedy)
    else:
        packed, bits = bytes.fromhex(mti.decode(charset)), bytes.fromhex(bitmap.decode(charset))
        yield _cover("the MAB with its bitmap packed", mti + bits + rest, remedy=remedy)
        yield _cover("the MAB with MTI and bitmap packed", packed + bits + rest, remedy=remedy)


_RIGHT: Final = {
    "mti-to-mac": "the bytes from the MTI up to the MAC",
    "frame-to-mac": "the bytes from the TPDU up to the MAC",
    "head-to-mac": "the bytes from the head up to the MAC",
    "mti-to-end-zeroed": "the bytes from the MTI to the end, with zeros in the MAC's place",
    "bitmap-to-mac": "the bytes from the bitmap up to the MAC",
}

_COVERED: Final = {
    "mti-to-mac": "the bytes from the MTI to the MAC",
    "frame-to-mac": "TPDU and head too",
    "head-to-mac": "the head too",
    "mti-to-end-zeroed": "the MAC's own place too, filled with zeros",
}

_FILL_UP: Final = "fill up the last block with zeros (00) behind it"

_FILLINGS: Final = (("spaces", b" "), ("digits 0", b"0"), ("bytes FF", b"\xff"))


def _cover(words: str, data: bytes, *, remedy: str = "", alone: bool = False) -> Candidate[bytes]:
    return Candidate(f"{words} ({plural(len(data), 'byte')})", f"the terminal covers {words}", data, remedy, alone)


def _left_out(dialect: Dialect, message: Message, right: bytes) -> Iterator[Candidate[bytes]]:
    """Yield the covered bytes without the bitmap, and without each single field."""
    spans = dialect.spans(message)
    frame = message.raw
    before = frame.find(right)
    if before < 0:  # more is covered than stands in the frame
        return
    for name, (start, stop) in spans.items():
        if before <= start and stop <= before + len(right) and name != "mti":
            what = f"DE {name}" if isinstance(name, int) else f"the {name}"
            data = frame[before:start] + frame[stop : before + len(right)]
            yield _cover(f"the MAB without {what}", data, alone=True)
            if isinstance(name, int) and name != dialect.mac_de(message.fields):
                cleared = _without_bit(dialect, frame[:start] + frame[stop:], name)
                yield _cover(
                    f"the MAB before {what} and its bit were there",
                    dialect.covered(cleared),
                    remedy="make the MAC when all fields are there",
                    alone=True,
                )


def _without_mac_bit(dialect: Dialect, message: Message) -> bytes:
    """Return the covered bytes before the MAC's bit is set in the bitmap."""
    return dialect.covered(_without_bit(dialect, message.raw, dialect.mac_de(message.fields)))


def _without_bit(dialect: Dialect, frame: bytes, de: int) -> bytes:
    """Return a frame in whose bitmap the bit of a field is not set."""
    place, grammar = de - 1, dialect.grammar
    at = grammar.envelope_bytes + grammar.mti_bytes
    if grammar.bitmap_encoding == "binary":
        at += place // 8
        return frame[:at] + bytes((frame[at] & ~(0x80 >> place % 8),)) + frame[at + 1 :]
    at += place // 4
    charset = grammar.bitmap_charset
    digit = frame[at : at + 1].decode(charset)
    less = f"{int(digit, 16) & ~(8 >> place % 4):x}"
    cleared = (less if digit.islower() else less.upper()).encode(charset)
    return frame[:at] + cleared + frame[at + 1 :]
