"""A journey run: step after step, each judged when it is done, and every difference kept.

A step that does not hold does not end the journey: the report has the same expectations whether they hold or not.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

from acquirer.app.journeys.host import JourneyHost, OpenHost, TestedHost
from acquirer.app.journeys.judge import Judge
from acquirer.app.journeys.prepare import PreparedJourney, operation_arguments
from acquirer.app.journeys.terminal import JourneyTerminal
from acquirer.app.terminal_options import TerminalOptions
from acquirer.errors import ConfigurationError
from acquirer.journey.journey import (
    ChangeHost,
    HostEvent,
    JourneyStep,
    Operate,
    PutInForce,
    TakeAway,
    WaitFor,
)
from acquirer.journey.references import KnownFacts, is_reference
from acquirer.journey.report import JourneyReport, JudgedExpectation, StepReport
from acquirer.journey.subjects import OperationSubject
from acquirer.matcher.expression import Atom, conjunction
from acquirer.matcher.filter_text import as_filter
from acquirer.scenario.fault import Fault
from acquirer.terminal.exchange import Exchange
from acquirer.terminal.rendering import line
from acquirer.terminal.voucher import Voucher

SETTLES_S: Final = 5.0
"""How long a terminal whose line dropped waits until our host has the request: else its reversal may overtake it."""

_WHY: Final = 3  # exchanges of a step whose reason is shown beside a difference


class JourneyObserver(Protocol):
    """What is called while a journey runs."""

    def journey_began(self, prepared: PreparedJourney) -> None: ...

    def step_began(self, step: JourneyStep) -> None: ...

    def exchange_ended(self, exchange: Exchange) -> None: ...

    def judged(self, found: JudgedExpectation) -> None: ...

    def journey_ended(self, report: JourneyReport) -> None: ...


def run_journey(
    prepared: PreparedJourney,
    observer: JourneyObserver,
    *,
    open_host: OpenHost,
    address: str = "",
    state: Path | None = None,
    sleep: Callable[[float], None] = time.sleep,
    further: TerminalOptions | None = None,
) -> JourneyReport:
    """Run a journey and return how it went.

    Args:
        open_host: opens a host of ours; not called with an `address`.
        address: ``HOST:PORT`` of another host.
        state: folder that keeps the terminals' state; None: they begin anew.
        further: options of the terminals, beside those of the journey.
        sleep: waits in real time: against another host, and where a terminal that is not ours may call.

    Raises:
        DataError, BindError, StoreError: our host cannot be started.
        StateFolderError: the state of a terminal cannot be used.
    """
    with ExitStack() as stack:
        host = None
        if not address:
            journey, virtual = prepared.journey, not prepared.journey.header.listen
            host = JourneyHost(open_host, prepared.settings, keeps=journey.events, virtual=virtual, sleep=sleep)
            stack.enter_context(host)
        runner = _Runner(prepared, observer, host, sleep)
        for place, known in enumerate(prepared.terminals):
            options: TerminalOptions = {**prepared.options(place), **(further or {})}
            options["host"] = address or (host.address if host else "")
            options["state"], options["watch"] = state, runner
            if host is not None:
                options["now"] = host.now
            terminal = JourneyTerminal(known.tid, runner.settle, **options)
            stack.callback(terminal.close)
            if host is not None:
                terminal.call(host.address, host.running.line)
            runner.terminals.append(terminal)
        return runner.run()


class _Runner:
    """Runs the steps of one journey. It watches its terminals, too (`terminal_options.Watch`)."""

    def __init__(
        self,
        prepared: PreparedJourney,
        observer: JourneyObserver,
        host: JourneyHost | None,
        sleep: Callable[[float], None],
    ) -> None:
        self.terminals: list[JourneyTerminal] = []
        self._prepared = prepared
        self._observer = observer
        self._host = host
        self._pass_time = sleep if host is None else host.pass_time
        self._facts = KnownFacts()
        self._mark = 0  # the last exchange that our host had before the step
        self._report = StepReport(JourneyStep(0, 0))

    def run(self) -> JourneyReport:
        """Run all steps."""
        report = JourneyReport(self._prepared.journey, datetime.now(UTC).isoformat(timespec="seconds"))
        began_s = time.monotonic()
        self._observer.journey_began(self._prepared)
        for step in self._prepared.journey.steps:
            report.steps.append(self._step(step))
        report.took_s = time.monotonic() - began_s
        self._observer.journey_ended(report)
        return report

    # what terminals call

    def began(self, exchange: Exchange) -> None:
        """Nothing is shown before an exchange is over."""

    def ended(self, exchange: Exchange) -> None:
        """Show an exchange."""
        self._report.exchanges.append(exchange)
        self._observer.exchange_ended(exchange)

    def printed(self, voucher: Voucher) -> None:
        """Slips are counted by the result of their operation."""

    def settle(self, exchange: Exchange) -> None:
        """Wait until our host has a request after which the line dropped."""
        host = self._serving
        if host is None or not exchange.stan:
            return
        meant = as_filter(
            conjunction([Atom("service", "equal", exchange.service), Atom("stan", "equal", exchange.stan)])
        )
        host.arrived(meant, self._mark, SETTLES_S)

    # steps

    def _step(self, step: JourneyStep) -> StepReport:
        report = self._report = StepReport(step)
        self._observer.step_began(step)
        began_s = time.monotonic()
        self._mark = self._newest()
        subject: OperationSubject | None = None
        problem = ""
        try:
            subject, problem = self._act(step)
        except ConfigurationError as exc:  # a reference that stands for nothing, a rule that the host refuses
            problem = str(exc)
        if problem:
            self._judged(JudgedExpectation("step", step.line, step.words, problem, error=subject is None))
        judge = Judge(step, self.terminals[step.terminal], self._facts, self._serving, self._mark)
        for expectation in step.expectations:
            self._judged(judge.judge(expectation, subject, problem))
        report.transcript = self._transcript(report)
        report.took_s = time.monotonic() - began_s
        return report

    def _judged(self, found: JudgedExpectation) -> None:
        self._report.judged.append(found)
        self._observer.judged(found)

    def _act(self, step: JourneyStep) -> tuple[OperationSubject | None, str]:
        """Do what a step does; return how its operation ended, and a problem that is no expectation's."""
        action = step.action
        if isinstance(action, Operate):
            return self._operate(step, action)
        if isinstance(action, WaitFor):
            self._pass_time(action.seconds)
        elif isinstance(action, ChangeHost) and self._host is not None:
            return None, self._change(self._host, action.event, self.terminals[step.terminal])
        elif (host := self._serving) is not None:
            if isinstance(action, PutInForce):
                if isinstance(action.declared, Fault):
                    host.faults.add(action.declared)
                else:
                    host.rules.add(action.declared)
            elif isinstance(action, TakeAway):
                if action.rules:
                    host.rules.remove(*action.rules)
                if action.faults:
                    host.faults.remove(*action.faults)
        return None, ""

    def _change(self, host: JourneyHost, event: HostEvent, terminal: JourneyTerminal) -> str:
        """Have something happen to our host; return why it could not, or ""."""
        if event == "rotate_keys":
            try:
                host.running.rotate_keys(terminal.tid)
            except LookupError as exc:
                return str(exc.args[0])
            return ""
        if event != "start":
            host.stop()
        if event != "stop":
            host.start()
            for one in self.terminals:
                one.call(host.address, host.running.line)
        return ""

    def _operate(self, step: JourneyStep, action: Operate) -> tuple[OperationSubject, str]:
        values = {
            name: self._facts.value(step.terminal, value) if is_reference(value) else value
            for name, value in action.arguments.items()
        }
        arguments = operation_arguments(self._prepared, values)
        with self._serving.operating() if self._serving is not None else nullcontext():
            subject, problem = self.terminals[step.terminal].operate(action.operation, arguments, action.fault)
        for lost in subject.exchanges:
            if lost not in self._report.exchanges:  # of a power cut: the terminal never saw its end
                self.ended(lost)
        self._facts.note(step.name, step.terminal, subject.exchange)
        return subject, problem

    # the host

    @property
    def _serving(self) -> TestedHost | None:
        return self._host.running if self._host is not None and self._host.serves else None

    def _newest(self) -> int:
        """Return the number of the last exchange that our host has."""
        if self._serving is None:
            return self._mark
        latest = self._serving.journal.list(limit=1)
        return latest[-1].id if latest else 0

    def _transcript(self, report: StepReport) -> str:
        """Return what was exchanged in a step, masked: as the terminal sees it, then as our host does."""
        lines = [line(exchange) for exchange in report.exchanges]
        if self._serving is not None and (journal := self._serving.journal.transcript(f"id>{self._mark}")):
            lines += ["", "the host's journal:", journal]
        return "\n".join(lines)
