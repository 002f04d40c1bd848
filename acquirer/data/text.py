"""Text that people read on terminals."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return text that cannot move a cursor, ring a bell or begin a new line (ASVS 16.4.1).

    >>> printable("批准 \\x1b[2J")
    '批准 \\\\x1b[2J'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def whole_stan(text: str) -> str:
    """Return a trace number as messages carry it, in six digits, however short it was typed.

    >>> whole_stan("2"), whole_stan("000002"), whole_stan("")
    ('000002', '000002', '')
    """
    return text.zfill(6) if text.isascii() and text.isdecimal() else text


def plural(count: int, one: str, many: str = "") -> str:
    """A count with its noun.

    >>> plural(1, "sale"), plural(3, "sale"), plural(2, "try", "tries")
    ('1 sale', '3 sales', '2 tries')
    """
    return f"{count} {one if count == 1 else many or one + 's'}"
