"""The adaptive arithmetic coder of JBIG1 (ITU-T T.82 §6.8): decisions with a context each, to bytes and back.

Both directions work on whole lines: a context slides along, one byte of `incoming` bits joins it for each pixel, and
`states` (by context, see `jbig_table`) learns. The loops are the signature floor's only hot ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat
from typing import Final

from acquirer.signature.jbig_table import LSZ, NEXT_LPS, NEXT_MPS

SPARE_BITS_MAX: Final = 15
"""By how many bits the number at the end of a stripe may be rounder than it need be: each more is half as likely, so
one stripe in 32 000 ends rounder."""

_HALF: Final = 0x8000 << 8
_LSZ: Final = tuple(size << 8 for size in LSZ)


class ArithmeticDecoder:
    """The arithmetic decoder's registers within one stripe (T.82 §6.8.2, figures 28 to 35).

    Interval and code are kept shifted left by 8, so that a byte enters at the bottom and all fits in one machine digit.
    """

    __slots__ = ("_at", "_code", "_coded", "_interval", "_shifts")

    def __init__(self, coded: bytes) -> None:
        self._coded = coded
        self._code = int.from_bytes(coded[:3].ljust(3, b"\0"), "big")
        self._at = 3
        self._shifts = 8  # until the next byte is due
        self._interval = 0x10000 << 8

    def bit(self, states: list[int], context: int) -> int:
        """Return one decision in a context of its own."""
        return self.bits(states, context >> 1, -1, bytes((context & 1,)), 0, 0)[0]

    def bits(self, states: list[int], context: int, mask: int, incoming: bytes, reach: int, adaptive: int) -> bytes:
        """Return the pixels of one line, one byte each, while `context` slides along; `states` learns.

        With a `reach`, bit `adaptive` of the context is the pixel so far to the left.
        """
        coded, at, code, interval, shifts = self._coded, self._at, self._code, self._interval, self._shifts
        size = len(coded)
        line = [0] * reach
        pixel = 0
        far: Iterable[int] = line if reach else repeat(0)  # `line` grows while it is read, `reach` pixels behind
        for new, left in zip(incoming, far, strict=False):
            context = (context & mask) << 1 | pixel | new | left << adaptive
            state = states[context]
            lps = _LSZ[state]
            interval -= lps
            if code < interval:
                if interval >= _HALF:
                    pixel = state & 1
                    line.append(pixel)
                    continue
                likely = interval >= lps
            else:
                code -= interval
                likely = interval < lps
                interval = lps
            if likely:
                pixel = state & 1
                states[context] = NEXT_MPS[state]
            else:
                pixel = 1 - (state & 1)
                states[context] = NEXT_LPS[state]
            line.append(pixel)
            while interval < _HALF:
                if not shifts:
                    if at < size:
                        code |= coded[at]
                    at += 1
                    shifts = 8
                interval <<= 1
                code <<= 1
                shifts -= 1
        self._at, self._code, self._interval, self._shifts = at, code, interval, shifts
        return bytes(line[reach:])

    def overrun(self) -> int:
        """Return how many bytes were read behind the end: they count as zeros, which an encoder need not write."""
        return self._at - len(self._coded)

    def flushed(self) -> bool:
        """Return whether an encoder that has coded the decisions so far would end with these bits (FLUSH, T.82 6.8.1).

        It writes the roundest number of the interval that is left: a multiple of 0x10000, else of 0x8000. Where bytes
        end otherwise, they are not the ones that these decisions were coded into.
        """
        code, interval = self._code >> 8, self._interval >> 8
        if self._code == 0:  # the number is where the interval begins: what followed was the most probable
            return True
        spare = 8 * self._at - 16 - self._shifts - _last_bit(self._coded)
        if spare == 0:
            return code < 0x8000 and interval - code <= 0x8000  # else the interval has a multiple of 0x10000 in it
        return 0 < spare <= SPARE_BITS_MAX


class ArithmeticEncoder:
    """The arithmetic encoder's registers within one stripe (T.82 §6.8.1, figures 20 to 27)."""

    __slots__ = ("_code", "_interval", "_out", "_shifts")

    def __init__(self) -> None:
        self._out = bytearray(1)  # a first byte that takes no carry, and is dropped at the end
        self._code = 0
        self._interval = 0x10000
        self._shifts = 11  # until the next byte is complete

    def bit(self, states: list[int], context: int, value: int) -> None:
        """One decision in a context of its own."""
        self.bits(states, context >> 1, -1, bytes((context & 1,)), bytes((value,)))

    def bits(self, states: list[int], context: int, mask: int, incoming: bytes, line: bytes) -> None:
        """The pixels of one line while `context` slides along; `states` learns."""
        code, interval, shifts = self._code, self._interval, self._shifts
        before = 0
        for new, pixel in zip(incoming, line, strict=True):
            context = (context & mask) << 1 | before | new
            before = pixel
            state = states[context]
            lps = LSZ[state]
            interval -= lps
            if pixel == state & 1:
                if interval >= 0x8000:
                    continue
                upper = interval < lps  # the larger part always goes to the more probable symbol
                states[context] = NEXT_MPS[state]
            else:
                upper = interval >= lps
                states[context] = NEXT_LPS[state]
            if upper:
                code += interval
                interval = lps
            while interval < 0x8000:
                interval <<= 1
                code <<= 1
                shifts -= 1
                if not shifts:
                    self._put(code >> 19)
                    code &= 0x7FFFF
                    shifts = 8
        self._code, self._interval, self._shifts = code, interval, shifts

    def finish(self) -> bytes:
        """Return the stripe's bytes: as few as say where in the interval the code lies."""
        roundest = (self._code + self._interval - 1) & ~0xFFFF
        if roundest < self._code:
            roundest += 0x8000
        code = roundest << self._shifts
        # Zeros at the end need not be written, and are not; one that was complete before stays, as jbigkit has it.
        complete = 1 if code >> 27 else len(self._out)
        self._put(code >> 19)
        self._out.append(code >> 11 & 0xFF)
        return bytes(self._out[1:complete] + self._out[complete:].rstrip(b"\0"))

    def _put(self, byte: int) -> None:
        """Write a byte; the bit above it is a carry into those before."""
        if byte > 0xFF:
            at = len(self._out) - 1
            while self._out[at] == 0xFF:
                self._out[at] = 0
                at -= 1
            self._out[at] += 1
        self._out.append(byte & 0xFF)


def _last_bit(coded: bytes) -> int:
    """Return where the last bit that is set stands, from 0; -1 for none."""
    significant = coded.rstrip(b"\0")
    if not significant:
        return -1
    last = significant[-1]
    return 8 * len(significant) - (last & -last).bit_length()
