"""Lists of numbers: Go ``[0 60 96]``, Java ``[0, 51, -126]``, C and C# ``{ 0x00, 0x3C }``, Erlang, JSON, Kotlin."""

from __future__ import annotations

import re

from acquirer.inspect.printed import Found

LIST_ITEMS = 8  # fewer numbers are no message

_NUMBER = (
    r"(?:\(\s*(?:byte|sbyte|unsigned char|char|uint8_t)\s*\)\s*|byte\s*\(\s*)?"
    r"(?P<n>[+-]?0[xX][0-9A-Fa-f]{1,2}|&[hH][0-9A-Fa-f]{1,2}|0?[0-9A-Fa-f]{2}[hH]|0[bB][01]{1,8}|[+-]?[0-9]{1,3})"
    r"(?:\.toByte\(\)|\.toU?Byte\(\)|[uU]8|[uU])?\)?"
)
_ITEM = re.compile(_NUMBER)
_PLAIN = re.sub(r"\?P<n>", "?:", _NUMBER)
_LIST = re.compile(rf"(?<![\w.+\-]){_PLAIN}(?:(?:\s*[,;]\s*|\s+){_PLAIN}){{{LIST_ITEMS - 1},}}(?!\w)")
_MARKED = re.compile("[,;xXhH]")  # numbers with nothing but blanks between them are a list in brackets only
_OPENING = ("[", "{", "(", "<")
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)


def number_lists(text: str) -> Found:
    """Yield lists of numbers from -128 to 255, decimal or with their prefixes, within any other text."""
    plain = _COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text) if "/" in text else text
    for found in _LIST.finditer(plain):
        bracketed = plain[max(0, found.start() - 20) : found.start()].rstrip()[-1:] in _OPENING
        if not bracketed and not _MARKED.search(found[0]):
            continue
        numbers = [_number(item["n"]) for item in _ITEM.finditer(found[0])]
        if all(-129 < number < 256 for number in numbers):
            yield plain.count("\n", 0, found.start()) + 1, bytes(number & 0xFF for number in numbers)


def _number(text: str) -> int:
    lower = text.lower().replace("&h", "0x")
    if lower.endswith("h"):
        return int(lower[:-1], 16)
    return int(lower, 0) if lower.lstrip("+-")[:2] in ("0x", "0b") else int(lower)
