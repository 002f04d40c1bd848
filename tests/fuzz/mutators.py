"""Damage to good frames, drawn from a seed: the same seed draws the same frames.

Each way is one that the field knows: bits that flip, digits that are none, lengths and bitmaps that promise otherwise,
fields of another message, frames that end early.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

EDGES: Final = bytes.fromhex("00 01 09 0A 0F 10 20 2B 2D 30 39 3D 40 41 46 7E 7F 80 81 99 A0 AA C0 D0 F0 F9 FE FF")
"""Bytes at which something begins or ends: digits of ASCII, BCD and EBCDIC, signs, lead bytes of GBK."""

MOST_CHANGES: Final = 4


def _bit(frame: bytearray, random: Random, _others: Sequence[bytes]) -> None:
    frame[random.randrange(len(frame))] ^= 1 << random.randrange(8)


def _byte(frame: bytearray, random: Random, _others: Sequence[bytes]) -> None:
    frame[random.randrange(len(frame))] = random.choice(EDGES) if random.random() < 0.7 else random.randrange(256)


def _nibble(frame: bytearray, random: Random, _others: Sequence[bytes]) -> None:
    at, nibble = random.randrange(len(frame)), random.randrange(16)
    frame[at] = frame[at] & 0xF0 | nibble if random.random() < 0.5 else frame[at] & 0x0F | nibble << 4


def _length(frame: bytearray, random: Random, _others: Sequence[bytes]) -> None:
    """Change a number by little, wherever one may stand."""
    at = random.randrange(len(frame))
    frame[at] = (frame[at] + random.choice((-16, -2, -1, 1, 2, 16))) % 256


def _bitmap(frame: bytearray, random: Random, _others: Sequence[bytes]) -> None:
    """Set or clear bits where bitmaps are: within the first forty bytes."""
    for _ in range(random.randint(1, 3)):
        frame[random.randrange(min(len(frame), 40))] ^= 1 << random.randrange(8)


def _cut(frame: bytearray, random: Random, _others: Sequence[bytes]) -> None:
    del frame[random.randrange(len(frame)) :]


def _drop(frame: bytearray, random: Random, _others: Sequence[bytes]) -> None:
    at = random.randrange(len(frame))
    del frame[at : at + random.randint(1, 8)]


def _insert(frame: bytearray, random: Random, _others: Sequence[bytes]) -> None:
    at = random.randrange(len(frame) + 1)
    frame[at:at] = random.randbytes(random.randint(1, 6))


def _double(frame: bytearray, random: Random, _others: Sequence[bytes]) -> None:
    at = random.randrange(len(frame))
    frame[at:at] = frame[at : at + random.randint(1, 40)]


def _splice(frame: bytearray, random: Random, others: Sequence[bytes]) -> None:
    """Go on as another message does."""
    other = random.choice(others)
    frame[random.randrange(len(frame)) :] = other[random.randrange(len(other)) :]


def _tag(frame: bytearray, random: Random, _others: Sequence[bytes]) -> None:
    """Put a tag whose length promises more, or nests, or is written long."""
    at = random.randrange(len(frame) + 1)
    tag = random.choice((b"\x9f\x26", b"\xff\x00", b"\x70", b"\xdf\x81\x29", b"A3", b"\x00"))
    frame[at:at] = tag + random.choice(
        (b"\x00", b"\x08", b"\x7f", b"\x80", b"\x81\xff", b"\x84\xff\xff\xff\xff", b"999")
    )


def _junk(frame: bytearray, random: Random, _others: Sequence[bytes]) -> None:
    frame += random.randbytes(random.randint(1, 20))


WAYS: Final[tuple[Callable[[bytearray, Random, Sequence[bytes]], None], ...]] = (
    _bit, _byte, _byte, _nibble, _nibble, _length, _bitmap, _cut, _drop, _insert, _double, _splice, _tag, _junk,
)  # fmt: skip


def damaged(good: Sequence[bytes], random: Random) -> bytes:
    """Return one of some frames, changed in one place or a few; one in fifty is left as it is."""
    frame = bytearray(random.choice(good))
    if random.random() < 0.02:
        return bytes(frame)
    for _ in range(random.randint(1, MOST_CHANGES)):
        if not frame:
            break
        random.choice(WAYS)(frame, random, good)
    return bytes(frame)
