"""Bitmaps on a text terminal: eight dots to a character, as Braille has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from acquirer.signature.bitmap import Bitmap

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # Unicode 2800: by row and column


def lines(bitmap: Bitmap, columns: int) -> list[str]:
    """Return `bitmap` in at most so many columns; where it is made smaller, a dot is ink if any of its pixels is.

    >>> from acquirer.signature.bitmap import Bitmap
    >>> lines(Bitmap.from_rows(4, [0b1111, 0b0000, 0b0000, 0b1001]), 10)
    ['⡉⢉']
    """
    scale = max(1, -(-bitmap.width // (2 * columns)))
    ink: dict[tuple[int, int], int] = {}
    for y in range(bitmap.height):
        row = int.from_bytes(bitmap.row(y), "big")
        while row:
            bit = row.bit_length() - 1
            row ^= 1 << bit
            x, line = (bitmap.stride * 8 - 1 - bit) // scale, y // scale
            ink[line // 4, x // 2] = ink.get((line // 4, x // 2), 0) | _DOTS[line % 4][x % 2]
    width, height = -(-bitmap.width // (2 * scale)), -(-bitmap.height // (4 * scale))
    return ["".join(chr(0x2800 + ink.get((y, x), 0)) for x in range(width)) for y in range(height)]
