"""Prints the exchanges of a terminal's operation as they go."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from acquirer.slip.receipt import Language
    from acquirer.terminal.exchange import Exchange
    from acquirer.terminal.voucher import Voucher


class ExchangePrinter:
    """Prints each exchange as it goes: the first half of its line while the answer is awaited."""

    def __init__(self, lang: Language) -> None:
        self._lang = lang
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

        print(f"\n{paper(voucher, lang=self._lang)}", end="", flush=True)
