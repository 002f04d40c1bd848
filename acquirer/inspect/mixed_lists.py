"""Lists of numbers as fewer languages write them, and lists that hold characters and texts too.

Erlang ``<<16#3C,"0800",0>>``, Delphi ``$3C`` and ``#$3C``, Pascal ``#60#0``, Basic ``Chr(60) & Chr(0)``, VHDL
``x"3C"``, Verilog ``8'h3C``, Ada ``16#3C#``, C ``{ 0x02, '0', '8' }``, JSON ``{"0": 0, "1": 60}``, ``U+003C``; and
numbers in hexadecimal without marks or zeros, as Oracle's DUMP writes them: ``0,3c,60``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from acquirer.inspect.number_lists import LIST_ITEMS
from acquirer.inspect.printed import Found, long_lines, unescaped

_ITEM = (
    r"16#(?P<radix>[0-9A-Fa-f]{2})#?|#?\$(?P<dollar>[0-9A-Fa-f]{2})(?![0-9A-Za-z])"
    r"|(?P<quote>[xX](?P<mark>['\"])(?P<quoted>[0-9A-Fa-f]{2})(?P=mark))|8'[hH](?P<verilog>[0-9A-Fa-f]{2})"
    r"|[uU]\+00(?P<point>[0-9A-Fa-f]{2})|0[xX](?P<prefix>[0-9A-Fa-f]{1,2})(?![0-9A-Za-z])"
    r"|[cC]hr[BW$]?\$?\(\s?(?P<chr>[0-9]{1,3})\s?\)|#(?P<pascal>[0-9]{1,3})(?![0-9A-Za-z])"
    r"|\"[0-9]{1,6}\"\s?:\s?(?P<keyed>[0-9]{1,3})(?![0-9A-Za-z.])"
    r"|'(?P<character>[^'\\\n]|\\x[0-9A-Fa-f]{2}|\\[0-7]{1,3}|\\.)'|\"(?P<text>[^\"\\\n]{0,999})\""
    r"|(?P<plain>[0-9]{1,3})(?![0-9A-Za-z.])"
)
_HEXADECIMAL = ("radix", "dollar", "quoted", "verilog", "point", "prefix")
_MARKED = r"16#|\$[0-9A-Fa-f]{2}|[xX]['\"][0-9A-Fa-f]{2}['\"]|8'[hH]|[uU]\+00|[cC]hr|#[0-9]|\"0\"\s?:|'\s?,|<<"
_BETWEEN = r"[\s,;&+|.]*(?:\([a-z ]{4,13}\)\s*)?"  # a cast of C or Java


def mixed_lists(text: str) -> Found:
    """Yield lists whose items are numbers with such marks, characters and texts."""
    if not re.search(_MARKED, text):
        return
    data, items, marked, ends, starts = bytearray(), 0, False, 0, 0
    between = re.compile(_BETWEEN)
    for found in re.finditer(_ITEM, text):
        if not between.fullmatch(text, ends, found.start()):
            if marked and len(data) >= LIST_ITEMS and items > 1:
                yield text.count("\n", 0, starts) + 1, bytes(data)
            data, items, marked, starts = bytearray(), 0, text[found.start() - 2 : found.start()] == "<<", found.start()
        ends = found.end()
        items += 1
        marked = marked or found.lastgroup not in ("text", "plain", "prefix", "mark")
        piece = _bytes(found)
        if piece is None:
            data, items, marked, ends = bytearray(), 0, False, -1
        else:
            data += piece
    if marked and len(data) >= LIST_ITEMS and items > 1:
        yield text.count("\n", 0, starts) + 1, bytes(data)


def _bytes(found: re.Match[str]) -> bytes | None:
    """Return the bytes of one item; None where it is none."""
    for name in _HEXADECIMAL:
        if found[name]:
            return bytes((int(found[name], 16),))
    if found["character"] is not None:
        return unescaped(found["character"])
    if found["text"] is not None:
        return found["text"].encode("latin-1", "replace")
    number = int(found["chr"] or found["pascal"] or found["keyed"] or found["plain"])
    return bytes((number,)) if number < 256 else None


def hex_lists(text: str) -> Found:
    """Yield lists of hexadecimal numbers of one or two digits without any mark, of which some have one digit."""
    pattern = r"(?<![\w,.:])[0-9A-Fa-f]{1,2}(?:(?P<by>, ?| )[0-9A-Fa-f]{1,2}(?:(?P=by)[0-9A-Fa-f]{1,2})*)(?![\w:])"
    for number, line in long_lines(text, 2 * LIST_ITEMS):
        for found in re.finditer(pattern, line):
            words = re.split("[ ,]+", found[0])
            if len(words) >= LIST_ITEMS and {len(word) for word in words} == {1, 2} and _has_letter(words):
                yield number, bytes(int(word, 16) for word in words)


def _has_letter(words: list[str]) -> bool:
    return any(not word.isdigit() for word in words)


def spread_digits(text: str) -> Found:
    """Yield the bytes of lines of nothing but hexadecimal digits with blanks between all of them."""
    for number, line in long_lines(text, 2 * LIST_ITEMS):
        if re.fullmatch(r"\s*[0-9A-Fa-f](?: [0-9A-Fa-f]){15,}\s*", line) and line.count(" ") % 2:
            yield from ((number, bytes.fromhex(digits)) for digits in _even(line))


def _even(line: str) -> Iterator[str]:
    digits = "".join(line.split())
    if len(digits) % 2 == 0:
        yield digits
