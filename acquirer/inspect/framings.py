"""The framings that are tried for bytes of unknown origin, and their names in words."""

from __future__ import annotations

from collections.abc import Sequence

from acquirer.wire.framing import Framing

STX, ETX = b"\x02", b"\x03"

COMMON_FRAMINGS = (
    Framing("binary", 2),
    Framing("binary", 2, includes_itself=True),
    Framing("ascii", 4),
    Framing("ascii", 4, includes_itself=True),
    Framing("bcd", 2),
    Framing("bcd", 2, includes_itself=True),
    Framing("binary", 4),
    Framing("binary", 4, includes_itself=True),
    Framing("binary", 2, filler=bytes(2)),
    Framing("hex", 4),
    Framing("ebcdic", 4),
    Framing("binary", 2, end=ETX, includes_end=True),
    Framing("binary", 2, start=STX, end=ETX),
    Framing("bcd", 2, start=STX, end=ETX),
    Framing("ascii", 4, start=STX, end=ETX),
    Framing("none", 0, start=STX, end=ETX),
    Framing("none", 0, end=ETX),
    Framing("little", 2),
    Framing("little", 2, includes_itself=True),
    Framing("little", 4),
    Framing("binary", 2, counts_digits=True),
    Framing("ascii", 4, counts_digits=True),
    Framing("ascii", 3),
    Framing("ascii", 5),
    Framing("ascii", 6),
    Framing("ascii", 8),
    Framing("ascii", 4, end=ETX),
    Framing("ascii", 4, end=ETX, includes_end=True),
    Framing("binary", 2, end=ETX),
    Framing("hex", 4, includes_itself=True),
    Framing("bcd", 1, limit_bytes=99),
    Framing("ascii", 2, limit_bytes=99),
    Framing("binary", 1, limit_bytes=255),
    Framing("none", 0, end=b"\r\n"),
    Framing("none", 0, end=b"\n"),
)
"""Framings seen in front of ISO 8583 messages, the usual ones first."""

UNUSUAL = frozenset(COMMON_FRAMINGS[COMMON_FRAMINGS.index(Framing("little", 2)) :])
"""Those that are seldom meant: they need another reason to be believed than that a number fits."""

SHORT = frozenset(framing for framing in UNUSUAL if 0 < framing.largest < 256)
"""Lengths of one byte or two digits: almost any byte is one, so they are believed only when the data end with them."""

LENGTH_WORDS = {
    "binary": "byte",
    "little": "byte little-endian",
    "bcd": "digit BCD",
    "ascii": "digit ASCII",
    "hex": "digit hexadecimal",
    "ebcdic": "digit EBCDIC",
}


def framing_words(framing: Framing | None) -> str:
    """Return a framing in words.

    >>> framing_words(Framing("ascii", 4, includes_itself=True))
    'a 4-digit ASCII length counting itself'
    >>> framing_words(Framing("none", 0, start=b"\\x02", end=b"\\x03"))
    'no length, frames between 02 and 03'
    """
    if framing is None:
        return "no length"
    start, filler, end = (part.hex().upper() for part in (framing.start, framing.filler, framing.end))
    if not framing.length_bytes:
        return f"no length, frames between {start} and {end}" if start else f"no length, frames that end with {end}"
    digits = framing.length_bytes * (2 if framing.length_encoding == "bcd" else 1)
    text = f"{'an' if digits == 8 else 'a'} {digits}-{LENGTH_WORDS[framing.length_encoding]} length"
    counted = ["itself"] * framing.includes_itself + ["the end"] * framing.includes_end
    counted += ["hexadecimal digits, two for each byte"] * framing.counts_digits
    text += f" counting {' and '.join(counted)}" if counted else ""
    around = (
        [f"{start} before it"] * bool(start) + [f"{filler} after it"] * bool(filler) + [f"{end} at the end"] * bool(end)
    )
    return f"{text} with {enumerated(around)}" if around else text


def enumerated(parts: Sequence[str]) -> str:
    """Return ``"one"``, ``"one and two"``, ``"one, two and three"``."""
    return ", ".join(parts[:-1]) + (" and " if len(parts) > 1 else "") + parts[-1]
