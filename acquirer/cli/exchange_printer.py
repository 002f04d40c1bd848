"""Prints the exchanges of a terminal's operation as they go."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import typer

from acquirer.cli.settlement_print import SettlementPrint, settlement_text

if TYPE_CHECKING:
    from acquirer.slip.settlement_slip import SettlementSlip
    from acquirer.slip.words import Copy, Language
    from acquirer.terminal.exchange import Exchange
    from acquirer.terminal.voucher import Voucher


class ExchangePrinter:
    """Prints each exchange as it goes: the first half of its line while the answer is awaited."""

    def __init__(
        self,
        lang: Language,
        columns: int = 32,
        settlement: SettlementPrint | None = None,
        spaced: bool = True,
    ) -> None:
        self._lang, self._columns = lang, columns
        self._before = "\n" if spaced else ""  # between exchanges and a slip
        self._settlement = settlement or SettlementPrint()
        self._colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def began(self, exchange: Exchange) -> None:
        from acquirer.terminal.rendering import began

        print(began(exchange), end=" ", flush=True)

    def ended(self, exchange: Exchange) -> None:
        from acquirer.terminal.rendering import ended

        line = ended(exchange)
        if self._colour:
            head, dot, rest = line.partition(" · ")
            line = typer.style(head, fg=typer.colors.GREEN if exchange.outcome == "approved" else typer.colors.RED)
            line += dot + rest
        print(line, flush=True)

    def printed(self, voucher: Voucher) -> None:
        from acquirer.terminal.printing import paper

        print(f"\n{paper(voucher, lang=self._lang, columns=self._columns)}", end="", flush=True)

    def copied(self, slip: Voucher | SettlementSlip, copy: Copy, share: float) -> None:
        """Print a copy, or the part of it that came out."""
        from acquirer.terminal.printing import paper
        from acquirer.terminal.voucher import Voucher

        if isinstance(slip, Voucher):
            text = paper(slip, copy, self._lang, self._columns)
        else:
            text = settlement_text(slip, self._settlement)
        lines = text.splitlines()
        lines = lines[: round(len(lines) * share)]
        if lines:
            print(self._before + "".join(f"{line}\n" for line in lines), end="", flush=True)
