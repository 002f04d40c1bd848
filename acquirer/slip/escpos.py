"""The slip as bytes for a receipt printer (ESC/POS): the picture, printed as raster, then a cut.

A picture looks the same on every printer, Chinese and signature included; text would need a printer with a font of GBK.
Needs the extra ``escpos`` (python-escpos), imported only here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from acquirer.slip.layout import Ink, lay_out
from acquirer.slip.paper import COLUMNS
from acquirer.slip.pdf import MissingExtraError
from acquirer.slip.picture import burn
from acquirer.slip.sheet import SlipRow

PROFILES: Final = {32: "P822D", 48: "TM-T20II"}
"""Printers of 384 and of 576 dots that cut, as python-escpos knows them."""


def check_escpos_extra() -> None:
    """Raise MissingExtraError unless what makes the bytes is installed."""
    try:
        import escpos.printer  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            f"a slip for a printer needs python-escpos ({error.name} is missing): pip install 'acquirer[escpos]'"
        ) from None


def as_escpos(rows: Iterable[SlipRow], font_bytes: bytes, ink: Ink | None = None, columns: int = COLUMNS) -> bytes:
    """Return what makes a printer print the slip and cut it: ESC @, GS v 0 for each piece, GS V.

    Raises:
        MissingExtraError: the extra is not installed.
        ValueError: more rows than a slip has; as `FontError`, bytes that are no font.
    """
    check_escpos_extra()
    from escpos.printer import Dummy

    printer = Dummy(profile=PROFILES[columns])
    printer.hw("INIT")
    printer.image(burn(lay_out(rows, columns, ink), font_bytes, ink))
    printer.cut()
    output: bytes = printer.output
    return output
