"""Whether the expectations of a step hold, and how what is differs from what was expected."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from acquirer.app.journeys.host import TestedHost
from acquirer.app.journeys.terminal import JourneyTerminal
from acquirer.journal.expected_count import ExpectedCount
from acquirer.journey.journey import (
    BooksExpected,
    CountExpected,
    Expected,
    JourneyStep,
    OperationExpected,
    OrderOfExchanges,
    OwedExpected,
    StepExpectation,
)
from acquirer.journey.references import LAST, KnownFacts, ReferenceProblem, resolved, split
from acquirer.journey.report import HOST_SAYS, JudgedExpectation
from acquirer.journey.subjects import BookedSubject, OperationSubject, OwedSubject
from acquirer.matcher.expression import Atom, Expression, compiled, conjunction, required
from acquirer.matcher.filter_text import as_filter
from acquirer.matcher.keys import Subject
from acquirer.matcher.near import near_misses
from acquirer.model.rows import Transaction
from acquirer.wire.masking import mask_card_numbers

_WHY: Final = 3  # exchanges of a step whose reason is shown beside a difference


class Judge:
    """Judges one step.

    Args:
        host: ours, while it serves.
        mark: the last exchange that it had before the step.
    """

    def __init__(
        self, step: JourneyStep, terminal: JourneyTerminal, facts: KnownFacts, host: TestedHost | None, mark: int
    ) -> None:
        self._step = step
        self._terminal = terminal
        self._facts = facts
        self._host = host
        self._mark = mark

    def judge(
        self, expectation: StepExpectation, subject: OperationSubject | None, problem: str = ""
    ) -> JudgedExpectation:
        """Return whether an expectation holds.

        Args:
            subject: how the operation of the step ended.
            problem: why it could not be done.
        """
        error = False
        try:
            difference = self._difference(expectation.expected, subject)
        except ReferenceProblem as exc:
            difference, error = problem or str(exc), True
        if difference and not isinstance(expectation.expected, CountExpected | OrderOfExchanges):
            difference = "\n".join([difference, *self._why()])
        return JudgedExpectation(expectation.key, expectation.line, expectation.words, difference, error)

    def _difference(self, expected: Expected, subject: OperationSubject | None) -> str:
        """Return how what is differs from what was expected, masked; "" when it does not. Raises ReferenceProblem."""
        if isinstance(expected, OperationExpected):
            if subject is None:
                raise ReferenceProblem("the operation could not be done")
            return _differs(self._meant(expected.condition), subject)
        if isinstance(expected, OwedExpected):
            return _differs(self._meant(expected.condition), OwedSubject(self._terminal.state))
        host = self._host
        assert host is not None, "a journey is refused that asks a host which is not ours, or is stopped"
        if isinstance(expected, BooksExpected):
            return self._books(self._meant(_of_last(expected.condition)))
        tid = self._terminal.tid
        try:
            if isinstance(expected, CountExpected):
                of_one = [_equal("tid", tid)] if self._step.of_one else []
                text = as_filter(conjunction([*of_one, self._meant(expected.condition)]))
                host.journal.verify(
                    text or None, count=_written(expected.count), within=expected.within_s, for_=expected.quiet_s
                )
            else:
                steps = [as_filter(self._meant(one)) for one in expected.steps]
                when = {"tid": tid} if self._step.of_one else {}
                host.journal.verify_order(*steps, strict=expected.strict, within=expected.within_s, **when)
        except AssertionError as exc:
            return str(exc)
        return ""

    def _meant(self, condition: Expression) -> Expression:
        """Return a condition with values in place of its references. Raises ReferenceProblem."""
        return resolved(condition, self._value)

    def _value(self, reference: str) -> str:
        """Return what a reference stands for; of a terminal that is not ours, the books know the last transaction.

        Raises:
            ReferenceProblem: it stands for nothing.
        """
        try:
            return self._facts.value(self._step.terminal, reference)
        except ReferenceProblem:
            name, fact = split(reference)
            rows = self._rows() if name == LAST else []
            if not rows:
                raise
            row = rows[-1]
            facts = {"rrn": row.rrn, "auth_id": row.auth_id, "batch": row.key.batch, "date": row.business_date[4:]}
            return facts.get(fact, row.key.stan)

    def _rows(self) -> list[Transaction]:
        """Return the transactions of the terminal in the books of our host, in the order of their arrival."""
        return [row for row in self._host.transactions if row.key.tid == self._terminal.tid] if self._host else []

    def _books(self, condition: Expression) -> str:
        rows = self._rows()
        subjects = [BookedSubject(row) for row in rows]
        missing = (required(condition, "stan") or frozenset[str]()) - {row.key.stan for row in rows}
        subjects += [BookedSubject(None, stan) for stan in sorted(missing)]
        return _differs(condition, *subjects) if subjects else "the books have no transaction of this terminal"

    def _why(self) -> Iterator[str]:
        """Yield what our host says of the exchanges of this step."""
        if self._host is None:
            return
        for entry in self._host.journal.list(f"id>{self._mark}", limit=_WHY):
            words = " ".join(filter(None, (entry.mti, entry.service, entry.stan, entry.code)))
            yield f"{HOST_SAYS}{words}: {mask_card_numbers(entry.why or entry.failure or entry.reason)}"


def _of_last(condition: Expression) -> Expression:
    """Return a condition of the books about the last transaction, unless it names another one."""
    if required(condition, "stan") or required(condition, "rrn"):
        return condition
    return conjunction([_equal("stan", f"@{LAST}"), condition])


def _equal(key: str, value: str) -> Atom:
    return Atom(key, "equal", value)


def _written(count: ExpectedCount) -> str:
    return f">={count.least}" if count.most is None else f"{count.least}..{count.most}"


def _differs(condition: Expression, *subjects: Subject) -> str:
    """Return how the nearest subject differs from a condition, masked; "" when one fits."""
    fits = compiled(condition)
    if any(fits(one) for one in subjects):
        return ""
    return "\n".join(near_misses(condition, subjects, 1)[0].failed)
