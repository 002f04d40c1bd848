"""Text on narrow paper: widths as a thermal printer counts them, lines that never overrun.

58 mm paper, 384 dots: 32 Latin or 16 Chinese characters to a line in the normal font (receipts, §4.2 of the field's
printer guides). A character takes as many columns as it takes bytes in GBK, the printer's own character set.
"""

from __future__ import annotations

COLUMNS = 32

RULE = "-" * COLUMNS

MISSING = "〓"
"""What printers put for a character that they do not have: it is seen that something is missing."""

_NOT_IN_FONT = "≒"  # in GBK, and in no font of the family


def width(text: str) -> int:
    """Return the columns that `text` takes: one byte of GBK is one column, and so is a letter with an accent.

    >>> width("SALE"), width("消费"), width("消费/SALE"), width("CAFÉ ZÜRICH")
    (4, 4, 9, 11)
    """
    if text.isascii():
        return len(text)
    return sum(1 if _is_latin_letter(char) else len(char.encode("gbk", "replace")) for char in text)


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


def centred(text: str) -> list[str]:
    """Return `text` in the middle of its line, or of its lines.

    >>> centred("签购单")
    ['             签购单']
    """
    return [" " * ((COLUMNS - width(line)) // 2) + line for line in wrapped(text)]


def pair(label: str, value: str) -> list[str]:
    """Return a label at the left and its value at the right, or on its own line if both do not fit; [] without a value.

    >>> pair("批次号(BATCH NO)", "000001")
    ['批次号(BATCH NO)          000001']
    >>> pair("商户编号(MERCHANT NO)", "880210010210162")
    ['商户编号(MERCHANT NO)', '                 880210010210162']
    """
    value = replace_unprintable(value).strip()
    if not value:
        return []
    gap = COLUMNS - width(label) - width(value)
    if gap > 0:
        return [label + " " * gap + value]
    return [label, *(" " * (COLUMNS - width(line)) + line for line in wrapped(value))]


def wrapped(text: str) -> list[str]:
    """Return `text` in lines of at most `COLUMNS`, broken at blanks where there are any, else anywhere."""
    lines: list[str] = []
    line = ""
    for word in replace_unprintable(text).split():
        if line and width(line) + 1 + width(word) <= COLUMNS:
            line = f"{line} {word}"
            continue
        if line:
            lines.append(line)
        line = ""
        for char in word:
            if width(line) + width(char) > COLUMNS:
                lines.append(line)
                line = ""
            line += char
    return [*lines, line] if line else lines
