"""Tables for people: one look for all commands.

Colour only on a terminal and never under NO_COLOR; text from the wire is never taken for markup. Wide screens have
room for the Chinese names beside the English ones.
"""

from __future__ import annotations

import os
import re
import sys
from typing import TextIO, cast

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text as Line

from acquirer.inspect.hexdump import WIDTH, dump_lines

__all__ = ["ALERT", "HIDDEN", "KEY", "PIPED", "QUIET", "WIDE", "Line", "console", "hex_lines", "table"]

WIDE = 110  # columns from which on there is room for names in both languages
PIPED = 120  # columns when the output is no screen: lines hardly ever break, and grep finds what it looks for

KEY, QUIET, HIDDEN, ALERT = "cyan", "dim", "yellow", "bold red"


def console() -> Console:
    """Return the console for data: stdout."""
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else PIPED
    return Console(file=cast("TextIO", _Trimmed(sys.stdout)), width=width, highlight=False, markup=False, emoji=False)


class _Trimmed:
    """A stream without the blanks that tables put at the end of their lines."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.encoding, self.isatty, self.fileno, self.flush = (
            stream.encoding,
            stream.isatty,
            stream.fileno,
            stream.flush,
        )

    def write(self, text: str) -> int:
        return self._stream.write(re.sub(r" +$", "", text, flags=re.MULTILINE))


def table(*columns: str, title: str = "") -> Table:
    """Return an empty table; a column whose name ends in ``>`` is aligned to the right."""
    grid = Table(
        box=box.SIMPLE_HEAD,
        title=title or None,
        title_justify="left",
        title_style="bold",
        pad_edge=False,
        header_style="bold",
    )
    for column in columns:
        grid.add_column(column.rstrip(">"), justify="right" if column.endswith(">") else "left", overflow="fold")
    return grid


def hex_lines(frame: bytes, hidden: frozenset[int], bounds: frozenset[int]) -> Line:
    """Return a dump in which neighbouring fields, beginning at `bounds`, differ in colour."""
    styles, style = [], 1
    for at in range(len(frame)):
        style ^= at in bounds
        styles.append(("", KEY)[style])
    text = Line()
    for line in dump_lines(frame, hidden):
        start = len(text)
        text.append(f"{line}\n")
        text.stylize(QUIET, start, start + 4)
        for i, cell in enumerate(line.cells):
            at = start + 6 + 3 * i + (i >= WIDTH // 2)
            text.stylize(HIDDEN if "*" in cell else styles[line.offset + i], at, at + 2)
        text.stylize(QUIET, start + 6 + 3 * WIDTH + 2)
    text.rstrip()
    return text
