"""What a transaction is: one row for each kind, from which services, slips, totals and signatures take what they ask.

A kind has the name of the service that books it (`host.services`), which is that of its route: which message asks for
it stands in the dialect. What may happen to a stored transaction is a table of its own, `lifecycle`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

TotalSide = Literal["debit", "credit", "none"]

FollowUp = Literal["void", "refund", "completion", "adjustment", "top_up"]
"""What one transaction does to another, its original: a column of the table `lifecycle`."""

Tie = Literal["numbers", "reference", "authorisation"]
"""How a message names its original: a transaction of its own terminal, by batch and STAN; one of any terminal of the
merchant, by reference number, date and card; a pre-authorisation of any of them, by authorisation code, date and
card."""


@dataclass(frozen=True, slots=True)
class TransactionKind:
    """One kind of transaction."""

    title: str  # in sentences
    moves_money: bool  # it changes what a card or a merchant has, or what is held of it
    total: TotalSide  # the side of a settlement on which it is counted
    reversible: Literal["yes", "requests", "no"]  # "requests": an advice (1987: MTI x2xx) is repeated, never reversed
    signature: bool = False  # the cardholder signs its slip
    chip_data: bool = False  # where a chip was read, its cryptogram comes with the request
    to_original: FollowUp | None = None  # what it does to another transaction
    of: tuple[str, ...] = ()  # the kinds of those
    tie: Tie | None = None  # how it names it
    holds: bool = False  # its amount is held on the card until a completion takes it
    never_refunded: bool = False  # it can only be voided
    cardless: bool = False  # there is no card
    free: bool = False  # up to an amount, read without contact, it needs neither PIN nor signature (小额免密免签)

    @property
    def replaces(self) -> bool:
        """Whether it is counted in the place of its original."""
        return self.to_original == "adjustment"


def _payment(title: str, total: TotalSide = "debit", *, chip: bool = True) -> TransactionKind:
    """Return a kind by which a cardholder pays on line and signs."""
    return TransactionKind(title, True, total, "yes", signature=True, chip_data=chip)


def _void(title: str, *of: str, total: TotalSide = "credit") -> TransactionKind:
    """Return a kind that takes a whole transaction of the same terminal back."""
    return TransactionKind(title, True, total, "yes", signature=True, to_original="void", of=of, tie="numbers")


def _refund(title: str, *of: str, total: TotalSide = "credit") -> TransactionKind:
    """Return a kind that gives back a payment of any terminal of the merchant, or a part of it."""
    return TransactionKind(title, True, total, "requests", signature=True, to_original="refund", of=of, tie="reference")


def _pre_auth(title: str) -> TransactionKind:
    return TransactionKind(title, True, "none", "yes", signature=True, chip_data=True, holds=True)


def _of_pre_auth(title: str, to_original: FollowUp, of: str, total: TotalSide = "none") -> TransactionKind:
    """Return a kind that follows a pre-authorisation of any terminal of the merchant."""
    reversible: Literal["yes", "requests"] = "requests" if to_original == "completion" else "yes"
    return TransactionKind(
        title, True, total, reversible, signature=True, to_original=to_original, of=(of,), tie="authorisation"
    )


def _load(title: str) -> TransactionKind:
    """Return a kind that puts electronic cash on a chip; most terminals do not count it, some hosts as a credit."""
    return TransactionKind(title, True, "none", "yes", chip_data=True)


_REFUNDABLE: Final = (
    "sale",
    "recurring_sale",
    "completion",
    "completion_advice",
    "offline_sale",
    "settlement_adjustment",
    "tip_adjustment",
)
_ADJUSTABLE: Final = ("sale", "offline_sale")

KINDS: Final[Mapping[str, TransactionKind]] = {
    "sale": replace(_payment("sale"), free=True),
    "void": _void("void", "sale"),
    "refund": _refund("refund", *_REFUNDABLE),
    "balance": TransactionKind("balance inquiry", False, "none", "no", chip_data=True),
    # pre-authorisations: an amount is held, and taken by a completion
    "pre_auth": replace(_pre_auth("pre-authorisation"), free=True),
    "pre_auth_top_up": _of_pre_auth("top-up of a pre-authorisation", "top_up", "pre_auth"),
    "pre_auth_void": _of_pre_auth("void of a pre-authorisation", "void", "pre_auth"),
    "completion": _of_pre_auth("completion of a pre-authorisation", "completion", "pre_auth", "debit"),
    "completion_advice": _of_pre_auth("completion by advice", "completion", "pre_auth", "debit"),
    "completion_void": _void("void of a completion", "completion"),
    # what has happened without the host
    "offline_sale": TransactionKind("offline sale", True, "debit", "no", signature=True),
    "settlement_adjustment": TransactionKind(
        "settlement adjustment", True, "debit", "no", to_original="adjustment", of=_ADJUSTABLE, tie="numbers"
    ),
    "tip_adjustment": TransactionKind(
        "tip adjustment", True, "debit", "no", to_original="adjustment", of=_ADJUSTABLE, tie="numbers"
    ),
    "ecash_sale": TransactionKind("electronic cash sale", True, "debit", "no"),
    "ecash_refund": TransactionKind(
        "electronic cash refund", True, "credit", "no", to_original="refund", of=("ecash_sale",), tie="numbers"
    ),
    # payments of other kinds
    "instalment_sale": TransactionKind(
        "instalment sale", True, "debit", "yes", signature=True, chip_data=True, never_refunded=True
    ),
    "instalment_void": _void("void of an instalment sale", "instalment_sale"),
    "points_balance": TransactionKind("points balance inquiry", False, "none", "no", chip_data=True),
    "points_sale": _payment("points sale", "none"),
    "points_void": _void("void of a points sale", "points_sale", total="none"),
    "points_refund": _refund("refund of a points sale", "points_sale", total="none"),
    "moto_sale": _payment("mail or telephone order", chip=False),
    "moto_void": _void("void of an order", "moto_sale"),
    "moto_refund": _refund("refund of an order", "moto_sale", "moto_completion", "moto_completion_advice"),
    "moto_pre_auth": _pre_auth("pre-authorisation of an order"),
    "moto_pre_auth_void": _of_pre_auth("void of an order's pre-authorisation", "void", "moto_pre_auth"),
    "moto_completion": _of_pre_auth(
        "completion of an order's pre-authorisation", "completion", "moto_pre_auth", "debit"
    ),
    "moto_completion_advice": _of_pre_auth(
        "completion of an order's pre-authorisation by advice", "completion", "moto_pre_auth", "debit"
    ),
    "moto_completion_void": _void("void of an order's completion", "moto_completion"),
    "cardholder_verification": TransactionKind("cardholder verification", False, "none", "no"),
    "reservation_sale": TransactionKind("reservation sale", True, "debit", "yes", signature=True, cardless=True),
    "reservation_void": replace(_void("void of a reservation sale", "reservation_sale"), cardless=True),
    "recurring_sale": _payment("recurring sale"),
    "recurring_void": _void("void of a recurring sale", "recurring_sale"),
    "qr_sale": TransactionKind("QR code sale", True, "debit", "yes", cardless=True),
    "qr_void": replace(_void("void of a QR code sale", "qr_sale"), signature=False, cardless=True),
    "qr_refund": replace(_refund("refund of a QR code sale", "qr_sale"), signature=False, cardless=True),
    # electronic cash on a chip
    "account_load": _load("load from the card's account"),
    "cash_load": _load("load with cash"),
    "other_account_load": _load("load from another account"),
    "cash_load_void": TransactionKind(
        "void of a cash load",
        True,
        "none",
        "yes",
        chip_data=True,
        to_original="void",
        of=("cash_load",),
        tie="numbers",
    ),
    "script_result": TransactionKind("script result", False, "none", "no", tie="numbers"),
}

COMPLETIONS: Final = frozenset(name for name, kind in KINDS.items() if kind.to_original == "completion")
"""Kinds that take what a pre-authorisation holds."""


LOADS: Final = frozenset({"account_load", "cash_load", "other_account_load"})
"""Kinds that put electronic cash on a chip."""


def title_of(kind: str) -> str:
    """What a kind is called in a sentence; a kind that this host does not know keeps its own name.

    >>> title_of("balance"), title_of("magnetic_load")
    ('balance inquiry', 'magnetic load')
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
