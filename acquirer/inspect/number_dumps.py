"""Dumps whose cells are no hexadecimal bytes: octal and decimal numbers, characters, digits of bits, words of xxd -e.

1. od and hexdump write words in the order of the machine, here with the lowest byte first.
2. How many bytes a number has follows from its digits where they are octal, else from the offsets.
3. A dump is read when all of its rows are as long as its offsets say, and when no number is too large.
4. Patterns are compiled when a text holds the offset 0: few texts do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

from acquirer.inspect.dumps import USUAL, Dump, all_are_rows, find_dumps
from acquirer.inspect.printed import CONTROL_NAMES

DumpRow = Callable[[str, int], bytes]  # reads the text of a row, the size of its numbers being known
SIZES = (1, 2, 4, 8)  # bytes of a number
OCTAL_SIZES = {3: 1, 6: 2, 11: 4, 22: 8}  # by its digits
CHARACTERS_MOST = 64  # in a row of od -c, of which blanks at its end may be missing
CONTROL_CODES = {name: code for code, name in enumerate(CONTROL_NAMES.split())} | {"del": 127}
SINGLE = {"0": 0, "a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13}


class CellForm(NamedTuple):
    """How the cells of a dump are written."""

    cell: str  # pattern of one, with the blanks before it
    split: Callable[[str, int], list[str]]  # the cells of a row, each of so many bytes
    sizes: Callable[[str], tuple[int, ...]]  # bytes that a cell may have
    number: Callable[[str], int]
    blanks: bool = False  # cells may be blanks, which are missing at the end of a row
    behind: str = r"[ \t]*$"  # pattern of what may follow the cells of a row

    def row(self) -> re.Pattern[str]:
        """Return the pattern of what stands behind an offset."""
        return re.compile(f"((?:{self.cell})+){self.behind}")


def _words(cells: str, _: int) -> list[str]:
    return cells.split()


def _in_columns(cells: str, size: int) -> list[str]:
    """Return the words of xxd -e: at the right of columns of one width, up to what is none."""
    words, width = [], 2 * size + 1
    for at in range(0, len(cells), width):
        column = cells[at : at + width]
        word = column.strip()
        if len(column) < width or column[0] != " " or not column.endswith(word) or " " in word or len(word) % 2:
            break
        words.append(word)
    return words


OCTAL = CellForm(
    r"[ \t]+(?:[0-3][0-7]{2}|[01][0-7]{5}|[0-3][0-7]{10}|[01][0-7]{21})(?!\S)",
    _words,
    lambda cell: (OCTAL_SIZES[len(cell)],),
    lambda cell: int(cell, 8),
)
DECIMAL = CellForm(r"[ \t]+-?[0-9]{1,20}(?!\S)", _words, lambda _: SIZES, int)
BITS = CellForm(r" {1,2}[01]{8}(?!\S)", _words, lambda _: (1,), lambda cell: int(cell, 2), behind=r"(?:\s|$)")
WORDS = CellForm(
    r" +(?:(?:[0-9A-Fa-f]{2}){1,8}(?= )|(?:20){1,8}$)",
    _in_columns,
    lambda cell: (len(cell) // 2,) if len(cell) in (4, 8, 16) else (),
    lambda cell: int(cell, 16),
    behind="(?:  |$)",  # behind a row of blanks stand blanks, and they are cut off
)
CHARACTERS = CellForm(
    r"(?: {3}[ -~]| {2}\\[0abtnvfr]| [0-3][0-7]{2})",
    lambda cells, _: [cells[at : at + 4] for at in range(0, len(cells), 4)],
    lambda _: (1,),
    lambda cell: _character(cell),
    blanks=True,
)


NAMES = CellForm(
    "(?: {3}[!-~]|" + "|".join(f"{name:>4}" for name in CONTROL_CODES) + ")",
    CHARACTERS.split,
    CHARACTERS.sizes,
    lambda cell: CONTROL_CODES[cell.strip()] if len(cell.strip()) > 1 else ord(cell.strip()),
)


def _character(cell: str) -> int:
    written = cell.strip()
    if len(written) == 3:
        return int(written, 8)
    return SINGLE[written[1]] if len(written) == 2 else ord(written or " ")


def octal_dumps(text: str) -> Iterator[tuple[int, bytes]]:
    """Yield the line and the bytes of each dump of octal numbers, as od writes them without options."""
    return _read(text, OCTAL)


def decimal_dumps(text: str) -> Iterator[tuple[int, bytes]]:
    """Yield the same of dumps of decimal numbers."""
    return _read(text, DECIMAL)


def character_dumps(text: str) -> Iterator[tuple[int, bytes]]:
    """Yield the same of dumps of characters, as od -c writes them."""
    return _read(text, CHARACTERS)


def name_dumps(text: str) -> Iterator[tuple[int, bytes]]:
    """Yield the same of dumps of names of characters, as od -a writes them: without the highest bit of each byte."""
    return _read(text, NAMES)


def bit_dumps(text: str) -> Iterator[tuple[int, bytes]]:
    """Yield the same of dumps of the bits of each byte, as xxd -b writes them."""
    return _read(text, BITS)


def little_endian_dumps(text: str) -> Iterator[tuple[int, bytes]]:
    """Yield the same of words with the lowest byte first and characters behind them, as xxd -e writes them."""
    return _read(text, WORDS)


def is_number_dump(text: str) -> bool:
    """Return whether a text is nothing but such dumps, of several lines."""
    forms = (OCTAL, DECIMAL, CHARACTERS, NAMES, BITS)
    return any(all_are_rows(text, found) for form in forms if (found := _dumps(text, form)))


def _read(text: str, form: CellForm) -> Iterator[tuple[int, bytes]]:
    for dump in _dumps(text, form):
        if data := _bytes(dump, form):
            yield dump.line, data


@lru_cache(maxsize=6)  # as many as there are forms: one text is asked for twice
def _dumps(text: str, form: CellForm) -> tuple[Dump, ...]:
    if "0000" not in text or not re.search(rf"(?<![0-9A-Za-z])0{{4,16}}:?{form.cell}", text):
        return ()
    row = form.row()

    def size_of(rest: str) -> int:
        found = row.match(rest)
        if form.blanks:
            return CHARACTERS_MOST if found or not rest.strip() else 0
        return SIZES[-1] * len(found[1].split()) if found else 0

    return tuple(find_dumps(text, size_of))


def _bytes(dump: Dump, form: CellForm) -> bytes:
    """Return the bytes of a dump; none where its rows do not fit."""
    row = form.row()
    cells = [found[1] if (found := row.match(rest)) else "" for _, rest in dump.rows]
    first = cells[0] if form.blanks else cells[0].split()[0]
    for radix in sorted(dump.ends, key=lambda radix: _unlikely(dump, radix, len(form.split(cells[0], 1)))):
        for size in form.sizes(first):
            if data := _bytes_in(dump, form, radix, size):
                return data
    return b""


def _unlikely(dump: Dump, radix: int, cells: int) -> tuple[bool, bool, int]:
    """Return what puts a radix behind others: rows that are not as long as their cells, or as usual, or longer."""
    width = dump.offsets(radix)[1] if len(dump.rows) > 1 else 0
    return width != cells, width != USUAL, width


def _bytes_in(dump: Dump, form: CellForm, radix: int, size: int) -> bytes:
    """Return the bytes if the offsets are of this radix and the numbers of this size; none where they are not."""
    row = form.row()

    def read_row(rest: str, length: int | None) -> bytes:
        found = row.match(rest)
        cells = form.split(found[1], size) if found else []
        if length is not None:
            if form.blanks:
                cells += [" "] * (length - len(cells))
            wanted = -(-length // size)
            if len(cells) < wanted or (len(cells) > wanted and form.behind == OCTAL.behind):
                raise ValueError
            cells = cells[:wanted]
        return b"".join(_number(form, cell, size) for cell in cells)[:length]

    try:
        return dump.read(radix, read_row)
    except (ValueError, OverflowError):
        return b""


def _number(form: CellForm, cell: str, size: int) -> bytes:
    number = form.number(cell)
    return number.to_bytes(len(cell) // 2 if form is WORDS else size, "little", signed=number < 0)
