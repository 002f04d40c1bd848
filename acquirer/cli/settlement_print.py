"""The slip of a settlement as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from acquirer.cli.slip_language import language

if TYPE_CHECKING:
    from acquirer.slip.settlement_slip import SettlementSlip


@dataclass(frozen=True)
class SettlementPrint:
    """How it is printed."""

    details: bool = True  # with the list of transactions
    lang: str = "zh"


def settlement_text(slip: SettlementSlip, printed: SettlementPrint) -> str:
    """Return the slip as text. Raises Exit."""
    from acquirer.slip.settlement_slip import render_settlement

    return render_settlement(slip, lang=language(printed.lang), details=printed.details)
