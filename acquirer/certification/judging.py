"""Whether what the host saw of a case is as it must be.

1. Everything is judged by the entries of the host's journal since the case began, and by answers of the person.
2. A step whose message did not arrive was not done: its expectations are not judged.
3. Rules of conduct (`conduct`) are judged at the end, over the whole case.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Final

from acquirer.certification.case import AnswerExpected, CaseExpectation, CaseStep, CertificationCase
from acquirer.certification.conduct import CONDUCT
from acquirer.certification.report import CaseFinding
from acquirer.dialect.dialect import Dialect
from acquirer.journal.entry import Entry
from acquirer.journal.expected_count import ExpectedCount
from acquirer.journal.listed_entries import ListedEntries
from acquirer.journal.search import Bounds, JournalSearch
from acquirer.journal.sequence import ExpectedOrder, verifying_order
from acquirer.journal.verification import ExpectedExchanges, Verification, Verifying, look, verifying_count
from acquirer.journey.journey import CountExpected
from acquirer.journey.references import LAST, ReferenceProblem, resolved, split
from acquirer.matcher.expression import Atom, Expression, conjunction
from acquirer.matcher.filter_text import parse_filter
from acquirer.matcher.keys import JOURNAL_KEYS

_ALL: Final = Bounds(sys.maxsize, None)
_ONE: Final = ExpectedCount(1)
_NONE: Final = ExpectedCount(0, 0)


@dataclass(slots=True)
class CaseEvidence:
    """What is known of a case that is under way.

    Args:
        timezone: in which conditions name times.
        entries: what the host's journal has since it began, the oldest first.
        messages: facts of the messages that steps have named.
        answers: what the person has answered, by question; None: nothing.
    """

    dialect: Dialect
    timezone: tzinfo
    entries: Sequence[Entry] = ()
    messages: dict[str, Mapping[str, str]] = field(default_factory=dict)
    answers: dict[str, bool | None] = field(default_factory=dict)

    @property
    def newest(self) -> int:
        """The number of the last exchange; 0 when there is none."""
        return self.entries[-1].id if self.entries else 0

    def note(self, name: str, entry: Entry) -> None:
        """Note the message of a step, for references."""
        facts = _facts_of(entry, self.dialect)
        self.messages[LAST] = facts
        if name:
            self.messages[name] = facts

    def value(self, reference: str) -> str:
        """Return what a reference stands for. Raises ReferenceProblem."""
        name, fact = split(reference)
        facts = self.messages.get(name, {})
        if fact not in facts:
            what = f"that message has no {fact}" if facts else "no such message arrived"
            raise ReferenceProblem(f"{reference} stands for nothing: {what}")
        return facts[fact]

    def search(self) -> JournalSearch:
        """Return a search of the entries."""
        return JournalSearch(ListedEntries(self.entries), self.timezone, lambda: 0.0, lambda _name: self.dialect, _ALL)


def message_of(step: CaseStep, evidence: CaseEvidence, after: int) -> Entry | None:
    """Return the message that a step waits for, if it has arrived after an exchange. Raises ReferenceProblem."""
    found = _arrival(step, evidence, after)
    return found.entries[0] if found is not None and found.met else None


def missing_message(step: CaseStep, evidence: CaseEvidence, after: int) -> str:
    """Return what arrived instead of the message that a step waits for; "" when it waits for none, or it is there."""
    found = _arrival(step, evidence, after)
    return "" if found is None or found.met else found.text


def _arrival(step: CaseStep, evidence: CaseEvidence, after: int) -> Verification | None:
    if step.arrives is None:
        return None
    return _count(evidence, resolved(step.arrives, evidence.value), _ONE, after)


def judge_step(step: CaseStep, evidence: CaseEvidence, after: int) -> tuple[CaseFinding, ...]:
    """Return whether each expectation of a step holds.

    Args:
        after: the last exchange before the step.
    """
    return tuple(_judged(one, evidence, 0 if one.whole_case else after) for one in step.expectations)


def judge_conduct(case: CertificationCase, evidence: CaseEvidence) -> Iterator[CaseFinding]:
    """Yield the rules of conduct that a case must keep to, with what breaks them."""
    for name, rule in CONDUCT.items():
        if name in case.allows:
            continue
        by_itself = conjunction([Atom("rule", "absent"), parse_filter(rule.broken_by, JOURNAL_KEYS)])
        found = _count(evidence, by_itself, _NONE, 0)
        reasons = [one.why or one.failure for one in found.entries]
        yield CaseFinding(
            what=rule.what,
            severity="must",
            line=case.line,
            words=f"conduct: {name}",
            difference="" if found.met else "\n".join([found.text, *dict.fromkeys(f"host: {one}" for one in reasons)]),
        )


def outstanding(findings: Iterable[CaseFinding]) -> bool:
    """Return whether messages that may still arrive could make an expectation hold that does not."""
    return any(one.difference and not one.final for one in findings)


def _judged(expectation: CaseExpectation, evidence: CaseEvidence, after: int) -> CaseFinding:
    expected = expectation.expected
    difference, unjudged, final = "", False, False
    try:
        if isinstance(expected, AnswerExpected):
            answer = evidence.answers.get(expected.question)
            unjudged, final = answer is None, True
            if answer is None:
                difference = "the question was not answered"
            elif answer is not expected.yes:
                difference = f"the answer was {'yes' if answer else 'no'}"
        elif isinstance(expected, CountExpected):
            found = _count(evidence, resolved(expected.condition, evidence.value), expected.count, after)
            most = expected.count.most
            difference, final = "" if found.met else found.text, most is not None and found.count > most
        else:
            steps = [resolved(one, evidence.value) for one in expected.steps]
            order = ExpectedOrder(steps, expected.strict, after=after)
            found = _looked(verifying_order(evidence.search(), lambda: 0.0, order))
            difference = "" if found.met else found.text
    except ReferenceProblem as exc:
        difference, unjudged = str(exc), True
    return CaseFinding(
        expectation.what, expectation.severity, expectation.line, expectation.words, difference, unjudged, final
    )


def _count(evidence: CaseEvidence, condition: Expression, count: ExpectedCount, after: int) -> Verification:
    expected = ExpectedExchanges(condition, count, after=after)
    return _looked(verifying_count(evidence.search(), lambda: 0.0, expected))


def _looked(verifying: Verifying) -> Verification:
    """Return what is found at once: what a case is judged by has all happened."""
    found = look(verifying)
    assert isinstance(found, Verification), "without a time to wait, nothing is waited for"
    return found


def _facts_of(entry: Entry, dialect: Dialect) -> Mapping[str, str]:
    """Return what conditions may refer to of a message."""
    reply = entry.reply or {}
    found = {"stan": entry.stan, "batch": entry.batch, "rrn": entry.rrn}
    found |= {
        name: reply.get(str(dialect.elements[name].de), "") for name in ("auth_id", "date") if name in dialect.elements
    }
    found |= {f"de.{de}": value for de, value in entry.request.items()}
    return {name: value for name, value in found.items() if value}
