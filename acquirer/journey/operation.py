"""What an operation of a terminal is, and its arguments, as journeys write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

ArgumentKind = Literal["text", "amount", "card", "pin", "password", "entry", "flag", "number", "texts"]


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of an operation, named as `acquirer.app.terminal_operations` has it."""

    name: str
    kind: ArgumentKind
    help: str
    choices: tuple[str, ...] = ()  # of a text; none: any


@dataclass(frozen=True, slots=True)
class TerminalOperation:
    """One operation; its first argument may stand alone: ``sale = "12.34"``.

    Args:
        service: what the message asks for that the operation is about; "": it needs none.
        required: arguments that must be given.
        saves: whether the terminal saves what its answer means: nothing is lost otherwise when the power fails.
        others: services that it may ask for instead, by its arguments or by what is kept.
    """

    name: str
    service: str
    help: str
    arguments: tuple[Argument, ...] = ()
    required: frozenset[str] = frozenset()
    saves: bool = True
    others: tuple[str, ...] = ()

    @property
    def services(self) -> frozenset[str]:
        """What its message may ask for."""
        return frozenset(filter(None, (self.service, *self.others)))


TerminalFaultKind = Literal[
    "drop_line",
    "ignore_answer",
    "no_line",
    "send_twice",
    "power_cut",
    "wrong_batch",
    "late_signature",
    "miscount",
    "no_paper",
    "paper_jam",
    "power_cut_printing",
]

TERMINAL_FAULTS: Final[Mapping[TerminalFaultKind, str]] = {
    "drop_line": "the line drops once the request is sent: no answer can arrive",
    "ignore_answer": "the answer arrives and is not used, as if there were none",
    "no_line": "there is no line: nothing is sent",
    "send_twice": "the same request is sent a second time, and its second answer is used",
    "power_cut": "the power fails when the answer is there and not yet saved: the terminal goes on with its state of "
    "before",
    "wrong_batch": "the terminal has another batch number than the host gave it, until it signs on again",
    "miscount": "the terminal gets its own books of the batch wrong; `what` says how, see below",
    "late_signature": "no signature goes up during this operation: it is kept, and comes late",
    "no_paper": "the printer has no paper: no copy of a slip comes out",
    "paper_jam": "the paper is jammed in the middle of a copy",
    "power_cut_printing": "the power fails in the middle of a copy: what was approved is saved",
}
"""Faults of the terminal's side, and what each of them does."""

PRINTER_FAULTS: Final[Mapping[TerminalFaultKind, str]] = {
    "no_paper": "no-paper",
    "paper_jam": "jam",
    "power_cut_printing": "power-cut",
}
"""Those of its printer, which needs ``copies`` in ``[journey] terminal``; and what is wrong with it then."""

POWER_CUT: Final = "power-cut"
"""The outcome of an operation during which the power failed."""
