"""A slip in one of its forms, by the ending of a file's name: text, picture, page, PDF, bytes for a receipt printer."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from acquirer.errors import ConfigurationError
from acquirer.settings.specs import slip_font
from acquirer.slip.layout import Ink
from acquirer.slip.paper import COLUMNS
from acquirer.slip.sheet import Sheet, plain_text
from acquirer.slip.words import Language

FORMS: Final = (".txt", ".png", ".html", ".pdf", ".escpos")


class SlipFileError(ConfigurationError, ValueError):
    """A file that no slip can be written to."""


def check_form(file: Path) -> str:
    """Return the form that a file's name asks for.

    Raises:
        SlipFileError: there is no such form.
        MissingExtraError: it needs a package that is not installed.
    """
    form = file.suffix.lower()
    if form not in FORMS:
        raise SlipFileError(f"{file}: a slip is written as {', '.join(FORMS)}: name the file so")
    if form == ".pdf":
        from acquirer.slip.pdf import check_pdf_extra

        check_pdf_extra()
    elif form == ".escpos":
        from acquirer.slip.escpos import check_escpos_extra

        check_escpos_extra()
    return form


def slip_bytes(
    form: str, sheet: Sheet, ink: Ink | None = None, *, lang: Language = "both", columns: int = COLUMNS
) -> bytes:
    """Return the slip in a form: an ending of `FORMS`.

    Raises:
        MissingExtraError: the form needs a package that is not installed.
    """
    if form == ".txt":
        return plain_text(sheet, columns).encode()
    if form == ".png":
        from acquirer.slip.picture import draw

        return draw(sheet, slip_font(), ink, columns)
    if form == ".pdf":
        from acquirer.slip.pdf import as_pdf

        return as_pdf(sheet, slip_font(), ink, lang=lang, columns=columns)
    if form == ".escpos":
        from acquirer.slip.escpos import as_escpos

        return as_escpos(sheet, slip_font(), ink, columns)
    from acquirer.slip.page import as_page

    return as_page(sheet, ink, lang=lang, columns=columns, font=_font_of(sheet)).encode()


def _font_of(sheet: Sheet) -> bytes:
    """Return the characters of a page as a font; b"" where fonttools is not there: a reader's own font is used then."""
    from acquirer.slip.font_subset import subset_font

    try:
        return subset_font(slip_font(), "".join(row.text + row.value for row in sheet))
    except ImportError:
        return b""
