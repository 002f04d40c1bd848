"""Dumps with offsets, as xxd, hexdump, od, tcpdump, Wireshark, Netty, PowerShell, jPOS and others write them.

1. A line is part of a dump when it holds the offset that comes next: in hexadecimal, decimal or octal.
2. What stands before the offset (a time, a log's prefix, a frame of dashes) is left alone, and may be missing later.
3. How many bytes a line has follows from the offset of the next one, so characters at its end are not taken for bytes.
4. hexdump and od write words of two or more bytes unless they are asked for single ones, on most machines with the
   lowest byte first: `read_word_dumps` turns these round. A word that is longer than what is left is filled up with
   zeros, and the offset behind the last line says how many bytes there are.
5. At offset 0 another dump begins; dumps that stand in other columns go on beside each other, like the two directions
   of a conversation.
6. A last line without an offset behind it is as long as those before it at most. Where it is the only one, the
   characters at its end say how long it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice

LINE_LIMIT = 1100  # characters: no line of a dump is longer
WIDEST, USUAL = 256, 16  # bytes in a line
OFFSETS_TRIED = 8  # in a line: few words before an offset look like one
DUMPS_LIMIT = 600  # of a text: more than are looked at
LEFT_OUT_LIMIT = 1 << 20  # bytes that all "*" of a text may stand for

_OFFSET = re.compile(
    r"(?<![0-9A-Za-z.:_])(?:0x|[0-9A-Fa-f]{4}:(?=[0-9A-Fa-f]{4}\s))?"  # "0000:0010": a segment before it
    r"([0-9A-Fa-f]{4,16})(?:[hH](?=\s)|[:|>]|(?=\s)|$)[:|>]?"
)
_CELL = re.compile(r"([ \t\u00a0]{0,4}-?[ \t]{0,2})((?:0x)?(?:[0-9A-Fa-f]{2}){1,256})(?![0-9A-Za-z.])[,;]?")
_RADIXES = (16, 8, 10)


@dataclass(slots=True)
class Dump:
    """The lines of one dump."""

    line: int  # of its beginning, from 1
    column: int  # where its offsets stand
    ends: dict[int, int] = field(default_factory=dict)  # the last offset in each radix in which all of them go on
    rows: list[tuple[str, str]] = field(default_factory=list)  # digits of the offset, what stands behind it
    sizes: list[int] = field(default_factory=list)  # bytes that each row has at most
    repeats: set[int] = field(default_factory=set)  # rows before which lines are left out ("*")

    def add(self, digits: str, rest: str, size: int, ends: dict[int, int]) -> None:
        """Add a row whose offset may be in these radixes, with its value in each."""
        self.rows.append((digits, rest))
        self.sizes.append(size)
        self.ends = ends

    def values(self, digits: str, left_out: int) -> dict[int, int]:
        """Return in which radixes these digits are an offset that may come next; `left_out`: that "*" may stand for."""
        limit = left_out if len(self.rows) in self.repeats else self.sizes[-1]
        found = {}
        for radix, at in self.ends.items():
            if at < (value := _value(digits, radix)) <= at + limit:
                found[radix] = value
        return found

    def offsets(self, radix: int) -> list[int]:
        """Return the offsets of all rows."""
        return [_value(digits, radix) for digits, _ in self.rows]

    def read(self, radix: int, read_row: Callable[[str, int | None], bytes]) -> bytes:
        """Return the bytes of all rows, with those that are left out.

        Args:
            radix: that of the offsets.
            read_row: reads what stands behind an offset, of which the number of bytes may be known.
        """
        data, row = bytearray(), b""
        offsets = self.offsets(radix)
        for number, (at, (_, rest)) in enumerate(zip(offsets, self.rows, strict=True)):
            if number in self.repeats and row:
                width = at - len(data)
                data += (row * (width // len(row) + 1))[: max(0, width)]
            known = number + 1 < len(offsets) and number + 1 not in self.repeats
            row = read_row(rest, offsets[number + 1] - at if known else None)
            data += row
        return bytes(data)


def read_dumps(text: str) -> Iterator[tuple[int, bytes]]:
    """Yield the line and the bytes of each dump in a text."""
    for dump in _hex_dumps(text):
        if data := _bytes(dump, lambda cell: cell):
            yield dump.line, data


def read_word_dumps(text: str) -> Iterator[tuple[int, bytes]]:
    """Yield the same of dumps that consist of words, each with its lowest byte first."""
    for dump in _hex_dumps(text):
        if _has_words(dump) and (data := _bytes(dump, _turned_round)):
            yield dump.line, data


def is_hex_dump(text: str) -> bool:
    """Return whether a text is nothing but dumps, of several lines or of one with its characters behind it."""
    dumps = _hex_dumps(text)
    if len(dumps) == 1 and len(dumps[0].rows) == 1 and "\n" not in text.strip():
        (data,), shown = [data for _, data in read_dumps(text)] or [b""], dumps[0].rows[0][1].rstrip(" |<>")
        return len(data) >= USUAL and shown.endswith(_characters(data).rstrip(" |<>"))
    return all_are_rows(text, dumps)


def all_are_rows(text: str, dumps: Sequence[Dump]) -> bool:
    """Return whether each line of a text is one of these dumps, which have several."""
    rows = sum(len(dump.rows) + len(dump.repeats) for dump in dumps)
    return (
        bool(dumps)
        and all(len(dump.rows) > 1 for dump in dumps)
        and rows == sum(bool(line.strip()) for line in text.splitlines())
    )


def _has_words(dump: Dump) -> bool:
    """Return whether all cells of a dump are words of one size."""
    cells = [cell for _, rest in dump.rows for cell in rest.split()]
    sizes = {len(cell) for cell in cells}
    return len(sizes) == 1 and sizes <= _WORD_DIGITS and all(map(_HEX.fullmatch, cells))


def _turned_round(word: str) -> str:
    return bytes.fromhex(word)[::-1].hex()


_WORD_DIGITS = {4, 8, 16}
_HEX = re.compile("[0-9A-Fa-f]+")


@lru_cache(maxsize=1)  # one text is asked for several times in a row
def _hex_dumps(text: str) -> tuple[Dump, ...]:
    return tuple(find_dumps(text, lambda rest: sum(size for size, _ in _cells(rest))))


def find_dumps(text: str, size_of: Callable[[str], int]) -> list[Dump]:
    """Return the dumps in a text; `size_of` returns how many bytes a row has at most, 0 for what is none."""
    dumps: list[Dump] = []
    going: dict[int, Dump] = {}  # by column
    last: Dump | None = None
    left_out = LEFT_OUT_LIMIT
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > LINE_LIMIT:
            continue
        if line.strip() == "*" and last:
            last.repeats.add(len(last.rows))
            continue
        for found in islice(_OFFSET.finditer(line), OFFSETS_TRIED):
            digits, rest = found[1], line[found.end() :].rstrip()
            begins = bool(rest) and not digits.strip("0")
            dump, ends = (
                (None, dict.fromkeys(_RADIXES, 0))
                if begins
                else _continued((going.get(found.start()), last), digits, left_out)
            )
            if not (begins or dump) or (not (size := size_of(rest)) and rest):
                continue
            if dump is None and len(dumps) == DUMPS_LIMIT:
                return dumps
            if dump is None:
                dump = going[found.start()] = Dump(number, found.start())
                dumps.append(dump)
            elif len(dump.rows) in dump.repeats:
                left_out -= max(ends[radix] - dump.ends[radix] for radix in ends)
            dump.add(digits, rest, size, ends)
            last = dump
            break
    return dumps


def _continued(
    dumps: tuple[Dump | None, Dump | None], digits: str, left_out: int
) -> tuple[Dump | None, dict[int, int]]:
    """Return the first of some dumps that goes on with an offset, and the values that this may have."""
    for number, dump in enumerate(dumps):
        if dump and not (number and dump is dumps[0]) and (ends := dump.values(digits, left_out)):
            return dump, ends
    return None, {}


def _value(digits: str, radix: int) -> int:
    try:
        return int(digits, radix)
    except ValueError:
        return -1


def _radix(dump: Dump) -> int:
    """Return the radix of offsets; where two are possible, the one in which rows are as long as they look."""

    def fitting(radix: int) -> int:
        at = dump.offsets(radix)
        return sum(after - before == size for before, after, size in zip(at, at[1:], dump.sizes, strict=False))

    return max(dump.ends, key=fitting)


def _cells(rest: str) -> Iterator[tuple[int, int]]:
    """Yield how many bytes each cell of a row may have, and where it ends."""
    at = count = 0
    while count < WIDEST and (cell := _CELL.match(rest, at)):
        size = len(cell[2].removeprefix("0x")) // 2
        at, count = cell.end(), count + size
        yield size, at


def _bytes(dump: Dump, read: Callable[[str], str]) -> bytes:
    """Return the bytes of all rows; `read` gives the digits of a cell in the order of its bytes."""
    width = column = gap = 0  # bytes of the widest row before, where they end, and the widest gap between two of them

    def read_row(rest: str, size: int | None) -> bytes:
        nonlocal width, column, gap
        if size is None:
            return _row(rest, width, read, exact=False, column=column, gap=gap)[0] if width else _only_row(rest, read)
        taken, ends = _row(rest, size, read, exact=True, column=column)
        width, column = max(width, size), max(column, ends)
        gap = max(gap, *map(len, re.findall(r"[ \t]+", rest[:ends].lstrip())), 0)
        return taken

    return dump.read(_radix(dump), read_row)


def _only_row(rest: str, read: Callable[[str], str]) -> bytes:
    """Return the bytes of a dump of one line: more than the usual number where as many characters follow."""
    usual, ends = _row(rest, USUAL, read, exact=False, column=0)
    long, long_ends = _row(rest, WIDEST, read, exact=False, column=0)
    if rest[ends:].strip(" |>") == _characters(usual).strip(" |>"):
        return usual
    return long if len(rest[long_ends:].strip()) == len(long) else usual


def _characters(data: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in data)


def _row(
    rest: str, size: int, read: Callable[[str], str], *, exact: bool, column: int, gap: int = 0
) -> tuple[bytes, int]:
    """Return the bytes of a row and where they end; where their number is not known, as many as look like bytes.

    Args:
        column: where the bytes of the rows before end; 0: there is none.
        gap: blanks between two halves of these rows.
    """
    digits, at, ends = "", 0, 0
    while len(digits) < 2 * size and (cell := _CELL.match(rest, at)):
        blanks = len(cell[1])
        halfway = len(digits) in (USUAL // 2, USUAL, 3 * USUAL // 2)  # between groups of four or eight bytes
        most = max(2, gap) if halfway else 1
        if not exact and digits and (blanks > most or (column and cell.end() > column)):
            break
        digits += read(cell[2].removeprefix("0x"))
        at = ends = cell.end()
    return bytes.fromhex(digits[: 2 * size]), ends
