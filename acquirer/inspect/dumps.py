"""Dumps with offsets, as xxd, hexdump, od, tcpdump, Wireshark, Netty, PowerShell, jPOS and others write them.

1. A line is part of a dump when it holds the offset that comes next: in hexadecimal, decimal or octal.
2. What stands before the offset (a time, a log's prefix, a frame of dashes) is left alone, and may be missing later.
3. How many bytes a line has follows from the offset of the next one, so characters at its end are not taken for bytes.
4. hexdump and od write words of two or more bytes unless they are asked for single ones, on most machines with the
   lowest byte first: `read_word_dumps` turns these round. A word that is longer than what is left is filled up with
   zeros, and the offset behind the last line says how many bytes there are.
5. At offset 0 another dump begins; dumps that stand in other columns go on beside each other, like the two directions
   of a conversation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
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
    rows: list[tuple[str, str]] = field(default_factory=list)  # digits of the offset, what stands behind it
    repeats: list[int] = field(default_factory=list)  # rows before which lines are left out ("*")


def read_dumps(text: str) -> Iterator[tuple[int, bytes]]:
    """Yield the line and the bytes of each dump in a text."""
    for dump in _dumps(text):
        if data := _bytes(dump, lambda cell: cell):
            yield dump.line, data


def read_word_dumps(text: str) -> Iterator[tuple[int, bytes]]:
    """Yield the same of dumps that consist of words, each with its lowest byte first."""
    for dump in _dumps(text):
        if _has_words(dump) and (data := _bytes(dump, _turned_round)):
            yield dump.line, data


def _has_words(dump: _Dump) -> bool:
    """Return whether all cells of a dump are words of one size."""
    cells = [cell for _, rest in dump.rows for cell in rest.split()]
    sizes = {len(cell) for cell in cells}
    return len(sizes) == 1 and sizes <= _WORD_DIGITS and all(map(_HEX.fullmatch, cells))


def _turned_round(word: str) -> str:
    return bytes.fromhex(word)[::-1].hex()


_WORD_DIGITS = {4, 8, 16}
_HEX = re.compile("[0-9A-Fa-f]+")


def _dumps(text: str) -> list[_Dump]:
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
                last.radixes = tuple(radix for radix in last.radixes if _value(found[1], radix) in _next(last, radix))
            last.rows.append((found[1], rest))
            break
    return dumps


def _value(digits: str, radix: int) -> int:
    try:
        return int(digits, radix)
    except ValueError:
        return -1


def _next(dump: _Dump, radix: int) -> range:
    """Return the offsets that may come next."""
    digits, rest = dump.rows[-1]
    at = _value(digits, radix)
    if len(dump.rows) in dump.repeats:
        return range(at + 1, at + LEFT_OUT_LIMIT)
    return range(at + 1, at + sum(size for size, _ in _cells(rest)) + 1)


def _goes_on(dump: _Dump, digits: str) -> bool:
    return any(_value(digits, radix) in _next(dump, radix) for radix in dump.radixes)


def _offsets(dump: _Dump) -> list[int]:
    """Return the offsets of rows; where two radixes are possible, in the one in which rows are as long as they look."""

    def fitting(radix: int) -> int:
        at = [_value(digits, radix) for digits, _ in dump.rows]
        sizes = [sum(size for size, _ in _cells(rest)) for _, rest in dump.rows]
        return sum(after - before == size for before, after, size in zip(at, at[1:], sizes, strict=False))

    radix = max(dump.radixes, key=fitting)
    return [_value(digits, radix) for digits, _ in dump.rows]


def _cells(rest: str) -> Iterator[tuple[int, int]]:
    """Yield how many bytes each cell of a row may have, and where it ends."""
    at = count = 0
    while count < WIDEST and (cell := _CELL.match(rest, at)):
        size = len(cell[2].removeprefix("0x")) // 2
        at, count = cell.end(), count + size
        yield size, at


def _bytes(dump: _Dump, read: Callable[[str], str]) -> bytes:
    """Return the bytes of all rows; `read` gives the digits of a cell in the order of its bytes."""
    data = bytearray()
    widest = 0  # column at which the bytes of full rows end
    offsets = _offsets(dump)
    for number, (at, (_, rest)) in enumerate(zip(offsets, dump.rows, strict=True)):
        if number in dump.repeats and data:
            width = at - len(data)
            pattern = bytes(data[-USUAL:])
            data += (pattern * (width // len(pattern) + 1))[:width]
        following = offsets[number + 1] if number + 1 < len(offsets) else None
        known = following is not None and number + 1 not in dump.repeats
        size = following - at if known and following is not None else USUAL
        taken, ends = _row(rest, size, read, exact=known, column=widest)
        if known:
            widest = max(widest, ends)
        data += taken
    return bytes(data)


def _row(rest: str, size: int, read: Callable[[str], str], *, exact: bool, column: int) -> tuple[bytes, int]:
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
        digits += read(cell[2].removeprefix("0x"))
        at = ends = cell.end()
    return bytes.fromhex(digits[: 2 * size]), ends
