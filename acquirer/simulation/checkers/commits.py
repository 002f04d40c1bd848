"""Checkers of what the host made durable, in the order in which it did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from acquirer.model.evidence import Evidence
from acquirer.simulation.history import DurableCommit, History
from acquirer.simulation.ledger import LedgerNumber, code_for, is_approved
from acquirer.simulation.trade_rules import SIDES

UNDONE: Final = ("approved", "original_unknown")
"""Answers to a reversal after which the terminal counts on it: undone, or remembered should its sale still arrive."""


def booked_at_most_once(history: History) -> Iterator[str]:
    """A transaction is decided once; what comes again gets the stored answer, and takes no money."""
    decided: Counter[LedgerNumber] = Counter()
    charged: Counter[LedgerNumber] = Counter()
    for one in history.committed:
        evidence = one.changes.evidence
        if evidence.service not in SIDES or not is_approved(evidence):
            continue
        number = LedgerNumber.of(evidence)
        decided[number] += not evidence.replayed
        charged[number] += _spent(one) > 0
    for number in sorted({*decided, *charged}):
        if decided[number] > 1:
            yield f"{number}: decided and approved {decided[number]} times"
        if charged[number] > 1:
            yield f"{number}: its card was charged {charged[number]} times"


def reversal_takes_effect_once(history: History) -> Iterator[str]:
    """What was reversed is undone once and stays undone, in any order of its messages."""
    undone: dict[LedgerNumber, int] = {}  # what was answered so, and how often something changed
    for one in history.committed:
        evidence = one.changes.evidence
        number = LedgerNumber.of(evidence)
        if evidence.service == "reversal" and _is_undone(evidence):
            row = one.changes.transaction
            acted = _spent(one) < 0 or (row is not None and row.state == "reversed" and not evidence.replayed)
            undone[number] = undone.get(number, 0) + acted
            if undone[number] > 1:
                yield f"{number}: a reversal took effect {undone[number]} times"
        elif evidence.service in SIDES and number in undone and is_approved(evidence):
            yield f"{number}: approved after its reversal had been answered"
    rows = history.rows_of_books()
    for one in history.committed:
        evidence, row = one.changes.evidence, one.changes.transaction
        left = rows.get(LedgerNumber.of(evidence))
        state = "gone" if left is None else left.state
        if evidence.service != "reversal" or row is None or row.state not in ("reversed", "tombstone"):
            continue
        if state != row.state and _is_undone(evidence):
            yield f"{LedgerNumber.of(evidence)}: its reversal left it {row.state}, in the end it is {state}"


def decided_on_what_is_there(history: History) -> Iterator[str]:
    """No row is written over by a decision that was made on another version of it."""
    for one in history.committed:
        for row in one.versions:
            if row.decided != row.found:
                evidence = one.changes.evidence
                yield (
                    f"{evidence.tid} STAN {evidence.stan}: its {evidence.service} was decided on version {row.decided} "
                    f"of {row.name}, and written over version {row.found}"
                )


def answers_are_remembered(history: History) -> Iterator[str]:
    """What was approved is on disk before the reply leaves, and still there in the end."""
    at: dict[int, DurableCommit] = {one.arrival: one for one in history.committed}
    books = history.rows_of_books()
    dialect = history.compiled.dialect
    for reply in history.sound_replies():
        request = dialect.decode(history.arrival_request(reply.arrival).frame)
        code = str(dialect.get(dialect.decode(reply.frame), "code") or "")
        if code != dialect.code_of("approved", dialect.route(request)):
            continue
        stan, tid = str(dialect.get(request, "stan") or ""), str(dialect.get(request, "tid") or "")
        commit = at.get(reply.arrival)
        if commit is None or commit.at_us > reply.at_us:
            yield f"{tid} STAN {stan}: the host answered {code} and had nothing on disk"
            continue
        evidence = commit.changes.evidence
        row = books.get(LedgerNumber.of(evidence))
        if evidence.service in SIDES and (row is None or row.rrn != evidence.rrn):
            yield f"{LedgerNumber.of(evidence)}: answered {code} with RRN {evidence.rrn}; the books do not have it"
    if history.books is not None and history.books.exchanges != len(history.committed):
        yield f"{len(history.committed)} exchanges were committed, the journal has {history.books.exchanges}"


def _is_undone(evidence: Evidence) -> bool:
    return any(evidence.code == code_for(evidence, reason) for reason in UNDONE)


def _spent(one: DurableCommit) -> int:
    """Return what a commit took from its card; less than nothing where it gave back."""
    card, before = one.changes.card, one.card_before
    return 0 if card is None else card.spent_minor - (before.spent_minor if before else 0)
