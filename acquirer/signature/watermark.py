"""The feature code as a watermark of a signature: eight grey digits in the middle of the pad, under the ink.

Terminals show the code on the pad while it is signed, some send it within the bitmap. Grey on one bit per pixel is dots
with paper between; on a small pad (128 × 64, digits seven pixels apart, as in the field) there is no room for it.
"""

from __future__ import annotations

import re
from itertools import product

from acquirer.signature.bitmap import Bitmap

PITCH = 7
"""Cells from digit to digit, each 5 × 7 cells."""

_CELL_PIXELS = {4: 0.1, 2: 1 / 3}
"""Sizes of a cell and what a bitmap's width must leave free for it: four dots in 4 × 4 pixels, one dot in 2 × 2. Digits
of 28 pixels are read as such beneath a signature, smaller ones get lost in it."""

_DIGITS = {
    "0": "0E11131519110E", "1": "040C040404040E", "2": "0E11010204081F", "3": "1F02040201110E",
    "4": "02060A121F0202", "5": "1F101E0101110E", "6": "0608101E11110E", "7": "1F010204080808",
    "8": "0E11110E11110E", "9": "0E11110F01020C", "A": "0E11111F111111", "B": "1E11111E11111E",
    "C": "0E11101010110E", "D": "1C12111111121C", "E": "1F10101E10101F", "F": "1F10101E101010",
}  # fmt: skip
"""Seven rows of five cells each, a byte per row."""


def draw_watermark(bitmap: Bitmap, code: str) -> Bitmap:
    """Return `bitmap` with the eight hex digits of `code` in its middle.

    Raises:
        ValueError: no feature code, or a bitmap too small to hold it.
    """
    if not re.fullmatch("[0-9A-F]{8}", code):
        raise ValueError(f"{code!r} is no feature code: eight digits 0-9 A-F")
    cells = 8 * PITCH - 2
    fitting = (size for size, free in _CELL_PIXELS.items() if size * cells <= round(bitmap.width * (1 - free)))
    cell = next((size for size in fitting if size * 7 * 2 <= bitmap.height), 1)
    left, top = (bitmap.width - cells * cell) // 2, (bitmap.height - 7 * cell) // 2
    if left < 0 or top < 0:
        raise ValueError(f"a bitmap of {bitmap.width} × {bitmap.height} pixels has no room for the feature code")
    shift = bitmap.stride * 8 - bitmap.width
    rows = [int.from_bytes(bitmap.row(y), "big") >> shift for y in range(bitmap.height)]
    dots = max(1, cell // 2)
    for y, line in enumerate(_cells(code)):
        for x in range(cells):
            if line >> (cells - 1 - x) & 1:
                for i, j in product(range(dots), repeat=2):
                    # Exclusive or: where ink lies over a digit its dots are paper, so that it can still be read.
                    rows[top + y * cell + 2 * j] ^= 1 << (bitmap.width - 1 - left - x * cell - 2 * i)
    return Bitmap.from_rows(bitmap.width, rows)


def _cells(code: str) -> list[int]:
    """Return the seven rows of cells of all digits, the leftmost cell in the highest bit."""
    rows = [0] * 7
    for digit in code:
        for y, row in enumerate(bytes.fromhex(_DIGITS[digit])):
            rows[y] = rows[y] << PITCH | row << 2
    return [row >> 2 for row in rows]  # no gap after the last digit
