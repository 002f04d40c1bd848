"""The slip as PDF, on paper of 58 or 80 mm: the places of the picture, text that can be searched and copied.

Needs the extra ``pdf`` (reportlab and fonttools), imported only here.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from io import BytesIO
from typing import Any, Final

from acquirer.errors import ConfigurationError
from acquirer.slip.font_subset import FAMILY, subset_font
from acquirer.slip.layout import BASE_LINE, DOTS_PER_MM, Ink, SlipLayout, lay_out
from acquirer.slip.page import PAPER_MM
from acquirer.slip.paper import COLUMNS
from acquirer.slip.picture import DASH, scaled
from acquirer.slip.sheet import SlipRow
from acquirer.slip.words import E_SLIP, Language

POINTS_PER_MM: Final = 72 / 25.4
_DOT: Final = POINTS_PER_MM / DOTS_PER_MM


class MissingExtraError(ConfigurationError, ImportError):
    """A form of slips needs a package that is not installed."""


def check_pdf_extra() -> None:
    """Raise MissingExtraError unless what makes a PDF is installed."""
    try:
        import fontTools.subset  # noqa: F401
        import reportlab.pdfgen.canvas  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            f"a slip as PDF needs reportlab and fonttools ({error.name} is missing): pip install 'acquirer[pdf]'"
        ) from None


def as_pdf(
    rows: Iterable[SlipRow],
    font_bytes: bytes,
    ink: Ink | None = None,
    *,
    lang: Language = "both",
    columns: int = COLUMNS,
) -> bytes:
    """Return the slip as PDF bytes, the same for the same slip; without `ink` there is room for a pen.

    Raises:
        MissingExtraError: the extra is not installed.
        ValueError: more rows than a slip has; as `FontError`, bytes that are no font.
    """
    check_pdf_extra()
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.pdfgen.canvas import Canvas

    layout = lay_out(rows, columns, ink)
    characters = "".join(sorted({char for one in layout.texts for char in one.text}))
    # reportlab keeps fonts by their names, for good: another set of characters is another font.
    name = FAMILY + sha256(font_bytes + characters.encode()).hexdigest()[:8]
    subset = subset_font(font_bytes, characters, name)
    pdfmetrics.registerFont(TTFont(name, BytesIO(subset)))
    out = BytesIO()
    width, height = PAPER_MM[columns] * POINTS_PER_MM, layout.height * _DOT
    canvas = Canvas(out, pagesize=(width, height), invariant=True)
    canvas.setTitle(E_SLIP.say(lang, "{zh} {en}"))
    _paint(canvas, layout, name, (width - layout.width * _DOT) / 2, height)
    if layout.ink is not None and ink is not None:
        place, left = layout.ink, (width - layout.width * _DOT) / 2
        canvas.drawImage(
            ImageReader(scaled(ink, place).convert("L")),
            left + place.x * _DOT,
            height - (place.y + place.height) * _DOT,
            place.width * _DOT,
            place.height * _DOT,
        )
    canvas.save()
    return out.getvalue()


def _paint(canvas: Any, layout: SlipLayout, font_name: str, left: float, height: float) -> None:
    for one in layout.texts:
        canvas.setFont(font_name, one.cell * _DOT)
        canvas.drawString(left + one.x * _DOT, height - (one.y + one.cell * BASE_LINE) * _DOT, one.text)
    canvas.setLineWidth(_DOT)
    canvas.setDash(DASH * _DOT, 4 * _DOT)
    for rule in layout.rules:
        y = height - rule.y * _DOT
        canvas.line(left + rule.x * _DOT, y, left + (rule.x + rule.length) * _DOT, y)
