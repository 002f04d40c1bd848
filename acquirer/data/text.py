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
