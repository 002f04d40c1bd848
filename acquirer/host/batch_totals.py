"""The totals of a batch as the host counts them, and what each transaction adds to them.

1. The table of kinds says on which side a kind is counted; gross, as Q/CUP 009 has it: a voided or refunded sale stays
   counted, its void or refund is a transaction of its own. What was declined or reversed is not counted.
2. A card is foreign when its organisation is another one than the dialect's own (DE 63 of the reply).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from acquirer.dialect.dialect import Dialect
from acquirer.dialect.organisations import is_foreign_organisation
from acquirer.host.kinds import KINDS
from acquirer.host.signature_limit import no_signature_limit_minor
from acquirer.model.batches import BatchBooks
from acquirer.model.rows import Transaction
from acquirer.settlement.totals import BatchTotals, Side

UNCOUNTED: Final = frozenset({"declined", "reversed", "adjusted", "tombstone"})
"""States of transactions that move no money, or in whose place another one stands."""

OFFLINE: Final = frozenset({"30", "32", "34", "36"})
"""Transaction types of what was done off line and came later."""


def side_of(transaction: Transaction) -> Side | None:
    """Return on which side of the totals a transaction is counted; None when it is not."""
    kind = KINDS.get(transaction.kind)
    if kind is None or kind.total == "none" or transaction.state in UNCOUNTED:
        return None
    return kind.total


def is_foreign(dialect: Dialect, transaction: Transaction) -> bool:
    """Return whether a transaction's card is of another organisation than the country's own."""
    return is_foreign_organisation(dialect, transaction.reply_elements.get("organisation", ""))


def batch_totals(dialect: Dialect, transactions: Iterable[Transaction]) -> BatchTotals:
    """Return the totals of transactions."""
    totals = BatchTotals()
    for one in transactions:
        if (side := side_of(one)) is not None:
            totals = totals.plus(is_foreign(dialect, one), side, one.amount_minor)
    return totals


def of_this_batch(books: BatchBooks, open_again: bool) -> tuple[Transaction, ...]:
    """Return the transactions of a batch; without those of an earlier one that had its number.

    Args:
        open_again: the batch is open, and its number was that of one that is closed: batch numbers began anew.
    """
    settled = books.settlement
    if settled is None or not open_again:
        return books.transactions
    return tuple([one for one in books.transactions if one.at_us > settled.closed_us])


def unsigned(
    dialect: Dialect, transactions: Iterable[Transaction], signed: frozenset[str], limit_minor: int | None
) -> list[Transaction]:
    """Return transactions that the cardholder was to sign and did not.

    Args:
        signed: STANs of those with a signature.
        limit_minor: up to which contactless sales need none, in place of the dialect's.
    """
    return [
        one
        for one in transactions
        if one.state in ("approved", "refunded")
        and KINDS[one.kind].signature
        and one.key.stan not in signed
        and not no_signature_limit_minor(dialect, one, limit_minor)
    ]
