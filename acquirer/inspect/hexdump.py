"""Hex dumps in the form of jPOS: offset, two groups of eight bytes, their text; and bytes from pasted hex.

Hidden digits stay hidden: where a message may be shown, so may its dump.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass

from acquirer.errors import WireError

WIDTH = 16  # bytes per line


class HexError(WireError, ValueError):
    """Text that is not the hex of some bytes: one sentence."""


@dataclass(frozen=True, slots=True)
class DumpLine:
    """One line of a dump: the offset of its first byte, each byte as two digits, each byte as a character."""

    offset: int
    cells: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        half = WIDTH // 2
        left, right = " ".join(self.cells[:half]), " ".join(self.cells[half:])
        return f"{self.offset:04X}  {left:{3 * half - 1}}  {right:{3 * half - 1}}  {self.text}"


def dump_lines(data: bytes, hidden: Container[int] = ()) -> tuple[DumpLine, ...]:
    """Return the lines of a dump; `hidden` are the half-bytes (2·offset for the high one) shown as ``*``.

    >>> print(*dump_lines(bytes.fromhex("08002020000000C10012"), {18, 19}), sep="\\n")
    0000  08 00 20 20 00 00 00 C1  00 **                    ..  .....*
    """
    return tuple(_line(data[at : at + WIDTH], at, hidden) for at in range(0, len(data), WIDTH))


def hexdump(data: bytes, hidden: Container[int] = ()) -> str:
    """Return a dump as one text, without a line break at its end."""
    return "\n".join(map(str, dump_lines(data, hidden)))


def _line(data: bytes, offset: int, hidden: Container[int]) -> DumpLine:
    cells, text = [], ""
    for at, byte in enumerate(data, offset):
        high, low = 2 * at in hidden, 2 * at + 1 in hidden
        cells.append(("*" if high else f"{byte >> 4:X}") + ("*" if low else f"{byte & 15:X}"))
        text += "*" if high or low else chr(byte) if 0x20 <= byte < 0x7F else "."
    return DumpLine(offset, tuple(cells), text)


_OFFSET = re.compile(r"\s*(?:0x)?([0-9A-Fa-f]{4,8})(?::\s+|\s{2,}|\s*\Z)")
_CELL = re.compile(r"(\s*)([0-9A-Fa-f*]+)(?!\S)")


def read_hex(text: str) -> bytes:
    """Return the bytes of hex text as people paste it: plain, spaced, ``0x``, ``aa:bb``, or a whole dump.

    >>> read_hex("00 3C 6000030000").hex(), read_hex("0000  08 00 20 20   .. \\n0004  00 C1         ..").hex()
    ('003c6000030000', '0800202000c1')

    Raises:
        HexError: not hex, a masked dump, or an odd number of digits; the sentence says which.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    offsets = [_OFFSET.match(line) for line in lines]
    if all(offsets) and offsets and offsets[0] and int(offsets[0][1], 16) == 0 and offsets[0].end() < len(lines[0]):
        digits = "".join(_dumped(line[found.end() :]) for line, found in zip(lines, offsets, strict=True) if found)
    else:
        digits = "".join(re.sub(r"0[xX]|[\s:,]", "", line) for line in lines)
    if not digits:
        raise HexError("there is nothing to decode")
    if "*" in digits:
        raise HexError("some bytes are masked with '*': only the original bytes can be decoded")
    if other := re.search(r"[^0-9A-Fa-f]", digits):
        raise HexError(f"{other[0]!r} is no hex digit")
    if len(digits) % 2:
        raise HexError(f"{len(digits)} hex digits are half a byte too many or too few")
    return bytes.fromhex(digits)


def _dumped(cells: str) -> str:
    """Return the digits of one line of a dump, without the characters at its end."""
    taken, at = "", 0
    # At most two spaces stand between cells; more of them, sixteen bytes, or what is no hex: the characters begin.
    while len(taken) < 2 * WIDTH and (cell := _CELL.match(cells, at)) and len(cell[1]) <= 2:
        taken, at = taken + cell[2], cell.end()
    return taken
