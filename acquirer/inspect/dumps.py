"""Dumps with offsets, as xxd, hexdump, od, tcpdump, Wireshark, Netty, PowerShell, jPOS and others write them.

1. A line is part of a dump when it holds the offset that comes next: in hexadecimal, decimal or octal.
2. What stands before the offset (a time, a log's prefix, a frame of dashes) is left alone, and may be missing later.
3. How many bytes a line has follows from the offset of the next one, so characters at its end are not taken for bytes.
4. At offset 0 another dump begins; dumps that stand in other columns go on beside each other, like the two directions
   of a conversation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

LINE_LIMIT = 400  # characters: no line of a dump is longer
WIDEST, USUAL = 64, 16  # bytes in a line
LEFT_OUT_LIMIT = 1 << 20  # bytes that a "*" may stand for

_OFFSET = re.compile(
    r"(?<![0-9A-Za-z.:_])(?:0x|[0-9A-Fa-f]{4}:(?=[0-9A-Fa-f]{4}\s))?"  # "0000:0010": a segment before it
    r"([0-9A-Fa-f]{4,16})(?:[hH](?=\s)|[:|>]|(?=\s)|$)[:|>]?"
)
_CELL = re.compile(r"([ \t\u00a0]{0,4}-?[ \t]{0,2})((?:0x)?(?:[0-9A-Fa-f]{2}){1,16})(?![0-9A-Za-z])[,;]?")
_RADIXES = (16, 8, 10)


@dataclass(slots=True)
class _Dump:
    line: int  # of its beginning, from 1
    column: int  # where its offsets stand
    radixes: tuple[int, ...] = _RADIXES
    data: bytearray = field(default_factory=bytearray)
    rows: list[tuple[int, str]] = field(default_factory=list)  # offset, what stands behind it
    repeats: list[int] = field(default_factory=list)  # rows before which lines are left out ("*")


def read_dumps(text: str) -> Iterator[tuple[int, bytes]]:
    """Yield the line and the bytes of each dump in a text."""
    dumps: list[_Dump] = []
    going: dict[int, _Dump] = {}  # by column
    last: _Dump | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > LINE_LIMIT:
            continue
        if line.strip() == "*" and last:
            last.repeats.append(len(last.rows))
            continue
        for found in _OFFSET.finditer(line):
            rest = line[found.end() :]
            if rest.strip() and not _CELL.match(rest):
                continue
            if not found[1].strip("0") and rest.strip():
                last = going[found.start()] = _Dump(number, found.start())
                dumps.append(last)
            else:
                known = going.get(found.start())
                last = next((one for one in (known, last) if one and _goes_on(one, found[1])), last)
                if last is None or not _goes_on(last, found[1]):
                    continue
                last.radixes = tuple(radix for radix in last.radixes if _value(found[1], radix) in _next(last))
            last.rows.append((_value(found[1], last.radixes[0]), rest))
            break
    for dump in dumps:
        if data := _bytes(dump):
            yield dump.line, data


def _value(digits: str, radix: int) -> int:
    try:
        return int(digits, radix)
    except ValueError:
        return -1


def _next(dump: _Dump) -> range:
    """Return the offsets that may come next."""
    at, rest = dump.rows[-1]
    if len(dump.rows) in dump.repeats:
        return range(at + 1, at + LEFT_OUT_LIMIT)
    return range(at + 1, at + sum(size for size, _ in _cells(rest)) + 1)


def _goes_on(dump: _Dump, digits: str) -> bool:
    following = _next(dump)
    return any(_value(digits, radix) in following for radix in dump.radixes)


def _cells(rest: str) -> Iterator[tuple[int, int]]:
    """Yield how many bytes each cell of a row may have, and where it ends."""
    at = count = 0
    while count < WIDEST and (cell := _CELL.match(rest, at)):
        size = len(cell[2].removeprefix("0x")) // 2
        at, count = cell.end(), count + size
        yield size, at


def _bytes(dump: _Dump) -> bytes:
    """Return the bytes of all rows."""
    data = bytearray()
    widest = 0  # column at which the bytes of full rows end
    for number, (at, rest) in enumerate(dump.rows):
        if number in dump.repeats and data:
            width = at - len(data)
            pattern = bytes(data[-USUAL:])
            data += (pattern * (width // len(pattern) + 1))[:width]
        following = dump.rows[number + 1][0] if number + 1 < len(dump.rows) else None
        known = following is not None and number + 1 not in dump.repeats
        size = following - at if known and following is not None else USUAL
        taken, ends = _row(rest, size, exact=known, column=widest)
        if known:
            widest = max(widest, ends)
        data += taken
    return bytes(data)


def _row(rest: str, size: int, *, exact: bool, column: int) -> tuple[bytes, int]:
    """Return the bytes of a row and where they end; where their number is not known, as many as look like bytes.

    Args:
        column: where the bytes of the rows before end; 0: there is none.
    """
    digits, at, ends = "", 0, 0
    while len(digits) < 2 * size and (cell := _CELL.match(rest, at)):
        gap = len(cell[1])
        halfway = len(digits) in (USUAL // 2, USUAL, 3 * USUAL // 2)  # between groups of four or eight bytes
        if not exact and digits and (gap > 2 or (gap == 2 and not halfway) or (column and cell.end() > column)):
            break
        digits += cell[2].removeprefix("0x")
        at = ends = cell.end()
    return bytes.fromhex(digits[: 2 * size]), ends
