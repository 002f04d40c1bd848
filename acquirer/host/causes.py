"""Why the totals of a batch differ: what the terminal counts otherwise, named by its likely cause.

1. What was uploaded comes first: each detail that differs, that only one side has, is a cause of its own.
2. What that leaves of the difference is looked for in the totals: one thing that the terminal may count otherwise, the
   same thing throughout the batch, then two of them. The first that makes the difference is named; where several
   transactions would make the same one, all of them are.
3. What makes it in no such way is said to be unexplained, with the figures.

Causes are those of the field (Q/CUP 009 terminals count differently): a voided sale left out, a reversed one kept, an
adjusted original beside its adjustment, a foreign card among the domestic ones, an answer that was lost …
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from acquirer.host.batch_totals import is_foreign, side_of
from acquirer.host.compared_batch import (
    ComparedBatch,
    Discrepancy,
    PossibleCause,
    addition,
    all_of,
    named_cause,
    omission,
    side_counted,
    totals_of,
)
from acquirer.host.explain.causes import SENTENCES, unexplained
from acquirer.host.possible_causes import explain_totals
from acquirer.host.total_differences import (
    NO_DIFFERENCE,
    TotalsDifference,
    as_totals,
    difference_of,
    minus,
    times,
    unit,
)
from acquirer.model.batches import UploadedDetail
from acquirer.model.rows import Transaction
from acquirer.settlement.totals import Side

_CREDIT_TYPES: Final = ("25", "27")  # refunds: of an advice that only the terminal has, nothing else says its side


def discrepancies(batch: ComparedBatch) -> list[Discrepancy]:
    """Return why the totals of a batch differ; what was uploaded and differs is named for an equal batch too."""
    found: list[Discrepancy] = []
    left = difference_of(batch.settlement.terminal, batch.settlement.host)
    for delta, discrepancy in _uploaded(batch):
        found.append(discrepancy)
        left = minus(left, delta)
    if left == NO_DIFFERENCE or batch.settlement.result == "equal":
        return found
    explained = explain_totals(batch, left)
    return [*found, *(explained or [Discrepancy("unexplained", unexplained(as_totals(left), some=bool(found)))])]


def _uploaded(batch: ComparedBatch) -> Iterator[tuple[TotalsDifference, Discrepancy]]:
    """Yield what the details say, with the difference that each makes."""
    stored = {one.key.stan: one for one in batch.transactions}
    added: dict[str, list[PossibleCause]] = {}  # kinds that only the terminal counts
    for detail in batch.details:
        one = stored.get(detail.key.stan)
        if detail.match == "terminal_only" or (detail.match == "differs" and one is None):
            yield _terminal_only(batch, detail)
        elif detail.match == "differs" and one is not None and addition(one) == "kind_counted":
            delta = unit(detail.foreign, _given_side(batch, detail.foreign), detail.amount_minor)
            added.setdefault(one.kind, []).append(PossibleCause(delta, "kind_counted", (one,)))
        elif detail.match == "differs" and one is not None:
            yield from _differing(batch, detail, one)
    for alike in added.values():
        together = all_of(alike, "kind_counted")
        yield together.delta, named_cause("kind_counted", together.transactions)
    if batch.settlement.result != "equal" and batch.settlement.end:
        yield from _not_uploaded(batch)


def _not_uploaded(batch: ComparedBatch) -> Iterator[tuple[TotalsDifference, Discrepancy]]:
    """Yield what the terminal has not among its details: each transaction, or a kind that is missing throughout."""
    uploaded = {detail.key.stan for detail in batch.details}
    counted = [one for one in batch.transactions if side_of(one) is not None]
    by_kind: dict[str, list[Transaction]] = {}
    for one in counted:
        by_kind.setdefault(one.kind, []).append(one)
    left_out = [
        some
        for some in by_kind.values()
        if len(some) > 1
        and not any(one.key.stan in uploaded or omission(batch, one) != "host_only" for one in some)
        and len(some) < len(counted)
    ]
    for some in left_out:
        omitted = [PossibleCause(times(totals_of(batch, one), -1), "host_only", (one,)) for one in some]
        yield all_of(omitted, "kind_left_out").delta, named_cause("kind_left_out", some)
    named = {one.key for some in left_out for one in some}
    for one in counted:
        if one.key.stan not in uploaded and one.key not in named:
            yield times(totals_of(batch, one), -1), named_cause(omission(batch, one), (one,))


def _terminal_only(batch: ComparedBatch, detail: UploadedDetail) -> tuple[TotalsDifference, Discrepancy]:
    side: Side = "credit" if detail.transaction_type in _CREDIT_TYPES else "debit"
    delta = unit(detail.foreign, side, detail.amount_minor)
    same = next(
        (
            one
            for one in batch.elsewhere
            if (one.key.stan, one.amount_minor, one.card) == (detail.key.stan, detail.amount_minor, detail.card)
        ),
        None,
    )
    if same is not None:
        return delta, named_cause("wrong_batch", (same,))
    why = SENTENCES["terminal_only"](detail.key.stan, detail.pan_masked, detail.amount_minor)
    return delta, Discrepancy("terminal_only", why, (detail.key,))


def _differing(
    batch: ComparedBatch, detail: UploadedDetail, one: Transaction
) -> Iterator[tuple[TotalsDifference, Discrepancy]]:
    side = side_counted(one)
    if side_of(one) is None:
        yield unit(detail.foreign, side, detail.amount_minor), named_cause(addition(one), (one,))
        return
    if detail.foreign != (foreign := is_foreign(batch.dialect, one)):
        moved = minus(unit(not foreign, side, one.amount_minor), unit(foreign, side, one.amount_minor))
        yield moved, named_cause("other_class", (one,))
    if detail.amount_minor != one.amount_minor:
        more = unit(detail.foreign, side, detail.amount_minor - one.amount_minor, 0)
        why = SENTENCES["other_amount"](one.key.stan, one.pan_masked, detail.amount_minor, one.amount_minor)
        yield more, Discrepancy("other_amount", why, (one.key,))
    elif detail.card and one.card and detail.card != one.card:
        why = SENTENCES["other_card"](one.key.stan, detail.pan_masked, one.pan_masked)
        yield NO_DIFFERENCE, Discrepancy("other_card", why, (one.key,))


def _given_side(batch: ComparedBatch, foreign: bool) -> Side:
    """Return on which side a terminal counts a kind that the host does not: where it has more than the host."""
    more = difference_of(batch.settlement.terminal, batch.settlement.host)[4 * foreign :]
    return "credit" if more[2] > 0 >= more[0] else "debit"
