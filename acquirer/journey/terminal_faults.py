"""Faults of the terminal's side, put around the program of an operation: the terminal knows nothing of them.

A program yields effects and is resumed with their results (`acquirer.terminal.effects`). What stands between it and its
driver can leave an effect out, change it, or resume the program with another result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from acquirer.journey.journey import TerminalFault
from acquirer.journey.operation import PRINTER_FAULTS
from acquirer.terminal.effects import (
    Ask,
    Began,
    Keep,
    NoAnswer,
    NotPrinted,
    NotSent,
    Print,
    PrintCopy,
    Program,
    Received,
    Response,
    Unframed,
)
from acquirer.terminal.exchange import Exchange, Result
from acquirer.terminal.state import State

NO_LINE: Final = "there is no line"
IGNORED: Final = "an answer arrived and was not used"

_HALF: Final = 500_000  # of all batch numbers: far from any that a host gives out next


class PowerCut(Exception):
    """The power failed during an operation.

    Args:
        state: what the terminal had saved until then.
        exchange: the one whose answer is lost.
    """

    def __init__(self, state: State, exchange: Exchange | None) -> None:
        super().__init__("the power failed")
        self.state, self.exchange = state, exchange


class FaultyProgram:
    """A program with a fault around it.

    Args:
        saved: the state that the terminal would have after a power cut.
        dropped: called when the line has dropped after a request, before the terminal goes on.
    """

    def __init__(self, fault: TerminalFault, saved: State, dropped: Callable[[Exchange], None]) -> None:
        self.acted = 0
        self._fault = fault
        self._dropped = dropped
        self._saved = saved

    def around(self, program: Program[Result]) -> Program[Result]:
        """Return a program that does the same under the fault. Raises PowerCut."""
        exchange: Exchange | None = None
        answer: Response | None = None
        lost = False
        while True:
            try:
                effect = program.send(answer)
            except StopIteration as end:
                result: Result = end.value
                return result
            answer = None
            if isinstance(effect, Began):
                exchange = effect.exchange
            if isinstance(effect, Keep):
                if lost:
                    program.close()
                    raise PowerCut(self._saved, exchange)
                self._saved = effect.state
            if isinstance(effect, Print | PrintCopy) and self._fault.kind in PRINTER_FAULTS:
                self.acted += 1
                if self._fault.kind == "power_cut_printing":
                    program.close()
                    raise PowerCut(self._saved, exchange)
                answer = NotPrinted(PRINTER_FAULTS[self._fault.kind])
            elif isinstance(effect, Ask) and exchange is not None and self._acts_on(exchange.service):
                self.acted += 1
                lost = self._fault.kind == "power_cut"
                answer = yield from self._ask(effect, exchange)
            else:
                answer = yield effect

    def _acts_on(self, service: str) -> bool:
        if self._fault.kind in PRINTER_FAULTS:
            return False
        return service in self._fault.services and not 0 < self._fault.times <= self.acted

    def _ask(self, ask: Ask, exchange: Exchange) -> Program[Response | None]:
        """Send a request, or do not; return what the terminal takes for its answer."""
        kind = self._fault.kind
        if kind in ("no_line", "late_signature"):
            return NotSent(NO_LINE)
        answer = yield replace(ask, hang_up=True) if kind == "drop_line" else ask
        if kind == "drop_line" and isinstance(answer, NoAnswer):
            self._dropped(exchange)
        if kind == "send_twice":
            answer = yield replace(ask, fresh=True)
        if kind == "ignore_answer" and isinstance(answer, Received | Unframed):
            return NoAnswer(IGNORED, answer.took_us)
        return answer


def another_batch(batch: str) -> str:
    """Return a batch number that a host did not give.

    >>> another_batch("000001")
    '500001'
    """
    return f"{(int(batch) + _HALF) % (2 * _HALF):06}"
