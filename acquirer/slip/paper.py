"""Text on narrow paper: widths as a thermal printer counts them, lines that never overrun.

58 mm paper, 384 dots: 32 Latin or 16 Chinese characters to a line; 80 mm paper, 576 dots: 48 or 24 (§4.2 of the field's
printer guides). A character takes the columns that its shape takes: Chinese ones and the signs of GBK two, Latin one.
"""

from __future__ import annotations

from typing import Final

COLUMNS = 32
"""Of the usual paper."""

WIDTHS: Final = (32, 48)
"""Columns of the papers that there are: 58 mm and 80 mm."""

RULE = "-" * COLUMNS

MISSING = "〓"
"""What printers put for a character that they do not have: it is seen that something is missing."""

_NOT_IN_FONT = "≒"  # in GBK, and in no font of the family
_WIDE_LETTERS: Final = frozenset("ÆæŒœ")  # two letters in one: their shapes do not fit one column

_OPENING: Final = frozenset("(（[【{《“‘")
"""A line does not end with one of these."""

_CLOSING: Final = frozenset(")）]】}》”’,，.。;；:：!！?？、%/")
"""A line does not begin with one of these."""


def width(text: str) -> int:
    """Return the columns that `text` takes: two for a sign of GBK, one for a letter, with an accent or without.

    >>> width("SALE"), width("消费"), width("消费/SALE"), width("CAFÉ ZÜRICH"), width("Æ")
    (4, 4, 9, 11, 2)
    """
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def replace_unprintable(text: str) -> str:
    """Return `text` without what a printer does not have or would obey: no reply of a host steers a printer.

    ``?`` stands for a control character, `MISSING` for a character that the font does not have.

    >>> replace_unprintable("OK\\x1b[2J 银联 É \\U0001f600")
    'OK?[2J 银联 É 〓'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join("?" if not char.isprintable() else char if _has_shape(char) else MISSING for char in text)


def missing_note(slip: str) -> str:
    """Return a sentence about characters that a slip lacks; "" when it has all.

    >>> missing_note(" 李〓"), missing_note("李")
    ('The slip has 〓 where its font lacks a character: it has those of GBK and the letters of Latin-1.', '')
    """
    if MISSING not in slip:
        return ""
    return f"The slip has {MISSING} where its font lacks a character: it has those of GBK and the letters of Latin-1."


def _columns(char: str) -> int:
    if char in _WIDE_LETTERS:
        return 2
    return 1 if _is_latin_letter(char) else len(char.encode("gbk", "replace"))


def _is_latin_letter(char: str) -> bool:
    return "\u00c0" <= char < "\u0250" and char.isalpha()


def _has_shape(char: str) -> bool:
    """Return whether the font of slips has a character: those of GBK but one, and the letters of Latin-1."""
    if char.isascii() or ("\u00c0" <= char <= "\u00ff" and char.isalpha()):
        return True
    try:
        char.encode("gbk")
    except UnicodeEncodeError:
        return False
    return char != _NOT_IN_FONT


def centred(text: str, columns: int = COLUMNS) -> list[str]:
    """Return `text` in the middle of its line, or of its lines.

    >>> centred("签购单")
    ['             签购单']
    """
    return [" " * ((columns - width(line)) // 2) + line for line in wrapped(text, columns)]


def pair(label: str, value: str, columns: int = COLUMNS) -> list[str]:
    """Return a label at the left and its value at the right, or on its own line if both do not fit; [] without a value.

    >>> pair("批次号(BATCH NO)", "000001")
    ['批次号(BATCH NO)          000001']
    >>> pair("商户编号(MERCHANT NO)", "880210010210162")
    ['商户编号(MERCHANT NO)', '                 880210010210162']
    """
    value = replace_unprintable(value).strip()
    if not value:
        return []
    gap = columns - width(label) - width(value)
    if gap > 0:
        return [label + " " * gap + value]
    return [*wrapped(label, columns), *(" " * (columns - width(line)) + line for line in wrapped(value, columns))]


def wrapped(text: str, columns: int = COLUMNS) -> list[str]:
    """Return `text` in lines of at most so many columns: broken at blanks, beside Chinese characters, before brackets.

    What is longer than a line is broken anywhere. No bracket and no stop dangles: a line neither ends with an opening
    bracket nor begins with a closing one.

    >>> wrapped("未成功上送交易明细/UNSUCCESSFUL LIST")
    ['未成功上送交易明细/UNSUCCESSFUL', 'LIST']
    >>> wrapped("内卡(DOMESTIC)", 12)
    ['内卡', '(DOMESTIC)']
    """
    lines: list[str] = []
    line = ""
    for word in replace_unprintable(text).split():
        joint = " " if line else ""
        for piece in _pieces(word):
            if width(line) + len(joint) + width(piece) <= columns:
                line += joint + piece
            else:
                lines += [line] if line else []
                *full, line = _broken(piece, columns)
                lines += full
            joint = ""
    return [*lines, line] if line else lines


def _broken(piece: str, columns: int) -> list[str]:
    """Return what is longer than a line in lines, broken anywhere."""
    lines = [""]
    for char in piece:
        if lines[-1] and width(lines[-1]) + width(char) > columns:
            lines.append("")
        lines[-1] += char
    return lines


def _pieces(word: str) -> list[str]:
    """Return the parts of a word between which a line may be broken."""
    pieces: list[str] = []
    for char in word:
        if pieces and not _may_break(pieces[-1][-2:], char):
            pieces[-1] += char
        else:
            pieces.append(char)
    return pieces


def _may_break(before: str, after: str) -> bool:
    """Return whether a line may be broken here: beside a Chinese character, or after the slash that follows one."""
    if after in _CLOSING or before[-1] in _OPENING:
        return False
    if before[-1] == "/":
        return len(before) > 1 and _columns(before[0]) == 2
    return after in _OPENING or 2 in (_columns(before[-1]), _columns(after))
