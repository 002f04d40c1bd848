r"""Bytes as programs print them: lists of numbers, and texts in which what is no character is escaped.

Lists: Go ``[0 60 96]``, Java ``[0, 51, -126]``, C and C# ``{ 0x00, 0x3C }``, Rust, JSON, JavaScript, Erlang
``<<0,60>>``, Kotlin. Texts: Python ``b'\x00<'``, Go and Rust, C with octal, JavaScript ``"\u0000<"``, percent signs,
``<00>``, ``^@`` and ``M-^B`` of ``cat -v``, ``&#0;``, ``=00`` of quoted-printable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

Found = Iterator[tuple[int, bytes]]

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
LEFT_OUT = re.compile(r"\.\.\. ?(\d+) more (?:items|bytes)")
"""What Node.js prints in place of the rest."""

_LITERAL = re.compile(r"[bBcC]?[rR]?(?:\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)')", re.DOTALL)
_ADJACENT = re.compile(r"([\"'])\s*[+&.\\]?\s*\n\s*[+&.]?\s*[bB]?\1")  # two pieces of one text
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u00([0-9A-Fa-f]{2})|u\{([0-9A-Fa-f]{1,2})\}|([0-7]{1,3})|(.))", re.DOTALL)
_SINGLE = {"n": 10, "r": 13, "t": 9, "a": 7, "b": 8, "f": 12, "v": 11, "e": 27, "\\": 92, "'": 39, '"': 34, "/": 47}
_ANGLE = re.compile(r"<(?:0x)?([0-9A-Fa-f]{2})>")
_CARET = re.compile(r"M-\^([@-_?])|M-([ -~])|\^([@-_?])")
_SOFT_END = r"[ \t]{0,80}(?:\r?\n|\Z)"  # of a line of quoted-printable, behind its equals sign
_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})")


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


def literals(text: str) -> Found:
    """Yield texts in quotes in which bytes are escaped."""
    for start, inside in _in_quotes(text):
        if "\\" in inside and (data := _unescaped(inside)):
            yield text.count("\n", 0, start) + 1, data


def joined_literals(text: str) -> Found:
    """Yield the same where texts in quotes on adjacent lines are pieces of one."""
    joined = _ADJACENT.sub("", text)
    return literals(joined) if joined != text else iter(())


def escaped_text(text: str) -> Found:
    """Return a text without quotes in which bytes are escaped, each line apart."""
    for number, line in enumerate(text.splitlines(), 1):
        if len(_ESCAPE.findall(line)) > 1 and (data := _unescaped(line)):
            yield number, data


def _unescaped(text: str) -> bytes:
    """Return the bytes of a text with escapes; empty when it is none."""

    def byte(found: re.Match[str]) -> str:
        digits = found[1] or found[2] or found[3]
        if digits:
            return chr(int(digits, 16))
        if found[4]:
            return chr(int(found[4], 8) & 0xFF)
        return chr(_SINGLE.get(found[5], ord(found[5])))

    return _latin(_ESCAPE.sub(byte, text))


def percent_text(text: str) -> Found:
    """Return a text in which bytes are written behind percent signs, each line apart."""
    return _replaced(text, _PERCENT, lambda found: chr(int(found[1], 16)))


def angle_text(text: str) -> Found:
    """Return a text in which bytes are written between angle brackets, each line apart."""
    return _replaced(text, _ANGLE, lambda found: chr(int(found[1], 16)))


def caret_text(text: str) -> Found:
    """Return a text in which control characters are written with a caret, as ``cat -v`` does, each line apart."""
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
    for number, line in enumerate(text.splitlines(), 1):
        if pattern.search(line):
            yield from _replaced_on(number, line, pattern, byte)


def _replaced_on(number: int, line: str, pattern: re.Pattern[str], byte: Callable[[re.Match[str]], str]) -> Found:
    if marked := len(pattern.findall(line)):
        quoted = [inside for _, inside in _in_quotes(line) if pattern.search(inside)]
        if sum(len(pattern.findall(inside)) for inside in quoted) < marked:
            quoted = [line]
        yield from ((number, data) for piece in quoted if (data := _latin(pattern.sub(byte, piece))))


def _in_quotes(text: str) -> Iterator[tuple[int, str]]:
    """Yield where each text in quotes begins, and what stands in it."""
    for found in _LITERAL.finditer(text):
        yield found.start(), found[1] if found[1] is not None else found[2]


def _latin(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return b""
