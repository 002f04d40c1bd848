"""Dumps without offsets: rows of hex with their characters behind, the two lines of mainframe editors, and addresses.

1. A row counts when the characters behind its bytes are those of the bytes: nothing else tells where they end.
2. Editors of mainframes write the first digits of all bytes in one line and the second ones below it.
3. Debuggers write addresses in place of offsets: what counts is how they grow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from acquirer.inspect.dumps import read_dumps
from acquirer.inspect.printed import Found

ROW_BYTES = 64  # at most; with fewer than four, the characters are luck
VERTICAL_LEAST = 8
ADDRESSES_TRIED = 3  # in a line: a process and a thread may stand before it
ADDRESS_LEAST = 4  # digits
ROW_MOST = 400  # characters: no row of 64 bytes with its characters is longer


def rows_with_characters(text: str) -> Found:
    """Yield the bytes of rows that stand below each other, each with its characters behind."""
    first, data = 0, b""
    for number, line in enumerate([*text.splitlines(), ""], 1):
        row = _row(line, begun=bool(data))
        if row:
            first = first if data else number
            data += row
        elif data:
            yield first, data
            data = b""


def _row(line: str, *, begun: bool) -> bytes:
    """Return the bytes of a line that are followed by their characters; empty where there are none.

    Args:
        begun: there is a row before it, so blanks may be the characters of this one.
    """
    if not 1 < len(line) < ROW_MOST:
        return b""
    runs = re.finditer(r"(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{2}(?:[ \t]{1,4}|-|(?=\|))){1,64}", line)
    run = max(runs, key=lambda one: len(one[0]), default=None)
    if not run:
        return b""
    cells = list(re.finditer("[0-9A-Fa-f]{2}", run[0]))
    data = bytes.fromhex("".join(cell[0] for cell in cells))
    for count in range(len(cells), 0, -1):
        behind = re.sub(r"[\s|*<>:·]", "", line[run.start() + cells[count - 1].end() :].replace("·", "."))
        shown = "".join(chr(byte) if 33 <= byte < 127 else "." * (byte != 32) for byte in data[:count])
        if (behind or begun) and behind == re.sub(r"[|*<>:]", "", shown):
            return data[:count]
    return b""


def vertical_hex(text: str) -> Found:
    """Yield the bytes of a text with the first digits of all bytes in one line and the second ones in that below it.

    A line with their characters may stand above.
    """
    pairs: list[tuple[int, str, str]] = []
    for number, block in _blocks(text):
        size = 3 if len(block) % 3 == 0 else 2
        pairs += [(number + at, block[at], block[at + 1]) for at in range(size - 2, len(block) - 1, size)]
    if not pairs or any(
        len(high) != len(low) or not re.fullmatch("[0-9A-Fa-f]+", high + low) for _, high, low in pairs
    ):
        return
    digits = "".join(one for _, high, low in pairs for both in zip(high, low, strict=True) for one in both)
    if len(digits) >= 2 * VERTICAL_LEAST:
        yield pairs[0][0], bytes.fromhex(digits)


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines between empty lines and lines of dashes, with the number of the first of them."""
    block: list[str] = []
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if line.strip(" -"):
            block.append(line.strip())
        elif block:
            yield number - len(block), block
            block = []


def addressed_dumps(text: str) -> Found:
    """Yield the bytes of dumps whose first address is not 0, as debuggers write them."""
    address = re.compile(
        r"(?<![0-9A-Za-z.:_])(?:0x|[0-9A-Fa-f]{8}`|\+)?([0-9A-Fa-f]{4,16})(?:\s?<[^<>\s]{1,80}>)?[hH]?[:|>]?(?=\s)"
    )
    lines = text.splitlines()
    found = [
        list(islice(address.finditer(line), ADDRESSES_TRIED)) if ADDRESS_LEAST <= len(line) < ROW_MOST else []
        for line in lines
    ]
    for which in range(ADDRESSES_TRIED):
        rows = [
            (int(one[which][1], 16), line[one[which].end() :]) if len(one) > which else None
            for one, line in zip(found, lines, strict=True)
        ]
        runs = list(_runs(rows))
        for number, run in runs:
            dump = "\n".join(f"{at - run[0][0]:08x}  {rest}" for at, rest in run)
            yield from ((number, data) for _, data in read_dumps(dump))
        if runs:
            return


def _runs(rows: list[tuple[int, str] | None]) -> Iterator[tuple[int, list[tuple[int, str]]]]:
    """Yield the line and the rows of each run of lines whose addresses grow by the same number, from 4 to 32."""
    run: list[tuple[int, str]] = []
    for number, row in enumerate([*rows, None], 1):
        step = row[0] - run[-1][0] if row and run else 0
        if row and 4 <= step <= 32 and (len(run) < 2 or step == run[1][0] - run[0][0]):
            run.append(row)
            continue
        if len(run) > 1 and run[0][0]:
            yield number - len(run), run
        run = [row] if row else []
