"""Text that people read on terminals."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Any


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


def local_time(at_us: int, zone: tzinfo) -> str:
    """Return a moment as people in a time zone write it; "" for never, the number where it is no moment.

    >>> from datetime import UTC
    >>> local_time(1_767_225_600_000_000, UTC), local_time(0, UTC)
    ('2026-01-01 00:00:00', '')
    """
    if not at_us:
        return ""
    try:
        return datetime.fromtimestamp(at_us / 1_000_000, zone).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):  # before the year 1 or after 9999
        return f"{at_us} µs"


def address_text(where: tuple[Any, ...]) -> str:
    """Return an address as people write it.

    >>> address_text(("::1", 8583, 0, 0))
    '[::1]:8583'
    """
    host, port = where[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def indefinite(noun: str) -> str:
    """Return a noun with its article.

    >>> indefinite("sale"), indefinite("electronic signature")
    ('a sale', 'an electronic signature')
    """
    return f"{'an' if noun[:1].lower() in 'aeio' else 'a'} {noun}"
