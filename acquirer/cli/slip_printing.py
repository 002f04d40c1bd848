"""What ``acquirer terminal receipt``, ``settlement-slip`` and ``prints`` do: print again, and show what was printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from acquirer.cli.errors import Code, Exit
from acquirer.cli.exchange_printer import ExchangePrinter
from acquirer.cli.kept_state import kept_state
from acquirer.cli.settlement_print import SettlementPrint, settlement_rows
from acquirer.cli.slip_options import SlipFile, language, write_slips, write_voucher

if TYPE_CHECKING:
    from acquirer.app.reprints import SlipAgain
    from acquirer.slip.words import Copy, Language
    from acquirer.terminal.exchange import Result
    from acquirer.terminal.voucher import Voucher


@dataclass(frozen=True)
class Wanted:
    """Which slip, and how it is printed."""

    stan: str
    batch: str
    copies: tuple[Copy, ...]
    lang: Language
    columns: int


def print_receipt_again(tid: str, state: Path, wanted: Wanted, files: Sequence[SlipFile], printer: str) -> None:
    """Print a receipt again, and write it to files. Raises Exit."""
    from acquirer.app.reprints import SlipAgain

    watch = ExchangePrinter(wanted.lang, wanted.columns, spaced=False)
    again = SlipAgain(wanted.stan, wanted.batch, wanted.copies)
    result, voucher = _print_again(tid, state, again, watch, printer)
    if voucher is not None and not result.print_trouble:
        copy = wanted.copies[0] if wanted.copies else "merchant"
        write_voucher(files, voucher, wanted.lang, copy, wanted.columns)


def print_settlement_again(
    tid: str, state: Path, printed: SettlementPrint, files: Sequence[SlipFile], printer: str
) -> None:
    """Print a settlement's slip again, and write it to files. Raises Exit."""
    from acquirer.app.reprints import SlipAgain

    lang = language(printed.lang)
    if printed.failed or files:
        kept = kept_state(state, tid)
        slip = kept.batch_books.slip if kept else None
        if slip is not None and printed.failed and not settlement_rows(slip, printed):
            raise Exit(Code.OK, f"terminal {tid}: all of batch {slip.batch} was uploaded, and taken")
        if slip is not None and files:
            sheet = settlement_rows(replace(slip, reprints=slip.reprints + 1), printed)
            write_slips(files, sheet, None, lang, printed.columns)
    _print_again(
        tid, state, SlipAgain(settlement=True), ExchangePrinter(lang, settlement=printed, spaced=False), printer
    )


def print_report_of_fault(tid: str, state: Path, lang: Language, columns: int, files: Sequence[SlipFile]) -> None:
    """Print the report of the transaction whose reversal is owed, and write it to files. Raises Exit."""
    from acquirer.app.reprints import report_of_fault
    from acquirer.settings.terminal_state import StateFolderError
    from acquirer.slip.sheet import plain_text

    try:
        sheet = report_of_fault(state, tid, lang)
    except StateFolderError as error:
        raise Exit(Code.USAGE, str(error)) from None
    if not sheet:
        raise Exit(Code.USAGE, f"terminal {tid}: no reversal is owed, so there is no fault to report")
    print(plain_text(sheet, columns), end="")
    write_slips(files, sheet, None, lang, columns)


def list_prints(tid: str, state: Path, as_json: bool) -> None:
    """Print a terminal's print journal. Raises Exit."""
    from acquirer.cli.json_output import print_array

    kept = kept_state(state, tid)
    records = kept.prints if kept else ()
    if as_json:
        print_array(asdict(one) for one in records)
        return
    from acquirer.cli.tables import ALERT, Line, console, table

    grid = table("Time", "Batch", "STAN", "Copy", "Print", "Outcome")
    for one in records:
        what = one.stan or "settlement"
        number = f"reprint {one.reprint}" if one.reprint else "first"
        outcome = Line(one.trouble, ALERT) if one.trouble else "printed"
        grid.add_row(one.at, one.batch, what, one.copy, number, outcome)
    console().print(grid)


def _print_again(
    tid: str, state: Path, again: SlipAgain, watch: ExchangePrinter, printer: str
) -> tuple[Result, Voucher | None]:
    from acquirer.app.printer import PowerFailedError, Printer
    from acquirer.app.reprints import print_again
    from acquirer.settings.terminal_state import StateFolderError

    try:
        result, voucher = print_again(state, tid, again, watch, Printer(printer))
    except PowerFailedError as error:
        raise Exit(Code.NOT_PRINTED, f"{error}.") from None
    except (StateFolderError, ValueError) as error:
        raise Exit(Code.USAGE, str(error)) from None
    if result.print_trouble:
        raise Exit(Code.NOT_PRINTED, f"terminal {tid}: {result.sentence}")
    if not result.ok:
        raise Exit(Code.USAGE, f"terminal {tid}: {result.sentence}")
    return result, voucher
