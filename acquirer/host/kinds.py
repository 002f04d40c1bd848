"""What a transaction is: one row for each kind, from which services, slips, totals and signatures take what they ask.

A kind has the name of the service that books it (`host.services`). What may happen to a stored transaction is a table
of its own, `lifecycle`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class TransactionKind:
    """One kind of transaction."""

    title: str  # in sentences
    moves_money: bool  # it changes what a card or a merchant has
    total: Literal["debit", "credit", "none"]  # the side of a settlement on which it is counted
    reversible: Literal["yes", "requests", "no"]  # "requests": an advice (1987: MTI x2xx) is repeated, never reversed
    voidable: bool = False
    refundable: bool = False
    signature: bool = False  # the cardholder signs its slip
    chip_data: bool = False  # where a chip was read, its cryptogram comes with the request


KINDS: Final[Mapping[str, TransactionKind]] = {
    "sale": TransactionKind(
        "sale", True, "debit", "yes", voidable=True, refundable=True, signature=True, chip_data=True
    ),
    "void": TransactionKind("void", True, "credit", "yes", signature=True),
    "refund": TransactionKind("refund", True, "credit", "requests", signature=True),
    "balance": TransactionKind("balance inquiry", False, "none", "no", chip_data=True),
}


def title_of(kind: str) -> str:
    """What a kind is called in a sentence; a kind that this host does not know keeps its own name.

    >>> title_of("balance"), title_of("pre_auth")
    ('balance inquiry', 'pre auth')
    """
    found = KINDS.get(kind)
    return found.title if found is not None else kind.replace("_", " ")


def is_advice(mti: str) -> bool:
    """Whether a message tells of something that has happened: repeated until it is answered, never reversed.

    ISO 8583, third digit of the MTI: 0 request, 2 advice.

    >>> is_advice("0220"), is_advice("1220"), is_advice("0200"), is_advice("")
    (True, True, False, False)
    """
    return mti[2:3] == "2"
