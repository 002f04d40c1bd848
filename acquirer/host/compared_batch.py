"""A batch whose totals are compared, and what a single transaction of it may be to the terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from acquirer.dialect.dialect import Dialect
from acquirer.host.batch_totals import UNCOUNTED, is_foreign
from acquirer.host.explain.causes import SENTENCES, Cause
from acquirer.host.kinds import KINDS
from acquirer.host.total_differences import NO_DIFFERENCE, TotalsDifference, plus, unit
from acquirer.model.batches import Settlement, UploadedDetail
from acquirer.model.rows import Transaction, TransactionKey
from acquirer.settlement.totals import Side


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


class PossibleCause(NamedTuple):
    """Something that a terminal may count otherwise, and the difference that it makes."""

    delta: TotalsDifference
    cause: Cause
    transactions: tuple[Transaction, ...]


def all_of(alike: Sequence[PossibleCause], cause: Cause) -> PossibleCause:
    """Return one thing that a terminal does to several transactions alike."""
    delta = NO_DIFFERENCE
    for one in alike:
        delta = plus(delta, one.delta)
    return PossibleCause(delta, cause, tuple(each for one in alike for each in one.transactions))


def omission(batch: ComparedBatch, one: Transaction) -> Cause:
    """Return why a terminal may not count what the host counts."""
    kind = KINDS[one.kind]
    if one.key in batch.undelivered:
        return "answer_lost"
    if one.state == "voided":
        return "voided_left_out"
    if kind.to_original == "void":
        return "void_missing"
    return "refund_missing" if kind.to_original == "refund" else "host_only"


def addition(one: Transaction) -> Cause:
    """Return why a terminal may count what the host does not."""
    if one.state == "reversed":
        return "reversed_counted"
    if is_uncounted_kind(one) and one.state not in UNCOUNTED:
        return "kind_counted"
    return "original_counted" if one.state == "adjusted" else "declined_counted"


def is_uncounted_kind(one: Transaction) -> bool:
    """Return whether a transaction moves money and is in no totals."""
    kind = KINDS.get(one.kind)
    return kind is not None and kind.moves_money and kind.total == "none"


def side_counted(one: Transaction) -> Side:
    """Return on which side a transaction would be counted."""
    kind = KINDS.get(one.kind)
    return "credit" if kind is not None and kind.total == "credit" else "debit"


def named_cause(cause: Cause, transactions: Sequence[Transaction], others: Sequence[Transaction] = ()) -> Discrepancy:
    """Return a cause with its sentence.

    Args:
        others: that would make the same difference.
    """
    sentence: Callable[..., str] = SENTENCES[cause]
    keys = tuple(one.key for one in (*transactions, *others))
    return Discrepancy(cause, sentence(tuple(transactions), tuple(others)), keys)


def totals_of(batch: ComparedBatch, one: Transaction) -> TotalsDifference:
    """Return what one transaction is in the totals of the host."""
    return unit(is_foreign(batch.dialect, one), side_counted(one), one.amount_minor)
