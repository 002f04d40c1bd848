"""Numbers without offsets, brackets or marks: what od -An prints, and digits of bits.

1. A text is read when it is nothing but such numbers: within other text they would be anything.
2. Octal numbers are filled up with zeros, decimal ones with blanks; cells have one width.
"""

from __future__ import annotations

import re

from acquirer.inspect.number_dumps import CHARACTERS, OCTAL_SIZES
from acquirer.inspect.printed import Found

LEAST = 8  # numbers: fewer are no message
BITS_LEAST = 64
SEPARATORS = str.maketrans("", "", " \t\r\n_,|-")


def bits(text: str) -> Found:
    """Yield the bytes of a text of nothing but bits, joined or in groups."""
    digits = text.translate(SEPARATORS)
    if len(digits) >= BITS_LEAST and len(digits) % 8 == 0 and are_bits(digits):
        yield 1, bytes(int(digits[at : at + 8], 2) for at in range(0, len(digits), 8))


def are_bits(text: str) -> bool:
    """Return whether a text has no other characters than bits and blanks, and both bits."""
    return {"0", "1"} <= set(text) <= set("01 \t\r\n_,|-")


def octal_columns(text: str) -> Found:
    """Yield the bytes of a text of nothing but octal numbers of one width, each with its lowest byte first."""
    words = _numbers(text, "01234567")
    widths = {len(word) for word in words}
    size = OCTAL_SIZES.get(widths.pop(), 0) if len(widths) == 1 else 0
    if size and all(int(word, 8) < 1 << 8 * size for word in words):
        yield 1, b"".join(int(word, 8).to_bytes(size, "little") for word in words)


def decimal_columns(text: str) -> Found:
    """Yield the bytes of a text of nothing but decimal numbers from -128 to 255."""
    words = _numbers(text, "-0123456789")
    columns = len({len(word) for word in words}) > 1 or "  " in text.strip()  # else two digits are hex
    if words and columns and all(re.fullmatch("-?(?:0|[1-9][0-9]{0,2})", word) for word in words):
        numbers = [int(word) for word in words]
        if all(-129 < number < 256 for number in numbers):
            yield 1, bytes(number & 0xFF for number in numbers)


def character_columns(text: str) -> Found:
    """Yield the bytes of a text of nothing but characters in columns of four, as od -An -c prints them."""
    lines = [line for line in text.splitlines() if line]
    row = CHARACTERS.row()
    if (
        not lines
        or sum(map(len, lines)) < 4 * LEAST
        or not all(line[0] == " " and row.fullmatch(line) for line in lines)
    ):
        return
    width = max(map(len, lines))
    cells = [cell for line in lines[:-1] for cell in CHARACTERS.split(line.ljust(width), 1)]
    yield 1, bytes(map(CHARACTERS.number, cells + CHARACTERS.split(lines[-1], 1)))


def _numbers(text: str, digits: str) -> list[str]:
    """Return the words of a text of nothing but numbers; none where there is something else."""
    if set(text) - set(digits + " \t\r\n"):
        return []
    words = text.split()
    return words if len(words) >= LEAST else []
