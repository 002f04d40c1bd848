"""The terminals of a journey: ours, with a fault of their own side around one operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol, Unpack

from acquirer.app.terminal import Asking, Terminal
from acquirer.app.terminal_connection import HostAddress, address
from acquirer.app.terminal_options import TerminalOptions
from acquirer.journey.journey import TerminalFault
from acquirer.journey.miscounts import MISCOUNTS, Miscount
from acquirer.journey.operation import PRINTER_FAULTS, TerminalOperation
from acquirer.journey.subjects import OperationSubject
from acquirer.journey.terminal_faults import FaultyProgram, PowerCut, another_batch
from acquirer.terminal.batch_records import Records
from acquirer.terminal.effects import Program
from acquirer.terminal.exchange import Exchange, Result
from acquirer.terminal.machine import Machine
from acquirer.wire.framing import Framing


class MakeLine(Protocol):
    """Makes a line to a host."""

    def __call__(self, to: HostAddress, framing: Framing, *, keep_open: bool) -> Asking: ...


class JourneyTerminal(Terminal):
    """A terminal whose operations may be done under a fault.

    Args:
        dropped: called when its line has dropped after a request, before it goes on.
    """

    def __init__(self, tid: str, dropped: Callable[[Exchange], None], **options: Unpack[TerminalOptions]) -> None:
        super().__init__(tid, **options)
        self.tid = tid
        self._dropped = dropped
        self._faulty: FaultyProgram | None = None

    def call(self, host: str, make_line: MakeLine) -> None:
        """Talk to the host at this address from now on, over a line of this kind."""
        self._core.address = address(host)._replace(tls=self._core.address.tls)
        self._connection.close()
        self._connection = make_line(self._core.address, self._core.framing, keep_open=self._core.keep_open)

    def give_up_all(self) -> None:
        """Forget what it owes, as a supervisor would have it do: reversals, slips, signatures, uploads."""
        machine = self._core.machine
        machine.state = replace(machine.state, pending=None, unanswered=None, unprinted=None, waiting=(), queue=())

    def operate(
        self, operation: TerminalOperation, arguments: Mapping[str, Any], fault: TerminalFault | None
    ) -> tuple[OperationSubject, str]:
        """Do an operation; return how it ended, and what is to be said of the fault: "" unless it did not act."""
        self._core.log = []
        acted = True
        before = self.state.batch_books.records
        if fault is not None and fault.kind == "wrong_batch":
            self._core.machine.state = replace(self.state, batch=another_batch(self.state.batch))
        elif fault is not None and fault.what is None:
            self._faulty = FaultyProgram(fault, self.state, self._dropped)
        try:
            subject = self._operate(operation, arguments)
        finally:
            acted = self._faulty is None or self._faulty.acted > 0
            self._faulty = None
        if fault is not None and fault.what is not None:
            return subject, self._miscount(fault.what, before)
        if acted or fault is None:
            return subject, ""
        if fault.kind in PRINTER_FAULTS:
            return subject, "the fault did not act: nothing was printed; give [journey] terminal = { copies = 1 }"
        services = " or ".join(sorted(fault.services))
        return subject, f"the fault did not act: the operation sent no {services}"

    def _miscount(self, what: Miscount, before: Records) -> str:
        """Get the books of the batch wrong; return a problem where there was nothing to get wrong."""
        books = self.state.batch_books
        records = MISCOUNTS[what].change(before, books.records)
        if records == books.records:
            return f"the fault did not act: the operation left nothing in the books that '{what}' changes"
        self._core.machine.state = replace(self.state, batch_books=replace(books, records=records))
        return ""

    def _operate(self, operation: TerminalOperation, arguments: Mapping[str, Any]) -> OperationSubject:
        try:
            result: Result = getattr(self, operation.name)(**arguments)
        except PowerCut as cut:
            self._connection.close()
            self._core.machine = Machine(self._core.machine.owned, cut.state)
            log = self._core.log
            lost = [cut.exchange] if cut.exchange is not None and cut.exchange not in log else []
            for exchange in lost:
                exchange.note("the power failed before it was saved")
            return OperationSubject(None, cut.exchange, (*log, *lost))
        except (LookupError, ValueError) as exc:
            return OperationSubject(None, exchanges=tuple(self._core.log), problem=str(exc))
        return OperationSubject(result, result.exchange, result.exchanges)

    def _run(self, program: Program[Result]) -> Result:
        return super()._run(program if self._faulty is None else self._faulty.around(program))
