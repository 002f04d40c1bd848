"""The slips of a terminal: printed, shown, and filed so that any of them can be printed again."""

from __future__ import annotations

from acquirer.app.printer import Printer
from acquirer.app.terminal_options import PrinterWatch, Watch
from acquirer.data.text import whole_stan
from acquirer.settings.slip_archive import SlipArchive
from acquirer.slip.words import COPIES
from acquirer.terminal.effects import NotPrinted, Print, PrintCopy, Program
from acquirer.terminal.exchange import PrintedCopy, Result
from acquirer.terminal.machine import Machine
from acquirer.terminal.printer import reprint, reprint_settlement
from acquirer.terminal.state import State
from acquirer.terminal.voucher import Voucher


class TerminalSlips:
    """What comes out of a terminal's printer during an operation, and what is kept of it.

    Args:
        kept: the state that the terminal begins with; None: it is new.
    """

    def __init__(self, printer: Printer, archive: SlipArchive, kept: State | None) -> None:
        self.printer = printer
        self.archive = archive
        self.to_sign: tuple[Voucher, ...] = ()
        self.printed: tuple[PrintedCopy, ...] = ()
        self._filed: Voucher | None = kept.voucher if kept else None
        self._waiting: tuple[Voucher, ...] = kept.waiting if kept else ()
        archive.keep_missing((*self._waiting, *([self._filed] if self._filed else [])))

    def begin(self) -> None:
        """Prepare for the next operation."""
        self.to_sign, self.printed = (), ()

    def file(self, state: State) -> None:
        """File the slips of a state that is durable; one that was reset has none."""
        if (last := state.voucher) is not None and last is not self._filed:
            self.archive.keep(last)
        elif last is None and self._filed is not None:
            self.archive.clear()
        self._filed = last
        if state.waiting is not self._waiting:
            for voucher in state.waiting:
                self.archive.keep(voucher)
            self._waiting = state.waiting

    def print(self, effect: Print | PrintCopy, watch: Watch | None) -> NotPrinted | None:
        """Print a slip, or a part of it; return what kept it from being printed. Raises PowerFailedError."""
        if isinstance(effect, PrintCopy) and isinstance(watch, PrinterWatch):
            watch.copied(effect.slip, effect.copy, self.printer.share)
        outcome = self.printer.outcome()
        if isinstance(effect, Print):
            if outcome is None:
                self.to_sign += (effect.voucher,)
                self.archive.keep(effect.voucher)
                if watch is not None:
                    watch.printed(effect.voucher)
            return outcome
        if outcome is None:
            self.printed += (PrintedCopy(effect.slip, effect.copy),)
        if isinstance(effect.slip, Voucher):
            self.archive.keep(effect.slip)
        return outcome

    def reprint(self, machine: Machine, stan: str, batch: str, copy: str, settlement: bool) -> Program[Result]:
        """Return the program of a reprint; see `Terminal.reprint`."""
        copies = tuple(one for one in COPIES if one == copy)
        if copy and not copies:
            raise ValueError(f"there is no copy '{copy}' of a slip; there are {', '.join(COPIES)}")
        if settlement:
            return reprint_settlement(machine)
        return reprint(machine, self.find(stan, batch) if stan else None, copies)

    def find(self, stan: str, batch: str = "") -> Voucher:
        """Return the latest slip of a STAN. Raises ValueError."""
        voucher = self.archive.find(whole_stan(stan), batch)
        if voucher is None:
            raise ValueError(f"nothing is kept of STAN {stan}")
        return voucher
