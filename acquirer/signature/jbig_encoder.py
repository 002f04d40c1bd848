"""The JBIG1 encoder (ITU-T T.82 §6, T.85): one plane, one layer, the adaptive pixel at its usual place.

Made for signatures: byte for byte what ``pbmtojbg85 -m 0`` writes, which every decoder in the field reads.
"""

from __future__ import annotations

from typing import Final

from acquirer.signature.bitmap import Bitmap
from acquirer.signature.jbig import ESC, LRLTWO, SDNORM, STUFF, TEMPLATES, TPBON, JbigHeader
from acquirer.signature.jbig_arithmetic import ArithmeticEncoder
from acquirer.signature.jbig_table import CONTEXTS

STRIPE_LINES: Final = 128
"""T.85's own height of a stripe: most signatures are one."""


def encode_jbig(
    bitmap: Bitmap, *, two_line: bool = False, typical: bool = True, stripe_lines: int = STRIPE_LINES
) -> bytes:
    """Compress a bitmap, which must not be empty.

    Terminals in the field use `typical` with either template; `two_line` compresses thin strokes a little worse.
    """
    options = (LRLTWO if two_line else 0) | (TPBON if typical else 0)
    header = JbigHeader(bitmap.width, bitmap.height, stripe_lines, 0, 0, options)
    template = TEMPLATES[two_line, False]
    states = [0] * CONTEXTS
    above = two_above = bytes(bitmap.width)
    changing = True
    out = header.pack()
    for top in range(0, bitmap.height, stripe_lines):
        encoder = ArithmeticEncoder()
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
    """Return one row, one byte per pixel."""
    bits = f"{int.from_bytes(bitmap.row(y), 'big'):0{bitmap.stride * 8}b}"
    return bits[: bitmap.width].encode().translate(_VALUES)


_VALUES: Final = bytes(int(byte == ord("1")) for byte in range(256))
