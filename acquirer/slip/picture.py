"""The slip as a picture: 384 dots wide, one colour, as a thermal printer burns it, with the signature in its place.

It takes the lines of the plain text receipt, nothing is said here that is not said there; only sizes, rules and the
signature are added. Geometry: 58 mm paper of 384 dots, cells of 24, a gap of 6 dots between lines (printer guides of
the field).
"""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import Protocol

from PIL import Image, ImageDraw

from acquirer.slip.font import NORMAL, Font
from acquirer.slip.paper import RULE, width

DOTS = 384
GAP = 6
EDGE = 24
"""Paper above the first line and below the last."""

MAX_LINES = 300
"""Three metres of paper; a slip has some forty lines."""

TITLE = 40
LOUD = (("DUPLICATED", 32), ("重打印凭证", 32))
"""Whole lines that are printed larger when they hold these words, and the size of their cells."""

AMOUNTS = ("金额", "AMOUNT")
"""A line that begins with one of these has its value printed as large as fits."""

SIGN_HERE = ("持卡人签名", "CARDHOLDER SIGNATURE")
"""A line that begins with one of these is followed by the signature, in place of the blank lines left for it."""


class Ink(Protocol):
    """A picture of one bit per pixel, as `acquirer.signature` has it: rows packed MSB first, 1 is ink."""

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def data(self) -> bytes: ...


def draw(lines: Iterable[str], font_bytes: bytes, signature: Ink | None = None) -> bytes:
    """Return the slip as PNG bytes; without a `signature` the blank lines stay for a pen.

    Raises:
        ValueError: more than `MAX_LINES` lines; as `FontError`, bytes that are no font.
    """
    rest = [line.rstrip("\n") for line in lines]
    if len(rest) > MAX_LINES:
        raise ValueError(f"a slip of {len(rest)} lines is not printed; at most {MAX_LINES} are")
    font = Font(font_bytes)
    strips: list[Image.Image] = []
    while rest:
        line = rest.pop(0)
        strips.append(_strip(line, font, first=not strips))
        if signature is not None and signature.data and line.startswith(SIGN_HERE):
            while rest and not rest[0].strip():
                rest.pop(0)
            strips.append(_signed(signature))
    paper = Image.new("1", (DOTS, 2 * EDGE + sum(strip.height for strip in strips)), 1)
    y = EDGE
    for strip in strips:
        paper.paste(strip, (0, y))
        y += strip.height
    out = BytesIO()
    paper.save(out, "PNG", optimize=True)
    return out.getvalue()


def _strip(line: str, font: Font, first: bool) -> Image.Image:
    """Return one line of text with its gap, in the size that suits it."""
    if line == RULE:
        return _rule()
    text = line.strip()
    label, _, value = text.partition("  ")
    if label.startswith(AMOUNTS) and value:
        return _amount(label, value.strip(), font)
    size = TITLE if first else next((size for word, size in LOUD if word in text), NORMAL)
    if size == NORMAL or width(text) * size // 2 > DOTS:
        strip = _blank(NORMAL + GAP)
        font.draw(strip, 0, 0, line)
    else:
        strip = _blank(size + GAP)
        font.draw(strip, (DOTS - width(text) * size // 2) // 2, 0, text, size)
    return strip


def _amount(label: str, value: str, font: Font) -> Image.Image:
    """Return an amount: the label as usual, the value at the right as large as the line allows."""
    room = DOTS - width(label) * NORMAL // 2 - NORMAL // 2
    size = next((size for size in (48, 40, 32) if width(value) * size // 2 <= room), NORMAL)
    strip = _blank(size + GAP)
    font.draw(strip, 0, round((size - NORMAL) * 0.88), label)  # both stand on one base line
    font.draw(strip, DOTS - width(value) * size // 2, 0, value, size)
    return strip


def _rule() -> Image.Image:
    strip = _blank(NORMAL // 2 + GAP)
    pen = ImageDraw.Draw(strip)
    for x in range(2, DOTS, 12):  # a dash per column
        pen.line((x, NORMAL // 4, x + 7, NORMAL // 4), fill=0)
    return strip


def _signed(ink: Ink) -> Image.Image:
    """Return the signature in the middle: small ones of old pads twice as large, ones wider than the paper smaller."""
    picture = Image.frombytes("1", (ink.width, ink.height), ink.data).convert("L")
    scale = (
        2.0 if ink.width * 2 <= DOTS and ink.height * 2 <= DOTS // 2 else min(1.0, DOTS / max(ink.width, ink.height))
    )
    size = (max(1, round(ink.width * scale)), max(1, round(ink.height * scale)))
    # A dot of which an eighth is ink is burnt: fine lines survive being made smaller.
    picture = picture.resize(size, Image.Resampling.BOX).point(lambda share: 0 if share >= 32 else 255)
    strip = _blank(picture.height + 2 * GAP)
    strip.paste(picture.convert("1", dither=Image.Dither.NONE), ((DOTS - picture.width) // 2, GAP))
    return strip


def _blank(height: int) -> Image.Image:
    return Image.new("1", (DOTS, height), 1)
