"""The slip as a picture: one colour, as a thermal printer burns it, with the signature in its place."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO

from PIL import Image, ImageDraw

from acquirer.slip.font import Font
from acquirer.slip.layout import Ink, PlacedInk, PlacedRule, SlipLayout, lay_out
from acquirer.slip.paper import COLUMNS
from acquirer.slip.sheet import SlipRow

DASH = 7
"""Dots of a dash of a rule; 4 are left between two."""

BURNT = 32
"""Of 255: a dot of which an eighth is ink is burnt, so that fine lines survive being made smaller."""


def draw(rows: Iterable[SlipRow], font_bytes: bytes, ink: Ink | None = None, columns: int = COLUMNS) -> bytes:
    """Return the slip as PNG bytes, 384 dots wide, or 576 with 48 columns; without `ink` there is room for a pen.

    Raises:
        ValueError: more rows than a slip has; as `FontError`, bytes that are no font.
    """
    out = BytesIO()
    burn(lay_out(rows, columns, ink), font_bytes, ink).save(out, "PNG", optimize=True)
    return out.getvalue()


def burn(layout: SlipLayout, font_bytes: bytes, ink: Ink | None = None) -> Image.Image:
    """Return the slip as a picture of mode "1"; 0 is ink. Raises FontError."""
    font = Font(font_bytes)
    paper = Image.new("1", (layout.width, layout.height), 1)
    for one in layout.texts:
        font.draw(paper, one.x, one.y, one.text, one.cell)
    for rule in layout.rules:
        _draw_rule(paper, rule)
    if layout.ink is not None and ink is not None:
        paper.paste(scaled(ink, layout.ink), (layout.ink.x, layout.ink.y))
    return paper


def scaled(ink: Ink, place: PlacedInk) -> Image.Image:
    """Return a signature in the size of its place, as a picture of mode "1"; 0 is ink."""
    picture = Image.frombytes("1", (ink.width, ink.height), ink.data).convert("L")
    picture = picture.resize((place.width, place.height), Image.Resampling.BOX)
    return picture.point(lambda share: 0 if share >= BURNT else 255).convert("1", dither=Image.Dither.NONE)


def _draw_rule(paper: Image.Image, rule: PlacedRule) -> None:
    pen = ImageDraw.Draw(paper)
    for x in range(rule.x, rule.x + rule.length - DASH, DASH + 4):  # a dash per column
        pen.line((x, rule.y, x + DASH, rule.y), fill=0)
