"""The JBIG1 encoder (ITU-T T.82 §6, T.85): one plane, one layer, the adaptive pixel at its usual place.

Made for signatures: byte for byte what ``pbmtojbg85 -m 0`` writes, which every decoder in the field reads.
"""

from __future__ import annotations

from typing import Final

from acquirer.signature.bitmap import Bitmap
from acquirer.signature.jbig import ESC, LRLTWO, SDNORM, STUFF, TEMPLATES, TPBON, Header
from acquirer.signature.jbig_table import CONTEXTS, LSZ, NEXT_LPS, NEXT_MPS

STRIPE_LINES: Final = 128
"""T.85's own height of a stripe: most signatures are one."""


def encode(bitmap: Bitmap, *, two_line: bool = False, typical: bool = True, stripe_lines: int = STRIPE_LINES) -> bytes:
    """Compress a bitmap, which must not be empty.

    Terminals in the field use `typical` with either template; `two_line` compresses thin strokes a little worse.
    """
    options = (LRLTWO if two_line else 0) | (TPBON if typical else 0)
    header = Header(bitmap.width, bitmap.height, stripe_lines, 0, 0, options)
    template = TEMPLATES[two_line, False]
    states = [0] * CONTEXTS
    above = two_above = bytes(bitmap.width)
    changing = True
    out = header.pack()
    for top in range(0, bitmap.height, stripe_lines):
        encoder = _Encoder()
        for y in range(top, min(top + stripe_lines, bitmap.height)):
            line = _pixels(bitmap, y)
            was, changing = changing, line != above
            if typical:
                encoder.bit(states, template.typical, int(was == changing))
            if changing or not typical:
                incoming = template.incoming(above, two_above)
                encoder.bits(states, template.start(above, two_above), template.mask, incoming, line)
            above, two_above = line, above
        out += encoder.finish().replace(bytes((ESC,)), bytes((ESC, STUFF))) + bytes((ESC, SDNORM))
    return out


def _pixels(bitmap: Bitmap, y: int) -> bytes:
    """One row, one byte per pixel."""
    bits = f"{int.from_bytes(bitmap.row(y), 'big'):0{bitmap.stride * 8}b}"
    return bits[: bitmap.width].encode().translate(_VALUES)


_VALUES: Final = bytes(int(byte == ord("1")) for byte in range(256))


class _Encoder:
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
        """The stripe's bytes: as few as say where in the interval the code lies."""
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
