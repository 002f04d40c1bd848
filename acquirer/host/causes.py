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

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from acquirer.dialect.dialect import Dialect
from acquirer.host.batch_totals import UNCOUNTED, is_foreign, side_of
from acquirer.host.explain.causes import SENTENCES, Cause, unexplained
from acquirer.host.kinds import KINDS
from acquirer.host.total_differences import (
    NO_DIFFERENCE,
    TotalsDifference,
    as_totals,
    difference_of,
    minus,
    plus,
    times,
    unit,
)
from acquirer.model.batches import Settlement, UploadedDetail
from acquirer.model.rows import Transaction, TransactionKey
from acquirer.settlement.totals import Side

PAIRS_MOST: Final = 20_000
"""Possible causes among which two are looked for that make the difference together."""

_CREDIT_TYPES: Final = ("25", "27")  # refunds: of an advice that only the terminal has, nothing else says its side


class Discrepancy(NamedTuple):
    """Something that the two sides count differently."""

    cause: Cause
    why: str
    transactions: tuple[TransactionKey, ...] = ()


@dataclass(frozen=True, slots=True)
class ComparedBatch:
    """What is known of a settled batch.

    Args:
        elsewhere: transactions of the terminal that the host has in other batches.
        undelivered: keys of transactions whose answer did not reach the terminal.
    """

    dialect: Dialect
    settlement: Settlement
    transactions: tuple[Transaction, ...]
    details: tuple[UploadedDetail, ...] = ()
    elsewhere: tuple[Transaction, ...] = ()
    undelivered: frozenset[TransactionKey] = frozenset()


class _Possible(NamedTuple):
    """Something that a terminal may count otherwise, and the difference that it makes."""

    delta: TotalsDifference
    cause: Cause
    transactions: tuple[Transaction, ...]


def discrepancies(batch: ComparedBatch) -> list[Discrepancy]:
    """Return why the totals of a batch differ; what was uploaded and differs is named for an equal batch too."""
    found: list[Discrepancy] = []
    left = difference_of(batch.settlement.terminal, batch.settlement.host)
    for delta, discrepancy in _uploaded(batch):
        found.append(discrepancy)
        left = minus(left, delta)
    if left == NO_DIFFERENCE or batch.settlement.result == "equal":
        return found
    explained = _explain(batch, left)
    return [*found, *(explained or [Discrepancy("unexplained", unexplained(as_totals(left), some=bool(found)))])]


# -- what was uploaded


def _uploaded(batch: ComparedBatch) -> Iterator[tuple[TotalsDifference, Discrepancy]]:
    """Yield what the details say, with the difference that each makes."""
    stored = {one.key.stan: one for one in batch.transactions}
    added: dict[str, list[_Possible]] = {}  # kinds that only the terminal counts
    for detail in batch.details:
        one = stored.get(detail.key.stan)
        if detail.match == "terminal_only" or (detail.match == "differs" and one is None):
            yield _terminal_only(batch, detail)
        elif detail.match == "differs" and one is not None and _addition(one) == "kind_counted":
            delta = unit(detail.foreign, _given_side(batch, detail.foreign), detail.amount_minor)
            added.setdefault(one.kind, []).append(_Possible(delta, "kind_counted", (one,)))
        elif detail.match == "differs" and one is not None:
            yield from _differing(batch, detail, one)
    for alike in added.values():
        together = _together(alike, "kind_counted")
        yield together.delta, _named("kind_counted", together.transactions)
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
        and not any(one.key.stan in uploaded or _omission(batch, one) != "host_only" for one in some)
        and len(some) < len(counted)
    ]
    for some in left_out:
        omitted = [_Possible(times(_counted(batch, one), -1), "host_only", (one,)) for one in some]
        yield _together(omitted, "kind_left_out").delta, _named("kind_left_out", some)
    named = {one.key for some in left_out for one in some}
    for one in counted:
        if one.key.stan not in uploaded and one.key not in named:
            yield times(_counted(batch, one), -1), _named(_omission(batch, one), (one,))


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
        return delta, _named("wrong_batch", (same,))
    why = SENTENCES["terminal_only"](detail.key.stan, detail.pan_masked, detail.amount_minor)
    return delta, Discrepancy("terminal_only", why, (detail.key,))


def _differing(
    batch: ComparedBatch, detail: UploadedDetail, one: Transaction
) -> Iterator[tuple[TotalsDifference, Discrepancy]]:
    side = _side(one)
    if side_of(one) is None:
        yield unit(detail.foreign, side, detail.amount_minor), _named(_addition(one), (one,))
        return
    if detail.foreign != (foreign := is_foreign(batch.dialect, one)):
        moved = minus(unit(not foreign, side, one.amount_minor), unit(foreign, side, one.amount_minor))
        yield moved, _named("other_class", (one,))
    if detail.amount_minor != one.amount_minor:
        more = unit(detail.foreign, side, detail.amount_minor - one.amount_minor, 0)
        why = SENTENCES["other_amount"](one.key.stan, one.pan_masked, detail.amount_minor, one.amount_minor)
        yield more, Discrepancy("other_amount", why, (one.key,))
    elif detail.card and one.card and detail.card != one.card:
        why = SENTENCES["other_card"](one.key.stan, detail.pan_masked, one.pan_masked)
        yield NO_DIFFERENCE, Discrepancy("other_card", why, (one.key,))


# -- what the totals alone say


def _explain(batch: ComparedBatch, left: TotalsDifference) -> list[Discrepancy]:
    """Return what makes a difference; nothing when nothing does."""
    amounts, numbers = left[::2], left[1::2]
    if not any(amounts):
        return [Discrepancy("number_only", SENTENCES["number_only"](sum(numbers)))]
    single = list(_possible(batch))
    if same := [one for one in single if one.delta == left]:
        cause = same[0].cause
        alternatives = [one.transactions for one in same if one.cause == cause]
        return [_named(cause, alternatives[0], others=[one for some in alternatives[1:] for one in some])]
    groups = list(_groups(single))
    for group in groups:
        if group.delta == left:
            return [_named(group.cause, group.transactions)]
    return _two_of([*single, *groups][:PAIRS_MOST], left)


def _two_of(possible: Sequence[_Possible], left: TotalsDifference) -> list[Discrepancy]:
    """Return two causes that make a difference together."""
    by_delta: dict[TotalsDifference, _Possible] = {}
    for one in possible:
        other = by_delta.get(minus(left, one.delta))
        if other is not None and not _keys(other) & _keys(one):
            return [_named(other.cause, other.transactions), _named(one.cause, one.transactions)]
        by_delta.setdefault(one.delta, one)
    return []


def _keys(one: _Possible) -> set[TransactionKey]:
    return {each.key for each in one.transactions}


def _possible(batch: ComparedBatch) -> Iterator[_Possible]:
    """Yield what a terminal may count otherwise, the likelier first."""
    found: list[_Possible] = []
    by_key = {one.key: one for one in batch.transactions}
    for one in batch.transactions:
        side = _side(one)
        if side_of(one) is None:
            if not _uncounted_kind(one) and one.state != "tombstone":
                foreign = is_foreign(batch.dialect, one)
                found.append(_Possible(unit(foreign, side, one.amount_minor), _addition(one), (one,)))
            continue
        counted, foreign = _counted(batch, one), is_foreign(batch.dialect, one)
        found.append(_Possible(times(counted, -1), _omission(batch, one), (one,)))
        other_class = minus(unit(not foreign, side, one.amount_minor), counted)
        found.append(_Possible(other_class, "other_class", (one,)))
        other: Side = "credit" if side == "debit" else "debit"
        found.append(_Possible(minus(unit(foreign, other, one.amount_minor), counted), "other_side", (one,)))
        found.append(_Possible(counted, "twice", (one,)))
        original = by_key.get(one.original) if one.original is not None else None
        if original is not None and original.state == "voided" and side_of(original) is not None:
            both = minus(times(counted, -1), _counted(batch, original))
            found.append(_Possible(both, "voided_netted", (original, one)))
    for one in batch.elsewhere:
        if side_of(one) is not None:
            found.append(_Possible(_counted(batch, one), "wrong_batch", (one,)))
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


def _groups(single: Sequence[_Possible]) -> Iterator[_Possible]:
    """Yield what a terminal may do to all transactions of the batch alike: by cause, and by kind of transaction."""
    for cause in _LIKELY:
        alike = [one for one in single if one.cause == cause]
        if len(alike) > 1 and cause != "kind_counted":
            yield _together(alike, cause)
    omitted = [one for one in single if one.cause in ("host_only", "refund_missing", "void_missing", "voided_left_out")]
    for kind in dict.fromkeys(one.transactions[0].kind for one in omitted):
        alike = [one for one in omitted if one.transactions[0].kind == kind]
        yield _together(alike, "kind_left_out")


def _kinds_counted(batch: ComparedBatch) -> Iterator[_Possible]:
    """Yield kinds that are in no totals of the host, on either side of the terminal's: loads, points …

    With what was voided, and without: some terminals leave that out (Q/CUP 009 programs differ).
    """
    by_kind: dict[str, list[Transaction]] = {}
    for one in batch.transactions:
        if _uncounted_kind(one) and one.state not in UNCOUNTED:
            by_kind.setdefault(one.kind, []).append(one)
    sides: tuple[Side, ...] = ("debit", "credit")
    for every in by_kind.values():
        standing = [one for one in every if one.state != "voided"]
        for some in (every, standing) if 0 < len(standing) < len(every) else (every,):
            for side in sides:
                units = [unit(is_foreign(batch.dialect, one), side, one.amount_minor) for one in some]
                alike = [_Possible(delta, "kind_counted", (one,)) for delta, one in zip(units, some, strict=True)]
                yield _together(alike, "kind_counted")


def _together(alike: Sequence[_Possible], cause: Cause) -> _Possible:
    delta = NO_DIFFERENCE
    for one in alike:
        delta = plus(delta, one.delta)
    return _Possible(delta, cause, tuple(each for one in alike for each in one.transactions))


# -- one transaction


def _omission(batch: ComparedBatch, one: Transaction) -> Cause:
    """Return why a terminal may not count what the host counts."""
    kind = KINDS[one.kind]
    if one.key in batch.undelivered:
        return "answer_lost"
    if one.state == "voided":
        return "voided_left_out"
    if kind.to_original == "void":
        return "void_missing"
    return "refund_missing" if kind.to_original == "refund" else "host_only"


def _addition(one: Transaction) -> Cause:
    """Return why a terminal may count what the host does not."""
    if one.state == "reversed":
        return "reversed_counted"
    if _uncounted_kind(one) and one.state not in UNCOUNTED:
        return "kind_counted"
    return "original_counted" if one.state == "adjusted" else "declined_counted"


def _uncounted_kind(one: Transaction) -> bool:
    """Return whether a transaction moves money and is in no totals."""
    kind = KINDS.get(one.kind)
    return kind is not None and kind.moves_money and kind.total == "none"


def _given_side(batch: ComparedBatch, foreign: bool) -> Side:
    """Return on which side a terminal counts a kind that the host does not: where it has more than the host."""
    more = difference_of(batch.settlement.terminal, batch.settlement.host)[4 * foreign :]
    return "credit" if more[2] > 0 >= more[0] else "debit"


def _side(one: Transaction) -> Side:
    """Return on which side a transaction would be counted."""
    kind = KINDS.get(one.kind)
    return "credit" if kind is not None and kind.total == "credit" else "debit"


def _named(cause: Cause, transactions: Sequence[Transaction], others: Sequence[Transaction] = ()) -> Discrepancy:
    sentence: Callable[..., str] = SENTENCES[cause]
    keys = tuple(one.key for one in (*transactions, *others))
    return Discrepancy(cause, sentence(tuple(transactions), tuple(others)), keys)


def _counted(batch: ComparedBatch, one: Transaction) -> TotalsDifference:
    return unit(is_foreign(batch.dialect, one), _side(one), one.amount_minor)
