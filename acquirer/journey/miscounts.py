"""What a terminal gets wrong in its own books of a batch, each as a step may plant it: the causes of unequal totals.

A miscount acts once the operation beside it is done: on what that operation changed in the books.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, Literal, NamedTuple

from acquirer.terminal.batch_records import BatchRecord, Records

Miscount = Literal[
    "not_counted",
    "voided_left_out",
    "voided_netted",
    "twice",
    "original_too",
    "other_class",
    "other_side",
    "other_amount",
    "extra_number",
]


class _Miscounting(NamedTuple):
    help: str
    change: Callable[[Records, Records], Records]  # of the records before the operation, and after it


def _newest(change: Callable[[BatchRecord], Records]) -> Callable[[Records, Records], Records]:
    """Return what puts others in the place of the record that an operation added."""

    def changed(before: Records, after: Records) -> Records:
        new = [one for one in after if one not in before and not (one.voided or one.adjusted)]
        return tuple(other for one in after for other in (change(one) if one in new[-1:] else (one,)))

    return changed


def _without_voided(before: Records, after: Records) -> Records:
    return tuple(one for one in after if one in before or not one.voided)


def _without_both(before: Records, after: Records) -> Records:
    return tuple(one for one in after if one in before)


def _with_original(_before: Records, after: Records) -> Records:
    return tuple(replace(one, adjusted=False) for one in after)


MISCOUNTS: Final[Mapping[Miscount, _Miscounting]] = {
    "not_counted": _Miscounting(
        "what it did is not counted: a sale, a void or a refund is missing, a reversed sale stays",
        lambda before, _after: before,
    ),
    "voided_left_out": _Miscounting("a voided sale is taken out of the debits, its void stays", _without_voided),
    "voided_netted": _Miscounting("a voided sale and its void are both left out", _without_both),
    "twice": _Miscounting("it is counted twice", _newest(lambda one: (one, one))),
    "original_too": _Miscounting("a sale that was adjusted stays counted beside its adjustment", _with_original),
    "other_class": _Miscounting(
        "a foreign card is counted as domestic, a domestic one as foreign",
        _newest(lambda one: (replace(one, foreign=not one.foreign),)),
    ),
    "other_side": _Miscounting(
        "a debit is counted as a credit, a credit as a debit",
        _newest(lambda one: (replace(one, side="credit" if one.side == "debit" else "debit"),)),
    ),
    "other_amount": _Miscounting(
        "it is counted with 0.01 more", _newest(lambda one: (replace(one, amount_minor=one.amount_minor + 1),))
    ),
    "extra_number": _Miscounting(
        "the number of transactions is one too high, the amount is right",
        _newest(lambda one: (one, replace(one, amount_minor=0))),
    ),
}
"""By name: what is wrong, and how the books change."""
