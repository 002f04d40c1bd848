"""One attempt at one case: each step is prepared at the host, performed, watched and judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Final, Protocol

from acquirer.app.certification.host import CertifyingHost
from acquirer.app.certification.performing import CannotPerform, StepPerformer, StepTask, Wish
from acquirer.app.certification.sign_on_step import REST_STEP, sign_on_step
from acquirer.certification.case import AnswerExpected, CaseStep, CertificationCase
from acquirer.certification.judging import (
    CaseEvidence,
    judge_step,
    message_of,
    missing_message,
    outstanding,
)
from acquirer.certification.report import CaseFinding, CaseResult
from acquirer.dialect.dialect import Dialect
from acquirer.journal.entry import Entry
from acquirer.journey.journey import TakeAway
from acquirer.journey.references import is_reference
from acquirer.scenario.fault import Fault

LOOK_S: Final = 0.2
"""Between two looks at what has arrived: soon enough for a person, nothing for a disk."""


class CertificationObserver(Protocol):
    """What is called while cases run."""

    def case_began(self, case: CertificationCase, number: int, total: int) -> None: ...

    def step_began(self, case: CertificationCase, step: CaseStep) -> None: ...

    def exchange_seen(self, entry: Entry) -> None: ...

    def case_ended(self, result: CaseResult) -> None: ...


class PersonWish(Exception):
    """The person wants something else than to go on with the case."""

    def __init__(self, wish: Wish) -> None:
        super().__init__(wish)
        self.wish = wish


@dataclass(frozen=True, slots=True)
class RunContext:
    """What all cases of a run are done with.

    Args:
        timezone: of the host, in which conditions name times.
        now_s: a clock that only goes forward.
    """

    dialect: Dialect
    tid: str
    host: CertifyingHost
    performer: StepPerformer
    observer: CertificationObserver
    timezone: tzinfo
    now_s: Callable[[], float]


@dataclass(slots=True)
class CaseCourse:
    """One attempt at one case.

    Args:
        until_s: until when the case may take, by the clock of the run.
        done: the steps that were begun.
        findings: of the steps that were judged.
        transcript: what was exchanged, masked; at the end.
        shown: how many exchanges the observer has seen.
        others: terminals that spoke and are not the one that is certified.
        began_after: the last exchange before the case.
        rules: that the case has put in force.
        faults: the same of faults.
    """

    context: RunContext
    case: CertificationCase
    until_s: float
    done: list[CaseStep] = field(default_factory=list)
    findings: list[CaseFinding] = field(default_factory=list)
    evidence: CaseEvidence = field(init=False)
    transcript: str = ""
    shown: int = 0
    others: list[str] = field(default_factory=list)
    began_after: int = field(init=False)
    rules: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        latest = self.context.host.journal.list(limit=1)
        self.began_after = latest[-1].id if latest else 0
        self.evidence = CaseEvidence(self.context.dialect, self.context.timezone)

    def run(self) -> None:
        """Do the steps until one cannot be done. Raises CannotPerform, ReferenceProblem."""
        self.context.performer.begin(self._task(REST_STEP, {}))
        steps = list(self.case.steps)
        before = sign_on_step(self.context.dialect) if self.case.signed_on else None
        if before is not None and not self.context.host.is_signed_on(self.context.tid):
            steps.insert(0, before)
        for step in steps:
            self._step(step)

    def end(self) -> None:
        """Take away what the case has put in force, and note what was exchanged."""
        self._look()
        self._take_away(tuple(self.rules), tuple(self.faults))
        self.transcript = self.context.host.journal.transcript(f"id>{self.began_after}")

    def _take_away(self, rules: tuple[str, ...], faults: tuple[str, ...]) -> None:
        if rules:
            self.context.host.rules.remove(*rules)
        if faults:
            self.context.host.faults.remove(*faults)
        self.rules = [one for one in self.rules if one not in rules]
        self.faults = [one for one in self.faults if one not in faults]

    def _look(self) -> None:
        """Take up what the host's journal has since the case began: of this terminal, and what names none."""
        entries = self.context.host.journal.list(f"id>{self.began_after}")
        self.evidence.entries = [one for one in entries if one.tid in ("", self.context.tid)]
        self.others = sorted({one.tid for one in entries} - {"", self.context.tid})
        for entry in self.evidence.entries[self.shown :]:
            self.context.observer.exchange_seen(entry)
        self.shown = len(self.evidence.entries)

    def _step(self, step: CaseStep) -> None:
        self._look()
        after = max(self.evidence.newest, self.began_after)
        self._prepare(step)
        self.context.observer.step_began(self.case, step)
        self.done.append(step)
        arguments: dict[str, object] = {}
        if step.operation is not None:
            arguments = {
                name: self.evidence.value(value) if is_reference(value) else value
                for name, value in step.operation.arguments.items()
            }
        task = self._task(step, arguments)
        self.context.performer.perform(task)
        self._watch(step, after)
        for expectation in step.expectations:
            if isinstance(expectation.expected, AnswerExpected) and not self._unseen(step, after):
                question_s = self.context.now_s()
                answer = self.context.performer.answer(task, expectation.expected)
                self.until_s += self.context.now_s() - question_s  # a person may think
                if isinstance(answer, Wish):
                    raise PersonWish(answer)
                self.evidence.answers[expectation.expected.question] = answer
        self._look()
        if missing := self._unseen(step, after):
            over = (
                f", and the time of the case ({self.case.time_s:g} s) is over"
                if self.context.now_s() >= self.until_s
                else ""
            )
            raise CannotPerform(f"step {step.number} was not done, or not seen{over}: {missing}{self._strangers()}")
        self.findings += judge_step(step, self.evidence, after)

    def _task(self, step: CaseStep, arguments: dict[str, object]) -> StepTask:
        return StepTask(
            self.case, step, arguments, self.context.host.address, self.context.tid, self.until_s - self.context.now_s()
        )

    def _prepare(self, step: CaseStep) -> None:
        """Put in force what the host does in this step."""
        host = self.context.host
        for one in step.prepares:
            if isinstance(one, TakeAway):
                self._take_away(one.rules, one.faults)
            elif isinstance(one.declared, Fault):
                host.faults.add(one.declared)
                self.faults.append(one.declared.name)
            else:
                host.rules.add(one.declared)
                self.rules.append(one.declared.name)
        if step.rotates_keys:
            try:
                host.rotate_keys(self.context.tid)
            except LookupError as exc:
                raise CannotPerform(str(exc.args[0])) from None

    def _watch(self, step: CaseStep, after: int) -> None:
        """Wait until all that must happen has, and nothing more for a while; note the message of the step.

        Ends before when the time is over, or the person says that it is done.
        """
        performer, now_s = self.context.performer, self.context.now_s
        if not performer.waits:
            performer.pause(step.quiet_s)
            self._note(step, after)
            return
        quiet_since_s, newest = now_s(), -1
        while now_s() < self.until_s:
            self._note(step, after)
            if self.evidence.newest != newest:
                newest, quiet_since_s = self.evidence.newest, now_s()
            quiet = now_s() - quiet_since_s >= step.quiet_s
            if quiet and self._arrived(step, after) and not self._outstanding(step, after):
                return
            wish = performer.pause(LOOK_S)
            if wish is Wish.GO_ON:
                self._note(step, after)
                return
            if wish is not None:
                raise PersonWish(wish)

    def _note(self, step: CaseStep, after: int) -> None:
        self._look()
        found = message_of(step, self.evidence, after)
        if found is not None:
            self.evidence.note(step.name, found)

    def _arrived(self, step: CaseStep, after: int) -> bool:
        """Return whether what the step waits for is there; where it waits for nothing, whether it was done is known."""
        if step.arrives is None:
            return self.context.performer.tells_when_done
        return message_of(step, self.evidence, after) is not None

    def _unseen(self, step: CaseStep, after: int) -> str:
        return missing_message(step, self.evidence, after)

    def _strangers(self) -> str:
        """Return a hint where only other terminals spoke, as the rest of a sentence: a number may be mistyped."""
        if not self.others or self.evidence.entries:
            return ""
        return f"; there were exchanges of {' and '.join(self.others)}: is {self.context.tid} the terminal's number?"

    def _outstanding(self, step: CaseStep, after: int) -> bool:
        return outstanding(judge_step(step, self.evidence, after))
