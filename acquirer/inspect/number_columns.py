"""Numbers without offsets, brackets or marks: what od -An prints, and digits of bits.

1. A text is read when it is nothing but such numbers: within other text they would be anything.
2. Octal numbers are filled up with zeros, decimal ones with blanks; cells have one width.
"""

from __future__ import annotations

import re

from acquirer.inspect.number_dumps import CHARACTERS, NAMES, OCTAL_SIZES, SIZES, CellForm
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
    """Yield the bytes of a text of nothing but decimal numbers, in as few bytes as the largest of them needs."""
    return _joined(_decimals(text))


def filled_decimal_columns(text: str) -> Found:
    """Yield the same without the zeros that fill up the last number."""
    return _joined(_decimals(text), filled=True)


def _decimals(text: str) -> list[bytes]:
    words = _numbers(text, "-0123456789")
    if not all(re.fullmatch("-?(?:0|[1-9][0-9]{0,19})", word) for word in words):
        return []
    numbers = [int(word) for word in words]
    size = next((size for size in SIZES if all(-1 << 8 * size - 1 <= one < 1 << 8 * size for one in numbers)), 0)
    return [(one % (1 << 8 * size)).to_bytes(size, "little") for one in numbers] if size else []


def word_columns(text: str) -> Found:
    """Yield the bytes of a text of nothing but words of one size in hex, each with its lowest byte first."""
    return _joined(_words(text))


def filled_word_columns(text: str) -> Found:
    """Yield the same without the zeros that fill up the last word."""
    return _joined(_words(text), filled=True)


def _words(text: str) -> list[bytes]:
    words = _numbers(text, "0123456789abcdefABCDEF")
    sizes = {len(word) for word in words}
    return [bytes.fromhex(word)[::-1] for word in words] if len(sizes) == 1 and sizes <= {4, 8, 16} else []


def _joined(numbers: list[bytes], filled: bool = False) -> Found:
    """Yield the bytes of numbers of one size; `filled`: without the zeros at the end of the last one, if it has any."""
    if numbers:
        last = numbers[-1][:1] + numbers[-1][1:].rstrip(b"\0") if filled else numbers[-1]
        if not filled or len(last) < len(numbers[-1]):
            yield 1, b"".join(numbers[:-1]) + last


def character_columns(text: str) -> Found:
    """Yield the bytes of a text of nothing but characters in columns of four, as od -An -c prints them."""
    return _in_columns(text, CHARACTERS)


def name_columns(text: str) -> Found:
    """Yield the same of names of characters, as od -An -a prints them."""
    return _in_columns(text, NAMES)


def _in_columns(text: str, form: CellForm) -> Found:
    lines = [line for line in text.splitlines() if line]
    row = form.row()
    if (
        not lines
        or sum(map(len, lines)) < 4 * LEAST
        or not all(line[0] == " " and row.fullmatch(line) for line in lines)
    ):
        return
    width = max(map(len, lines)) if form.blanks else 0
    written = [found[1] for line in lines if (found := row.fullmatch(line))]
    cells = [cell for line in written[:-1] for cell in form.split(line.ljust(width), 1)]
    yield 1, bytes(map(form.number, cells + form.split(written[-1], 1)))


def _numbers(text: str, digits: str) -> list[str]:
    """Return the words of a text of nothing but numbers; none where there is something else."""
    if set(text) - set(digits + " \t\r\n"):
        return []
    words = text.split()
    return words if len(words) >= LEAST else []
