"""The bits of a bitmap in the orders in which terminals have been seen to send them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from acquirer.dialect.dialect import Dialect
from acquirer.wire.misread import read_fields

_BITMAP_BYTES: Final = 8  # of one bitmap


class FrameForm(NamedTuple):
    """Another form of a message: in words, what to do, and the message as it should be (None: not this form)."""

    words: str
    remedy: str
    inner: bytes | None


def other_bit_orders(dialect: Dialect, frame: bytes, at: int) -> Iterator[FrameForm]:
    """Yield the frame with the bits of its first bitmap in another order."""
    grammar = dialect.grammar
    wire = frame[at : at + grammar.bitmap_bytes]
    try:
        bits = wire if grammar.bitmap_encoding == "binary" else bytes.fromhex(wire.decode(grammar.bitmap_charset))
    except ValueError:
        return
    if len(bits) < _BITMAP_BYTES:
        return
    for words, remedy, order in _ORDERS:
        other = order(bits)
        sent = other if bits is wire else other.hex().upper().encode(grammar.bitmap_charset)
        yield FrameForm(words, remedy, frame[:at] + sent + frame[at + len(wire) :])


def bits_as_text(dialect: Dialect, frame: bytes, at: int) -> Iterator[FrameForm]:
    """Yield the frame with a bitmap of 64 digits as it should be."""
    grammar = dialect.grammar
    binary = grammar.bitmap_encoding == "binary"
    digits = frame[at : at + _BITS].decode("latin-1" if binary else grammar.bitmap_charset)
    if len(digits) != _BITS or not set(digits) <= {"0", "1"}:
        return
    bits = int(digits, 2).to_bytes(_BITMAP_BYTES, "big")
    yield FrameForm(
        "the bitmap is sent as 64 characters, one for each bit",
        "send its eight bytes" if binary else "send sixteen hexadecimal digits",
        frame[:at] + (bits if binary else bits.hex().upper().encode(grammar.bitmap_charset)) + frame[at + _BITS :],
    )


def short_bitmaps(dialect: Dialect, frame: bytes) -> Iterator[FrameForm]:
    """Yield the frame with a bitmap of seven bytes as it may be: what the missing byte announces is not known."""
    grammar = dialect.grammar
    binary, size = grammar.bitmap_encoding == "binary", grammar.bitmap_bytes
    at = grammar.envelope_bytes + grammar.mti_bytes
    step = size // _BITMAP_BYTES  # characters of one byte
    sent, rest = frame[at : at + size - step], frame[at + size - step :]
    for place, first in (("last", _BITS - 8), ("first", 0)):
        if first and not _announces(dialect, frame, sent, at + size - step):
            continue
        words = f"the bitmap has {_BITMAP_BYTES - 1} bytes: its {place} byte is missing"
        for byte in _possible_bytes(dialect, first):
            more = bytes((byte,)) if binary else f"{byte:02X}".encode(grammar.bitmap_charset)
            whole = sent + more if first else more + sent
            yield FrameForm(words, f"send {_BITMAP_BYTES}, also where no bit of it is set", frame[:at] + whole + rest)


def _announces(dialect: Dialect, frame: bytes, sent: bytes, at: int) -> bool:
    """Return whether the fields that seven bytes of a bitmap announce stand at a place."""
    grammar = dialect.grammar
    try:
        bits = sent if grammar.bitmap_encoding == "binary" else bytes.fromhex(sent.decode(grammar.bitmap_charset))
    except ValueError:
        return False
    number = int.from_bytes(bits, "big") << 8
    des = [de for de in range(2, _BITS) if number >> (_BITS - de) & 1]
    return all(de in grammar.fields for de in des) and read_fields(frame, at, des, grammar, {}) is not None


_BITS: Final = 64


def _possible_bytes(dialect: Dialect, first: int) -> Iterator[int]:
    """Yield the bytes of a bitmap that announce fields with elements only, of those behind bit `first`."""
    used = {at.de for at in dialect.elements.values()}
    known = sum(0x80 >> place for place in range(8) if first + place + 1 in used)
    byte = known
    while True:
        yield byte
        if not byte:
            return
        byte = byte - 1 & known


def digit_of_all_bits(dialect: Dialect, frame: bytes) -> str:
    """Return the digit that all bits of a bitmap in bytes have; "" where they differ."""
    grammar = dialect.grammar
    at = grammar.envelope_bytes + grammar.mti_bytes
    bits = set(frame[at : at + grammar.bitmap_bytes]) if grammar.bitmap_encoding == "binary" else set()
    return "0" if bits == {0} else "1" if bits == {0xFF} else ""


def _mirrored(bits: bytes) -> bytes:
    return bytes(int(f"{byte:08b}"[::-1], 2) for byte in bits)


def _moved(bits: bytes, places: int, *, last: int = 0) -> bytes:
    """Return bits moved to the left, or to the right; `last`: the bit that comes in at the end."""
    number = int.from_bytes(bits, "big")
    moved = number << places if places > 0 else number >> -places
    return (moved & (1 << 8 * len(bits)) - 1 | last).to_bytes(len(bits), "big")


_FIRST_BIT: Final = "set bit 1 as the highest bit of the first byte"
_FIRST_BYTE: Final = "send the first one first"
_TO_THE_RIGHT: Final = "each bit of the bitmap stands one place too far to the right"
_FROM_ONE: Final = "number from 1: bit 2 is the second one from the left"
_ORDERS: Final[tuple[tuple[str, str, Callable[[bytes], bytes]], ...]] = (
    (
        "the bits of each byte of the bitmap stand in reverse order: bit 1 is the highest bit of the first byte",
        _FIRST_BIT,
        _mirrored,
    ),
    (
        "the bits of the bitmap are numbered from 0: each stands one place too far to the left",
        _FROM_ONE,
        lambda bits: _moved(bits, -1),
    ),
    (_TO_THE_RIGHT, _FROM_ONE, lambda bits: _moved(bits, 1)),
    (
        _TO_THE_RIGHT,
        _FROM_ONE,
        lambda bits: _moved(bits, 1, last=1),
    ),  # the last bit has gone over the edge
    ("the bytes of the bitmap stand in reverse order", _FIRST_BYTE, lambda bits: bits[::-1]),
    (
        "the bytes of each half of the bitmap stand in reverse order, as numbers of 32 bits do in some memories",
        _FIRST_BYTE,
        lambda bits: bits[: len(bits) // 2][::-1] + bits[len(bits) // 2 :][::-1],
    ),
    (
        "the second half of the bitmap stands before the first",
        "send the half of bit 1 first",
        lambda bits: bits[len(bits) // 2 :] + bits[: len(bits) // 2],
    ),
    ("all bits of the bitmap stand in reverse order, bit 64 first", _FIRST_BIT, lambda bits: _mirrored(bits)[::-1]),
    (
        "the bits of the bitmap are inverted: they are 0 for the fields that are there",
        "set the bit of each field that is there to 1",
        lambda bits: bytes(byte ^ 0xFF for byte in bits),
    ),
)
