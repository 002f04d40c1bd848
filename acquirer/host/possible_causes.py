"""What a terminal may count otherwise, as far as totals alone say it: one thing, one throughout the batch, two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from acquirer.host.batch_totals import is_foreign, side_of
from acquirer.host.compared_batch import (
    ComparedBatch,
    Discrepancy,
    PossibleCause,
    addition,
    all_of,
    is_uncounted_kind,
    named_cause,
    omission,
    side_counted,
    totals_of,
)
from acquirer.host.explain.causes import SENTENCES, Cause
from acquirer.host.total_differences import TotalsDifference, minus, times, unit
from acquirer.model.rows import Transaction, TransactionKey
from acquirer.settlement.totals import Side

PAIRS_MOST: Final = 20_000
"""Possible causes among which two are looked for that make the difference together."""


def explain_totals(batch: ComparedBatch, left: TotalsDifference) -> list[Discrepancy]:
    """Return what makes a difference; nothing when nothing does."""
    amounts, numbers = left[::2], left[1::2]
    if not any(amounts):
        return [Discrepancy("number_only", SENTENCES["number_only"](sum(numbers)))]
    single = list(_possible(batch))
    if same := [one for one in single if one.delta == left]:
        cause = same[0].cause
        alternatives = [one.transactions for one in same if one.cause == cause]
        return [named_cause(cause, alternatives[0], others=[one for some in alternatives[1:] for one in some])]
    groups = list(_groups(single))
    for group in groups:
        if group.delta == left:
            return [named_cause(group.cause, group.transactions)]
    return _two_of([*single, *groups][:PAIRS_MOST], left)


def _two_of(possible: Sequence[PossibleCause], left: TotalsDifference) -> list[Discrepancy]:
    """Return two causes that make a difference together."""
    by_delta: dict[TotalsDifference, PossibleCause] = {}
    for one in possible:
        other = by_delta.get(minus(left, one.delta))
        if other is not None and not _keys(other) & _keys(one):
            return [named_cause(other.cause, other.transactions), named_cause(one.cause, one.transactions)]
        by_delta.setdefault(one.delta, one)
    return []


def _keys(one: PossibleCause) -> set[TransactionKey]:
    return {each.key for each in one.transactions}


def _possible(batch: ComparedBatch) -> Iterator[PossibleCause]:
    """Yield what a terminal may count otherwise, the likelier first."""
    found: list[PossibleCause] = []
    by_key = {one.key: one for one in batch.transactions}
    for one in batch.transactions:
        side = side_counted(one)
        if side_of(one) is None:
            if not is_uncounted_kind(one) and one.state != "tombstone":
                found.append(_added(batch, one, side))
            continue
        counted, foreign = totals_of(batch, one), is_foreign(batch.dialect, one)
        found.append(PossibleCause(times(counted, -1), omission(batch, one), (one,)))
        other_class = minus(unit(not foreign, side, one.amount_minor), counted)
        found.append(PossibleCause(other_class, "other_class", (one,)))
        other: Side = "credit" if side == "debit" else "debit"
        found.append(PossibleCause(minus(unit(foreign, other, one.amount_minor), counted), "other_side", (one,)))
        found.append(PossibleCause(counted, "twice", (one,)))
        original = by_key.get(one.original) if one.original is not None else None
        if original is not None and original.state == "voided" and side_of(original) is not None:
            both = minus(times(counted, -1), totals_of(batch, original))
            found.append(PossibleCause(both, "voided_netted", (original, one)))
    for one in batch.elsewhere:
        if side_of(one) is not None:
            found.append(PossibleCause(totals_of(batch, one), "wrong_batch", (one,)))
    found += _kinds_counted(batch)
    yield from sorted(found, key=lambda one: _LIKELY.index(one.cause))


_LIKELY: Final[tuple[Cause, ...]] = (
    "answer_lost",
    "reversed_counted",
    "original_counted",
    "declined_counted",
    "voided_left_out",
    "void_missing",
    "refund_missing",
    "other_class",
    "other_side",
    "twice",
    "voided_netted",
    "host_only",
    "kind_counted",
    "wrong_batch",
)
"""In which order causes are named that make the same difference."""


def _groups(single: Sequence[PossibleCause]) -> Iterator[PossibleCause]:
    """Yield what a terminal may do to all transactions of the batch alike: by cause, and by kind of transaction."""
    for cause in _LIKELY:
        alike = [one for one in single if one.cause == cause]
        if len(alike) > 1 and cause != "kind_counted":
            yield all_of(alike, cause)
    omitted = [one for one in single if one.cause in ("host_only", "refund_missing", "void_missing", "voided_left_out")]
    for kind in dict.fromkeys(one.transactions[0].kind for one in omitted):
        alike = [one for one in omitted if one.transactions[0].kind == kind]
        yield all_of(alike, "kind_left_out")


def _kinds_counted(batch: ComparedBatch) -> Iterator[PossibleCause]:
    """Yield kinds that are in no totals of the host, on either side of the terminal's: loads, points …

    With what was voided, and without: some terminals leave that out (Q/CUP 009 programs differ).
    """
    by_kind: dict[str, list[Transaction]] = {}
    for one in batch.transactions:
        if addition(one) == "kind_counted":
            by_kind.setdefault(one.kind, []).append(one)
    sides: tuple[Side, ...] = ("debit", "credit")
    for every in by_kind.values():
        standing = [one for one in every if one.state != "voided"]
        for some in (every, standing) if 0 < len(standing) < len(every) else (every,):
            for side in sides:
                yield all_of([_added(batch, one, side) for one in some], "kind_counted")


def _added(batch: ComparedBatch, one: Transaction, side: Side) -> PossibleCause:
    """Return what a transaction makes that the terminal counts on a side, and the host does not."""
    return PossibleCause(unit(is_foreign(batch.dialect, one), side, one.amount_minor), addition(one), (one,))
