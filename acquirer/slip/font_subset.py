"""The few characters of a slip as a font of their own, which a PDF can hold.

The shipped font has outlines of PostScript (CFF), and reportlab embeds those of TrueType only: cubic curves become
quadratic ones, by a thousandth of a cell exact. A glyph is as wide as its columns, so text of the PDF stands as the
picture's does.
"""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import Any, Final

from acquirer.slip.font import FontError
from acquirer.slip.layout import BASE_LINE
from acquirer.slip.paper import width

UNITS: Final = 1000
"""To the cell, in the Noto family as in all fonts with outlines of PostScript."""

FAMILY: Final = "AcquirerSlip"
_NOTDEF: Final = ".notdef"


def subset_font(font_bytes: bytes, characters: Iterable[str], name: str = FAMILY) -> bytes:
    """Return a TrueType font of these characters; `name` is what it calls itself.

    Raises:
        FontError: bytes that are no font with such outlines.
        ImportError: fonttools is not installed.
    """
    from fontTools.fontBuilder import FontBuilder
    from fontTools.ttLib import TTFont, TTLibError

    try:
        source = TTFont(BytesIO(font_bytes), lazy=True)
        names, shapes = source.getBestCmap(), source.getGlyphSet()
    except (TTLibError, OSError, AssertionError) as error:
        raise FontError(f"the slip's font cannot be used: {error}") from None
    glyphs: dict[str, Any] = {_NOTDEF: _glyph(shapes, names[ord(" ")], 0)}
    widths, characters_of = {_NOTDEF: UNITS // 2}, {}
    for char in sorted({*characters, " "}):
        if ord(char) not in names:
            continue
        shape, wanted = names[ord(char)], width(char) * UNITS // 2
        glyph = f"uni{ord(char):04X}"
        glyphs[glyph] = _glyph(shapes, shape, (wanted - round(shapes[shape].width)) // 2)
        widths[glyph], characters_of[ord(char)] = wanted, glyph
    builder = FontBuilder(UNITS, isTTF=True)
    builder.setupGlyphOrder(list(glyphs))
    builder.setupCharacterMap(characters_of)
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics({one: (widths[one], getattr(glyphs[one], "xMin", 0)) for one in glyphs})
    builder.setupHorizontalHeader(ascent=round(UNITS * BASE_LINE), descent=round(UNITS * (BASE_LINE - 1)))
    builder.setupNameTable({"familyName": name, "styleName": "Regular", "psName": name})
    builder.setupOS2()
    builder.setupPost()
    builder.updateHead(created=0, modified=0)
    builder.font.recalcTimestamp = False
    out = BytesIO()
    builder.save(out)
    return out.getvalue()


def _glyph(shapes: Any, name: str, shift: int) -> Any:
    """Return a glyph with quadratic curves, moved to the right by `shift` units."""
    from fontTools.pens.cu2quPen import Cu2QuPen
    from fontTools.pens.transformPen import TransformPen
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    pen = TTGlyphPen(None)
    shapes[name].draw(TransformPen(Cu2QuPen(pen, max_err=1, reverse_direction=True), (1, 0, 0, 1, shift, 0)))
    return pen.glyph()
