"""The slip of a settlement as it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from acquirer.cli.slip_options import columns_of, language

if TYPE_CHECKING:
    from acquirer.slip.settlement_slip import SettlementSlip
    from acquirer.slip.sheet import Sheet


@dataclass(frozen=True)
class SettlementPrint:
    """How it is printed."""

    details: bool = True  # with the list of transactions
    lang: str = "both"
    columns: int = 32
    failed: bool = False  # only what was not uploaded, or not taken


def settlement_rows(slip: SettlementSlip, printed: SettlementPrint) -> Sheet:
    """Return what the slip says; nothing where only failures are wanted and there are none. Raises Exit."""
    from acquirer.slip.settlement_slip import failed_uploads_sheet, settlement_sheet

    if printed.failed:
        return failed_uploads_sheet(slip, lang=language(printed.lang))
    return settlement_sheet(slip, lang=language(printed.lang), details=printed.details)


def settlement_text(slip: SettlementSlip, printed: SettlementPrint) -> str:
    """Return the slip as text. Raises Exit."""
    from acquirer.slip.sheet import plain_text

    return plain_text(settlement_rows(slip, printed), columns_of(printed.columns))
