"""The totals of a batch, and the 62 digits in which they travel.

1. Debits and credits are counted apart, those of the country's own cards and those of foreign ones. Amounts are gross:
   a voided sale stays among the debits, its void is a credit.
2. The text has 31 digits for domestic cards, then 31 for foreign ones: debit amount 12, number 3, credit amount 12,
   number 3, result 1. A request's results are 0. Source: Q/CUP 009, DE 48 of 0500.
3. Some terminals send the domestic half alone; what they do not send is nothing. A reply always has both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

Side = Literal["debit", "credit"]
SettlementResult = Literal["equal", "unequal", "error"]

REQUESTED: Final = "0"
DIGITS: Final[dict[SettlementResult, str]] = {"equal": "1", "unequal": "2", "error": "3"}
"""What stands in the place of the result."""

HALF: Final = 31
MOST_MINOR: Final = 10**12 - 1
MOST_COUNT: Final = 999
"""What 12 and 3 digits hold: a batch with more cannot be settled by this message."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Debits and credits, by amount and number."""

    debit_minor: int = 0
    debits: int = 0
    credit_minor: int = 0
    credits: int = 0

    def plus(self, side: Side, amount_minor: int, count: int = 1) -> Totals:
        """Return the totals with something more on one side.

        >>> Totals().plus("debit", 1234).plus("credit", 34)
        Totals(debit_minor=1234, debits=1, credit_minor=34, credits=1)
        """
        if side == "debit":
            return Totals(self.debit_minor + amount_minor, self.debits + count, self.credit_minor, self.credits)
        return Totals(self.debit_minor, self.debits, self.credit_minor + amount_minor, self.credits + count)

    @property
    def fits(self) -> bool:
        """Whether the message has room for them."""
        amounts, counts = (self.debit_minor, self.credit_minor), (self.debits, self.credits)
        return all(0 <= one <= MOST_MINOR for one in amounts) and all(0 <= one <= MOST_COUNT for one in counts)

    def minus(self, other: Totals) -> Totals:
        """Return by how much these are more than others; figures may be negative."""
        return Totals(
            self.debit_minor - other.debit_minor,
            self.debits - other.debits,
            self.credit_minor - other.credit_minor,
            self.credits - other.credits,
        )


NOTHING: Final = Totals()


class BatchTotals(NamedTuple):
    """The totals of a batch: of the country's own cards and of foreign ones."""

    domestic: Totals = NOTHING
    foreign: Totals = NOTHING

    def plus(self, foreign: bool, side: Side, amount_minor: int, count: int = 1) -> BatchTotals:
        """Return the totals with something more on one side of one of the two."""
        if foreign:
            return BatchTotals(self.domestic, self.foreign.plus(side, amount_minor, count))
        return BatchTotals(self.domestic.plus(side, amount_minor, count), self.foreign)

    def minus(self, other: BatchTotals) -> BatchTotals:
        """Return by how much these are more than others; figures may be negative."""
        return BatchTotals(self.domestic.minus(other.domestic), self.foreign.minus(other.foreign))

    @property
    def fit(self) -> bool:
        """Whether the message has room for them."""
        return self.domestic.fits and self.foreign.fits


class SettlementText(NamedTuple):
    """What the 62 digits say."""

    totals: BatchTotals
    results: tuple[str, str] = (REQUESTED, REQUESTED)  # domestic, foreign: one digit each


def write_settlement(totals: BatchTotals, results: tuple[str, str] = (REQUESTED, REQUESTED)) -> str:
    """Return totals as 62 digits.

    >>> write_settlement(BatchTotals(Totals(177500, 4, 14000, 2)), ("1", "1"))
    '00000017750000400000001400000210000000000000000000000000000001'

    Raises:
        ValueError: they have no room.
    """
    if not totals.fit:
        raise ValueError("totals have twelve digits for an amount and three for a number")
    return "".join(
        f"{one.debit_minor:012}{one.debits:03}{one.credit_minor:012}{one.credits:03}{result}"
        for one, result in zip(totals, results, strict=True)
    )


def read_settlement(text: str) -> SettlementText:
    """Return the totals and results of a text.

    >>> read_settlement("0000001775000040000000140000021").results
    ('1', '0')

    Raises:
        ValueError: it is no such text; the sentence says what it has.
    """
    if not (text.isascii() and text.isdecimal()):
        raise ValueError("totals are digits only")
    if len(text) not in (HALF, 2 * HALF):
        raise ValueError(f"totals have 62 digits (31 for domestic cards, 31 for foreign ones), these are {len(text)}")
    halves = [text[:HALF], text[HALF:] or "0" * HALF]
    domestic, foreign = [
        Totals(int(half[:12]), int(half[12:15]), int(half[15:27]), int(half[27:30])) for half in halves
    ]
    return SettlementText(BatchTotals(domestic, foreign), (halves[0][-1], halves[1][-1]))
