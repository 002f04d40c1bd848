r"""Bytes as programs print them in texts in which what is no character is escaped.

Python ``b'\x00<'``, Go and Rust, C with octal, JavaScript ``"\u0000<"``, percent signs, ``<00>``, ``^@`` and ``M-^B``
of ``cat -v``, ``&#0;``, ``=00`` of quoted-printable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice

Found = Iterator[tuple[int, bytes]]

LEFT_OUT = re.compile(
    r"\.\.\. ?(\d+) more (?:items|bytes)|[0-9A-Fa-f]{4} \.\.\. [0-9A-Fa-f]{4}|[0-9A-Fa-f]\u2026"
    r"|[0-9], ?\.\.\.(?=>>|\]|\)|\})"
)
"""What Node.js, Elixir, Swift and others print in place of the rest."""

_LITERAL = re.compile(r"[bBcC]?[rR]?(?:\"([^\"\\]*(?:\\.[^\"\\]*)*)\"|'([^'\\]*(?:\\.[^'\\]*)*)')", re.DOTALL)
_ADJACENT = re.compile(r"\s*[+&.\\]?\s*\n\s*[+&.]?\s*")  # what stands between two pieces of one text
_ESCAPE = re.compile(
    r"\\(?:x([0-9A-Fa-f]{2})|u00([0-9A-Fa-f]{2})|[xu]\{([0-9A-Fa-f]{1,2})\}|([0-7]{1,3})|(.))", re.DOTALL
)
_SINGLE = {"n": 10, "r": 13, "t": 9, "a": 7, "b": 8, "f": 12, "v": 11, "e": 27, "\\": 92, "'": 39, '"': 34, "/": 47}
_ANGLE = re.compile(r"<(?:0x)?([0-9A-Fa-f]{2})>")
_CARET = re.compile(r"M-\^([@-_?])|M-([ -~])|\^([@-_?])")
_SOFT_END = r"[ \t]{0,80}(?:\r?\n|\Z)"  # of a line of quoted-printable, behind its equals sign
_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})")


def literals(text: str) -> Found:
    """Yield texts in quotes in which bytes are escaped."""
    for start, _, inside in _in_quotes(text):
        if "\\" in inside and (data := unescaped(inside)):
            yield text.count("\n", 0, start) + 1, data


def joined_literals(text: str) -> Found:
    """Yield texts in quotes that consist of several pieces on adjacent lines."""
    pieces: list[str] = []
    first = ends = 0
    for start, end, inside in [*_in_quotes(text), (len(text), 0, "")]:
        if not pieces or not _ADJACENT.fullmatch(text, ends, start):
            if len(pieces) > 1 and (data := unescaped("".join(pieces))):
                yield text.count("\n", 0, first) + 1, data
            pieces, first = [], start
        pieces.append(inside)
        ends = end


def long_quotation(text: str) -> Found:
    """Yield the text in quotes that is most of a text and escapes nothing."""
    for start, _, inside in _in_quotes(text):
        if 2 * len(inside) > len(text) and len(inside) > QUOTED_LEAST and not {"\\", "\n"} & set(inside):
            yield from ((text.count("\n", 0, start) + 1, data) for data in [_latin(inside)] if data)


def escaped_text(text: str) -> Found:
    """Return a text without quotes in which bytes are escaped, each line apart."""
    for number, line in enumerate(text.splitlines(), 1):
        if len(_ESCAPE.findall(line)) > 1 and (data := unescaped(line)):
            yield number, data


def unescaped(text: str) -> bytes:
    """Return the bytes of a text with escapes; empty when it is none."""
    return _latin(_ESCAPE.sub(_escape, text))


def _escape(found: re.Match[str]) -> str:
    digits = found[1] or found[2] or found[3]
    if digits:
        return chr(int(digits, 16))
    if found[4]:
        return chr(int(found[4], 8) & 0xFF)
    return chr(_SINGLE.get(found[5], ord(found[5])))


def _hexadecimal(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))


def other_escapes(zeros: str) -> Callable[[str], Found]:
    r"""Return what yields texts whose escapes with digits mean something else than in C.

    Args:
        zeros: "alone": ``\0`` is a zero byte with any digit behind it (C#); "octal": three octal digits follow ``\0``
            (echo -e); "decimal": the digits are decimal (Lua, Haskell).
    """
    pattern, base, sign = {
        "alone": (r"\\(0)", 8, r"\\0[0-7]"),
        "octal": (r"\\0([0-7]{3})", 8, r"\\0[0-3][0-7]{2}"),
        "decimal": (r"\\([0-9]{1,3})(?:\\&)?", 10, r"\\[0-9]{3}|\\[0-9]{0,2}[89]"),
    }[zeros]

    def read(text: str) -> Found:
        if not re.search(sign, text):
            return
        hexadecimal = re.sub(pattern, lambda found: f"\\x{int(found[1], base) & 0xFF:02x}", text)
        found = list(literals(hexadecimal))
        yield from found or escaped_text(hexadecimal)

    return read


def named_controls(text: str) -> Found:
    """Return a text in which control characters stand as their names in brackets, ``<STX>``, each line apart."""
    pattern, byte = _names()
    in_hex = re.search("<(?!FF>)[0-9A-Fa-f]{2}>", text)  # then <FF> is no form feed
    if not in_hex and len(list(islice(pattern.finditer(text), 2))) == 2:
        yield from _replaced(text, pattern, byte)


def _names() -> tuple[re.Pattern[str], Callable[[re.Match[str]], str]]:
    codes = {name: code for code, name in enumerate(CONTROL_NAMES.upper().split())} | {"LF": 10, "DEL": 127, "TAB": 9}
    return re.compile(rf"[<\[{{]({'|'.join(codes)})[>\]}}]"), lambda found: chr(codes[found[1]])


def marked_text(text: str) -> Found:
    """Yield texts with marked bytes in any of these ways that stand behind other text of their line."""
    ways = ((_ESCAPE, _escape), (_PERCENT, _hexadecimal), (_ANGLE, _hexadecimal), (_CARET, _caret), _names())
    for number, line in enumerate(text_lines(text), 1):
        if " " not in line:
            continue
        pattern, byte = max(ways, key=lambda way: len(way[0].findall(line)))
        first = pattern.search(line)
        start = line.rfind(" ", 0, first.start()) + 1 if first else 0
        if start and len(pattern.findall(line)) > 1 and (data := _latin(pattern.sub(byte, line[start:]))):
            yield number, data


CONTROL_NAMES = (
    "nul soh stx etx eot enq ack bel bs ht nl vt ff cr so si "
    "dle dc1 dc2 dc3 dc4 nak syn etb can em sub esc fs gs rs us sp"
)
"""Names of the characters from 0 to 32, as od writes them."""


def percent_text(text: str) -> Found:
    """Return a text in which bytes are written behind percent signs, each line apart."""
    return _replaced(text, _PERCENT, _hexadecimal)


def form_values(text: str) -> Found:
    """Yield the values of forms and queries with such bytes, in which a plus sign is a blank."""
    for number, line in enumerate(text.splitlines(), 1):
        if "=" in line:
            for piece in re.split(r"[&?=\s\"']", line):
                if _PERCENT.search(piece) or ("+" in piece and len(piece) > QUOTED_LEAST):
                    data = _latin(_PERCENT.sub(_hexadecimal, piece.replace("+", " ")))
                    yield from [(number, data)] if data else []


def angle_text(text: str) -> Found:
    """Return a text in which bytes are written between angle brackets, each line apart."""
    return _replaced(text, _ANGLE, _hexadecimal)


def caret_text(text: str) -> Found:
    """Return a text in which control characters are written with a caret, as ``cat -v`` does, each line apart."""
    if re.fullmatch(r"[A-Za-z0-9_\-=\s]*", text):  # base64 in the alphabet of URLs
        return iter(())
    return _replaced(text, _CARET, _caret)


def _caret(found: re.Match[str]) -> str:
    if found[2]:
        return chr(ord(found[2]) | 0x80)
    return chr((ord(found[1] or found[3]) ^ 0x40) | (0x80 if found[1] else 0))


def entity_text(text: str) -> Found:
    """Yield texts in which bytes are written as entities of HTML or XML, each line apart and between tags."""
    if "&#" not in text:
        return
    entity = re.compile("&(?:#0{0,4}([0-9]{1,3})|#[xX]0{0,4}([0-9A-Fa-f]{1,2})|(amp|lt|gt|quot|apos));")
    for number, line in enumerate(text.splitlines(), 1):
        for piece in re.split("<[^<>]*>", line) if "<" in line else [line]:
            if "&#" in piece:
                yield from _replaced_on(number, piece, entity, _entity)


def _entity(found: re.Match[str]) -> str:
    if found[3]:
        return {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}[found[3]]
    return chr(int(found[1]) if found[1] else int(found[2], 16))


def page_text(text: str) -> Found:
    """Return a text with blanks and ends of lines as pages have them."""
    if "&nbsp;" in text or "<br" in text:
        plain = re.sub(r"<br ?/?>(?:\r?\n)?", "\n", text.replace("&nbsp;", " "))
        yield 1, plain.encode()


def has_soft_ends(text: str) -> bool:
    """Return whether lines of a text end as those of quoted-printable that go on."""
    return "=" in text and bool(re.search(r"=[ \t]{0,80}\r?\n", text))


def quoted_printable(text: str) -> Found:
    """Return a text in quoted-printable as a whole, with its hard ends of lines."""
    yield from _quoted_printable(1, text.strip("\r\n"), 1 if has_soft_ends(text) else 2)


def quoted_printable_lines(text: str) -> Found:
    """Return the lines of such a text, those that a soft end breaks put together."""
    if "=" in text:
        joined: list[str] = []
        for number, line in enumerate([*text.splitlines(), ""], 1):
            piece = line.rstrip(" \t")
            joined.append(piece.removesuffix("="))
            if not piece.endswith("="):
                yield from _quoted_printable(number - len(joined) + 1, "".join(joined), 0 if len(joined) > 1 else 2)
                joined.clear()


def _quoted_printable(number: int, text: str, least: int) -> Found:
    """Yield the bytes of a text in which so many equals signs are escapes or soft ends of lines, and all others too."""
    if text.count("=") >= least and not re.search(rf"=(?![0-9A-Fa-f]{{2}}|{_SOFT_END})", text):
        plain = re.sub(f"={_SOFT_END}", "", text)
        if data := _latin(re.sub("=([0-9A-Fa-f]{2})", lambda found: chr(int(found[1], 16)), plain)):
            yield number, data


def control_pictures(text: str) -> Found:
    """Return a text in which control characters stand as their pictures (U+2400 to U+2421), each line apart."""
    pictures = {0x2400 + code: code for code in range(32)} | {0x2421: 127}
    for number, line in enumerate(text.splitlines(), 1):
        if re.search("[\u2400-\u2421]", line):
            yield from ((number, data) for data in [_latin(line.translate(pictures))] if data)


def _replaced(text: str, pattern: re.Pattern[str], byte: Callable[[re.Match[str]], str]) -> Found:
    """Yield each line with its marked bytes; of one that has them in quotes only, what stands in these quotes."""
    for number, line in enumerate(text_lines(text), 1):
        if pattern.search(line):
            yield from _replaced_on(number, line, pattern, byte)


def _replaced_on(number: int, line: str, pattern: re.Pattern[str], byte: Callable[[re.Match[str]], str]) -> Found:
    if marked := len(pattern.findall(line)):
        quoted = [inside for _, _, inside in _in_quotes(line) if pattern.search(inside)]
        if sum(len(pattern.findall(inside)) for inside in quoted) < marked:
            quoted = [line]
        yield from ((number, data) for piece in quoted if (data := _latin(pattern.sub(byte, piece))))


@lru_cache(maxsize=2)  # one text is asked for in several forms
def _in_quotes(text: str) -> tuple[tuple[int, int, str], ...]:
    """Return where each text in quotes begins and ends, and what stands in it."""
    opening = re.compile("[bBcC]?[rR]?[\"']")
    quotes = []
    at = unclosed = 0
    while unclosed < UNCLOSED_MOST and (begins := opening.search(text, at)):
        if found := _LITERAL.match(text, begins.start()):
            quotes.append((found.start(), found.end(), found[1] if found[1] is not None else found[2]))
        else:
            unclosed += 1
        at = found.end() if found else begins.end()
    return tuple(quotes)


QUOTED_LEAST = 32  # characters: less is a word
UNCLOSED_MOST = 4
"""Quotes without an end: each is looked for in the whole text."""


def _latin(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return b""


def text_lines(text: str) -> list[str]:
    """Return the lines of a text in which a letter may be a byte, also one that ends lines elsewhere (85)."""
    return re.split("\r\n|\r|\n", text)


def long_lines(text: str, least: int) -> Iterator[tuple[int, str]]:
    """Yield the lines of so many characters and more, with their numbers."""
    return ((number, line) for number, line in enumerate(text.splitlines(), 1) if len(line) >= least)
