"""Our own terminal in the place of the person and the terminal under test: a set of cases that it passes is sound."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from acquirer.app.certification.host import CertifyingHost
from acquirer.app.certification.performing import CannotPerform, StepTask, Wish
from acquirer.app.certification.prepare import PreparedCases
from acquirer.app.journeys.prepare import registered_options, with_cards
from acquirer.app.journeys.terminal import JourneyTerminal
from acquirer.app.terminal_options import TerminalOptions
from acquirer.certification.case import AnswerExpected
from acquirer.certification.report import CaseResult
from acquirer.journey.subjects import OperationSubject
from acquirer.matcher.expression import compiled
from acquirer.settings.registration import Registration
from acquirer.terminal.exchange import Exchange


class OwnTerminal:
    """Plays both. See `performing.StepPerformer`.

    All that a step brings has happened when its operation returns: the time until then, and what may come after it, is
    skipped.

    Args:
        state: folder that keeps the terminal's state from case to case.
    """

    waits = False
    tells_when_done = True

    def __init__(self, host: CertifyingHost, prepared: PreparedCases, known: Registration, state: Path) -> None:
        self._host = host
        self._prepared = prepared
        self._known = known
        self._state = state
        self._terminal: JourneyTerminal | None = None
        self._subject: OperationSubject | None = None

    def begin(self, task: StepTask) -> None:
        """Switch the terminal on, with what the case sets, and give up what it owes of the case before.

        Raises:
            DataError, StateFolderError: it cannot be set up so.
        """
        self.close()
        known, case = self._known, task.case
        options: dict[str, Any] = {
            **case.terminal,
            **registered_options(known),
            "dialect": self._prepared.dialect_source,
            "timeout_s": self._prepared.timeout_s,
            "host": self._host.address,
            "state": self._state,
            "now": lambda: self._host.now,
        }
        self._terminal = JourneyTerminal(known.tid, self._settle, **cast("TerminalOptions", options))
        self._terminal.call(self._host.address, self._host.line)
        self._terminal.give_up_all()

    def perform(self, task: StepTask) -> None:
        """Do the operation of a step. Raises CannotPerform."""
        assert self._terminal is not None, "a case begins before its steps"
        operation = task.step.operation
        self._subject = None
        if operation is None:
            return
        with self._host.operating():
            subject, problem = self._terminal.operate(
                operation.operation, with_cards(task.arguments, self._prepared.cards), operation.fault
            )
        self._subject = subject
        if problem:
            raise CannotPerform(f"our terminal could not do step {task.step.number}: {problem}")

    def pause(self, seconds: float) -> Wish | None:
        """Skip so much time."""
        self._host.advance(seconds)
        return None

    def answer(self, _task: StepTask, question: AnswerExpected) -> bool | Wish | None:
        """Answer by the operation of the step."""
        if question.operation is None or self._subject is None:
            return None
        return question.yes if compiled(question.operation)(self._subject) else not question.yes

    def end(self, _result: CaseResult) -> Wish:
        """Go on, however it went."""
        return Wish.GO_ON

    def close(self) -> None:
        """Switch it off."""
        if self._terminal is not None:
            self._terminal.close()
        self._terminal = None

    def _settle(self, exchange: Exchange) -> None:
        """Wait until the host has a request after which the line dropped: else its reversal may overtake it."""
        with suppress(LookupError):
            self._host.arrived(f"service={exchange.service} & stan={exchange.stan}", 0, 5.0)
