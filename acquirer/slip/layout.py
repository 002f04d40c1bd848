"""Where everything on a slip stands, in dots of a thermal printer: eight to the millimetre.

Geometry: 58 mm paper has 384 dots to print on, 80 mm paper 576; margins of 16 dots leave 32 columns of 11 dots, or
49 of which 48 are used. Lines have a gap of 6 dots between them (printer guides of the field).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from acquirer.slip.paper import COLUMNS, replace_unprintable, width, wrapped
from acquirer.slip.sheet import SIGNATURE_LINES, SlipRow

DOTS_OF: Final = {32: 384, 48: 576}
"""Dots that a printer has, by columns of its text."""

DOTS_PER_MM: Final = 8
"""Of thermal printers: 203 to the inch."""

NORMAL = 22
"""Dots of a Chinese character; a column is half of it."""

GAP = 6
EDGE = 24
"""Paper above the first line and below the last."""

TITLE_SIZES: Final = (40, 34, 28)
LOUD_SIZES: Final = (32, 28, 26, 24)
AMOUNT_SIZES: Final = (48, 40, 32, 26)
"""Of which the first that fits is taken; if none does, the line is broken."""

MAX_ROWS = 2500
"""Some sixty metres of paper: a settlement with the list of a thousand transactions."""

BASE_LINE: Final = 0.88
"""Share of a cell above the base line, in the Noto family as in other Chinese fonts."""

SIGNATURE_HEIGHT: Final = 192
"""Dots that a signature has at most, but for one that is higher than wide."""


class Ink(Protocol):
    """A picture of one bit per pixel, as `acquirer.signature` has it: rows packed MSB first, 1 is ink."""

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def data(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class PlacedText:
    """A text whose first cell has its upper left corner at `x`, `y`."""

    x: int
    y: int
    text: str
    cell: int = NORMAL


@dataclass(frozen=True, slots=True)
class PlacedRule:
    """A dashed line."""

    x: int
    y: int
    length: int


@dataclass(frozen=True, slots=True)
class PlacedInk:
    """The signature, in a box."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class SlipLayout:
    """A slip with everything in its place."""

    width: int
    height: int
    texts: tuple[PlacedText, ...] = ()
    rules: tuple[PlacedRule, ...] = ()
    ink: PlacedInk | None = None


def lay_out(rows: Iterable[SlipRow], columns: int = COLUMNS, ink: Ink | None = None) -> SlipLayout:
    """Return where everything stands; `ink` takes the place of the signature.

    Raises:
        ValueError: more than `MAX_ROWS` rows.
    """
    known = tuple(rows)
    if len(known) > MAX_ROWS:
        raise ValueError(f"a slip of {len(known)} rows is not printed; at most {MAX_ROWS} are")
    placing = _Placing(columns, ink if ink is not None and ink.data else None)
    for row in known:
        placing.add(row)
    return SlipLayout(
        DOTS_OF[columns], placing.y + EDGE, tuple(placing.texts), tuple(placing.rules), placing.placed_ink
    )


class _Placing:
    """Rows put one beneath the other."""

    def __init__(self, columns: int, ink: Ink | None) -> None:
        self.columns = columns
        self.dots = DOTS_OF[columns]
        self.room = columns * NORMAL // 2
        self.left = (self.dots - self.room) // 2
        self.y = EDGE
        self.texts: list[PlacedText] = []
        self.rules: list[PlacedRule] = []
        self.placed_ink: PlacedInk | None = None
        self._ink = ink

    def add(self, row: SlipRow) -> None:
        """Put one row beneath the others."""
        if row.role == "rule":
            self.rules.append(PlacedRule(self.left, self.y + NORMAL // 4, self.room))
            self.y += NORMAL // 2 + GAP
        elif row.role == "signature":
            self._signature(row)
        elif row.role == "amount":
            self._amount(row)
        elif row.role in ("title", "centre", "loud"):
            sizes = {"title": TITLE_SIZES, "loud": LOUD_SIZES}.get(row.role, (NORMAL,))
            self._centred(row.text, sizes)
        else:
            self._pair(row)

    def _line(self, x: int, text: str, cell: int = NORMAL) -> None:
        self.texts.append(PlacedText(x, self.y, text, cell))

    def _centred(self, text: str, sizes: tuple[int, ...]) -> None:
        text = replace_unprintable(text)
        size = next((one for one in sizes if _dots(text, one) <= self.room), None)
        for line in [text] if size else wrapped(text, self.columns):
            cell = size or NORMAL
            self._line(self.left + (self.room - _dots(line, cell)) // 2, line, cell)
            self.y += cell + GAP

    def _pair(self, row: SlipRow) -> None:
        value = replace_unprintable(row.value).strip()
        if not value:
            for line in wrapped(row.text, self.columns) or [""]:
                self._line(self.left, line)
                self.y += NORMAL + GAP
            return
        if _dots(row.text) + NORMAL // 2 + _dots(value) <= self.room:
            self._line(self.left, row.text)
            self._right(value)
            self.y += NORMAL + GAP
            return
        for line in wrapped(row.text, self.columns):
            self._line(self.left, line)
            self.y += NORMAL + GAP
        for line in wrapped(value, self.columns):
            self._right(line)
            self.y += NORMAL + GAP

    def _right(self, text: str, cell: int = NORMAL) -> None:
        self._line(self.left + self.room - _dots(text, cell), text, cell)

    def _amount(self, row: SlipRow) -> None:
        """Put label and amount on one line, or the amount on its own where it would be no larger than the text."""
        value = replace_unprintable(row.value).strip()
        room = self.room - _dots(row.text) - NORMAL // 2
        size = next((one for one in AMOUNT_SIZES if _dots(value, one) <= room), 0)
        own = next((one for one in AMOUNT_SIZES if _dots(value, one) <= self.room), NORMAL)
        if not size:
            self._line(self.left, row.text)
            self.y += NORMAL + GAP
            self._right(value, own)
            self.y += own + GAP
            return
        self.texts.append(PlacedText(self.left, self.y + round((size - NORMAL) * BASE_LINE), row.text))
        self._right(value, size)
        self.y += size + GAP

    def _signature(self, row: SlipRow) -> None:
        """Put the signature in the middle, small ones twice as large and wide ones smaller; or leave its place."""
        ink = self._ink
        if ink is None:
            if row.text:
                self._centred(row.text, (NORMAL,))
            else:
                self.y += SIGNATURE_LINES * (NORMAL + GAP)
            return
        double = ink.width * 2 <= self.room and ink.height * 2 <= SIGNATURE_HEIGHT
        scale = 2.0 if double else min(1.0, self.room / max(ink.width, ink.height))
        size = max(1, round(ink.width * scale)), max(1, round(ink.height * scale))
        self.placed_ink = PlacedInk((self.dots - size[0]) // 2, self.y + GAP, *size)
        self.y += size[1] + 2 * GAP


def _dots(text: str, cell: int = NORMAL) -> int:
    return width(text) * cell // 2


def cells_of_glyphs(text: str, cell: int) -> Iterator[tuple[str, float, int]]:
    """Yield each character with the place of its cell from the left and the cell's width, in dots."""
    x = 0.0
    for char in text:
        room = width(char) * cell / 2
        yield char, x, round(room)
        x += room
