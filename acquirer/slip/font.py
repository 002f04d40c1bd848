"""The slip printer's characters: the font's outlines as dots of one colour, in cells as a thermal printer has them.

A Chinese character fills a square cell, a Latin one half of it; which is which follows from the bytes of GBK, as the
columns of the text do (`paper.width`), so that text and picture break and align alike.
"""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from acquirer.errors import ConfigurationError
from acquirer.slip.layout import BASE_LINE, NORMAL, cells_of_glyphs


class FontError(ConfigurationError, ValueError):
    """Bytes that are not a font."""


class Font:
    """Draws text of any cell size with one font file; keeps each size that it has drawn."""

    __slots__ = ("_bytes", "_sizes")

    def __init__(self, font_bytes: bytes) -> None:
        """Take the bytes of an OpenType or TrueType file. Raises FontError."""
        self._bytes = font_bytes
        self._sizes: dict[int, ImageFont.FreeTypeFont] = {}
        self._sized(NORMAL)

    def draw(self, picture: Image.Image, x: int, y: int, text: str, cell: int = NORMAL) -> None:
        """Write `text` into a picture of mode "1" (0 is ink), its first cell's upper left corner at `x`, `y`."""
        pen = ImageDraw.Draw(picture)  # on mode "1" FreeType hints for one colour: stems of whole dots, no grey
        font = self._sized(cell)
        for char, left, room in cells_of_glyphs(text, cell):
            pen.text((x + left + room / 2, y + round(cell * BASE_LINE)), char, fill=0, font=font, anchor="ms")

    def _sized(self, cell: int) -> ImageFont.FreeTypeFont:
        if cell not in self._sizes:
            try:
                self._sizes[cell] = ImageFont.truetype(BytesIO(self._bytes), cell, layout_engine=ImageFont.Layout.BASIC)
            except OSError as error:
                raise FontError(f"the slip's font cannot be used: {error}") from None
        return self._sizes[cell]
