"""Printing again what a terminal keeps, with nothing but its state: no host, no master key, no file of terminals."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from acquirer.app.printer import Printer
from acquirer.app.terminal_options import DIALECT, PrinterWatch
from acquirer.data.text import whole_stan
from acquirer.dialect.compiled import CompiledDialect
from acquirer.settings.specs import load_dialect
from acquirer.settings.terminal_state import StateFile
from acquirer.slip.receipt import Receipt, fault_report
from acquirer.slip.sheet import Sheet
from acquirer.slip.words import Copy, Language, kind_text
from acquirer.terminal.effects import Keep, NotPrinted, PrintCopy, Program
from acquirer.terminal.exchange import Outcome, Result
from acquirer.terminal.machine import Machine, Setup
from acquirer.terminal.printer import reprint, reprint_settlement
from acquirer.terminal.voucher import Voucher


@dataclass(frozen=True, slots=True)
class SlipAgain:
    """What is to be printed again; with nothing given, what is left to print, else the last slip."""

    stan: str = ""
    batch: str = ""
    copies: tuple[Copy, ...] = ()
    settlement: bool = False


def print_again(
    folder: Path,
    tid: str,
    again: SlipAgain,
    watch: PrinterWatch | None = None,
    printer: Printer | None = None,
    now: Callable[[], datetime] = datetime.now,
) -> tuple[Result, Voucher | None]:
    """Print a slip of a terminal again; return how that ended, and the slip of the transaction.

    Raises:
        PowerFailedError: the power failed in the middle of it.
        StateFolderError: the terminal's state cannot be used.
        ValueError: there is no such trouble.
    """
    printer = printer or Printer()
    with StateFile(folder, tid) as file:
        kept, archive = file.load(), file.slips()
        if kept is None:
            return Result(
                "reprint", Outcome.REFUSED, sentence="it has sold nothing yet, so there is nothing to print"
            ), None
        machine = Machine(_setup(tid, kept.mid, now))
        machine.state = kept
        stan = whole_stan(again.stan)
        found = archive.find(stan, again.batch) if stan else None
        if stan and found is None and kept.voucher is not None and kept.voucher.receipt.stan == stan:
            found = kept.voucher
        if stan and found is None:
            sentence = f"nothing is kept of STAN {stan}, so there is no receipt to print again"
            return Result("reprint", Outcome.REFUSED, sentence=sentence), None
        program = reprint_settlement(machine) if again.settlement else reprint(machine, found, again.copies)
        printed: list[Voucher] = []
        try:
            result = _run(program, file, printer, watch, printed)
        finally:
            for voucher in printed:
                archive.keep(voucher)
    return result, printed[-1] if printed else None


def report_of_fault(folder: Path, tid: str, lang: Language = "both") -> Sheet:
    """Return the report (故障报告单) of the transaction whose reversal is still owed; without rows when none is.

    Raises:
        StateFolderError: the terminal's state cannot be used.
    """
    with StateFile(folder, tid) as file:
        kept = file.load()
    if kept is None or kept.pending is None:
        return ()
    pending, last = kept.pending, kept.voucher.receipt if kept.voucher else None
    receipt = Receipt(
        merchant=last.merchant if last else "",
        mid=kept.mid,
        tid=tid,
        operator=last.operator if last else "",
        card=pending.card,
        entry="",
        kind=kind_text(pending.service),
        batch=pending.batch,
        stan=pending.stan,
        amount_minor=pending.amount_minor,
        currency=last.currency if last else "",
        exponent=last.exponent if last else 2,
        service=pending.service,
    )
    return fault_report(receipt, lang=lang)


def _setup(tid: str, mid: str, now: Callable[[], datetime]) -> Setup:
    return Setup(CompiledDialect(load_dialect(DIALECT)), tid, mid, None, secrets.token_bytes, now)


def _run(
    program: Program[Result], file: StateFile, printer: Printer, watch: PrinterWatch | None, printed: list[Voucher]
) -> Result:
    answer: NotPrinted | None = None
    while True:
        try:
            effect = program.send(answer)
        except StopIteration as end:
            result: Result = end.value
            return result
        answer = None
        if isinstance(effect, Keep):
            file.save(effect.state)
        elif isinstance(effect, PrintCopy):
            if isinstance(effect.slip, Voucher):
                printed.append(effect.slip)
            if watch is not None:
                watch.copied(effect.slip, effect.copy, printer.share)
            answer = printer.outcome()
