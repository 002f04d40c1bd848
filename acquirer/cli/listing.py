"""Lists on stdout: one line for an entry, or a table, of any length.

`cli.tables` lays tables out with rich, which takes about a millisecond a row; a list may have thousands. Here

1. a line is written as it is, in colours only on a terminal and never under NO_COLOR;
2. a table's row that is too long for the screen is broken between its cells, never within a number: what does not fit
   stands on the next line, indented. Only a text that is longer than a line is broken, between words where it has any.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from textwrap import wrap
from typing import Final

PLAIN, KEY, QUIET, GOOD, BAD = "", "36", "2", "32", "1;31"
"""Styles, as SGR parameters (ECMA-48): nothing, cyan, dim, green, bold red."""

GAP: Final = "  "  # between cells, and before what a row goes on with on its next line
_BOLD: Final = "1"


class Painter:
    """Puts text in colours, or leaves it as it is."""

    def __init__(self) -> None:
        self.coloured = (
            sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") not in ("dumb", "unknown")
        )

    def paint(self, text: str, style: str) -> str:
        """Return `text` in a style."""
        return f"\x1b[{style}m{text}\x1b[0m" if self.coloured and style and text else text


def screen_width() -> int | None:
    """Return how many columns there are; None when stdout is no screen: then no line is broken, and grep finds all."""
    if not sys.stdout.isatty() and "COLUMNS" not in os.environ:
        return None
    return shutil.get_terminal_size().columns


def print_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; its first column is the key of each row."""
    painter = Painter()
    layout = _Layout(headers, rows, screen_width())
    out = sys.stdout
    for line in layout.lines(headers):
        out.write(painter.paint(line, _BOLD) + "\n")
    out.write(painter.paint("─" * layout.width, QUIET) + "\n")
    for row in rows:
        key = len(row[0])
        first, *others = layout.lines(row)
        out.write(painter.paint(first[:key], KEY) + first[key:] + "\n")
        out.writelines(f"{line}\n" for line in others)


class _Layout:
    """Which columns stand beside each other, and how wide each of them is."""

    def __init__(self, headers: Sequence[str], rows: Sequence[Sequence[str]], screen: int | None) -> None:
        columns = zip(headers, *rows, strict=True)
        widths = [max(map(_cells, column)) for column in columns]
        if screen is not None:
            widths = [min(width, max(screen - len(GAP), 1)) for width in widths]
        self._lines: list[list[tuple[int, int]]] = [[]]  # of each line: place and width of its cells
        self.width = used = 0
        for place, width in enumerate(widths):
            if self._lines[-1] and screen is not None and used + len(GAP) + width > screen:
                self._lines.append([])
                used = 0
            used += (len(GAP) if used or len(self._lines) > 1 else 0) + width
            self._lines[-1].append((place, width))
            self.width = max(self.width, used)

    def lines(self, row: Sequence[str]) -> Iterator[str]:
        """Yield the lines of a row."""
        for number, cells in enumerate(self._lines):
            indent = GAP if number else ""
            texts = [(row[place], width) for place, width in cells]
            if all(_cells(text) <= width for text, width in texts):
                line = (indent + GAP.join([_padded(text, width) for text, width in texts])).rstrip()
                if line or not number:
                    yield line
            else:
                yield from _folded(texts, indent)


def _folded(texts: Sequence[tuple[str, int]], indent: str) -> Iterator[str]:
    """Yield the lines of cells of which one does not fit."""
    pieces = [list(_pieces(text, width)) for text, width in texts]
    for parts in zip_longest(*pieces, fillvalue=""):
        yield (
            indent + GAP.join([_padded(text, width) for text, (_, width) in zip(parts, texts, strict=True)])
        ).rstrip()


def _pieces(text: str, width: int) -> Iterator[str]:
    """Yield a text in pieces that fit, broken between words where there are any."""
    if text.isascii():
        yield from wrap(text, width)
        return
    piece = ""
    for character in text:
        if _cells(piece + character) > width:
            yield piece
            piece = ""
        piece += character
    yield piece


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _cells(text))


def _cells(text: str) -> int:
    """Return how many columns a text takes on a screen: a Chinese character takes two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
