"""What a terminal's transactions are: one row for each kind, from which their shared course (`transaction`) reads.

A kind has the name of the service that its route asks for. One that is tied to an earlier transaction is chosen by what
it does to it (`verb`) and by the kind of that one: `follower`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from acquirer.dialect.dialect import Route
from acquirer.terminal.kind import (
    Course,
    Kind,
    Verb,
    adjustment_kind,
    order_kind,
    pre_auth_kind,
    refund_kind,
    void_kind,
)

SALE: Final = Kind("sale", "sale", "not sold", free=True, keeps=True)
VOID: Final = void_kind("void", "void", "sale")
REFUND: Final = refund_kind(
    "refund",
    "refund",
    "sale",
    "completion",
    "completion_advice",
    "offline_sale",
    "settlement_adjustment",
    "tip_adjustment",
    "recurring_sale",
    "instalment_sale",  # a host refuses it: 12
)
BALANCE: Final = Kind("balance", "balance inquiry", "not inquired", moves_money=False)

PRE_AUTH: Final = Kind("pre_auth", "pre-authorisation", "not authorised", free=True, counted=False, keeps=True)
PRE_AUTH_TOP_UP: Final = pre_auth_kind(
    "pre_auth_top_up", "top-up of a pre-authorisation", "not topped up", "top up", "pre_auth"
)
PRE_AUTH_VOID: Final = pre_auth_kind("pre_auth_void", "void of a pre-authorisation", "not voided", "void", "pre_auth")
COMPLETION: Final = pre_auth_kind(
    "completion", "completion of a pre-authorisation", "not completed", "complete", "pre_auth"
)
COMPLETION_ADVICE: Final = pre_auth_kind(  # as an advice: it never carries a PIN
    "completion_advice", "completion by advice", "not completed", "complete", "pre_auth", pin=False
)
COMPLETION_VOID: Final = void_kind("completion_void", "void of a completion", "completion")

OFFLINE_SALE: Final = Kind(
    "offline_sale",
    "offline sale",
    "not booked",
    pin=False,
    chip_data=False,
    queues=True,
    keeps=True,
    details=("auth_mode", "auth_institution"),
)
SETTLEMENT_ADJUSTMENT: Final = adjustment_kind("settlement_adjustment", "settlement adjustment", "adjust")
TIP_ADJUSTMENT: Final = adjustment_kind("tip_adjustment", "tip", "tip")
ECASH_SALE: Final = Kind(
    "ecash_sale", "electronic cash sale", "not paid", pin=False, offline=True, queues=True, keeps=True
)
ECASH_REFUND: Final = replace(
    refund_kind("ecash_refund", "electronic cash refund", "ecash_sale"),
    named_by="numbers",
    offline=True,
    chip_data=True,
)

INSTALMENT_SALE: Final = Kind(
    "instalment_sale", "sale by instalments", "not sold", keeps=True, details=("instalments",)
)
POINTS_SALE: Final = Kind(
    "points_sale", "sale paid in points", "not sold", counted=False, keeps=True, details=("points",)
)
POINTS_BALANCE: Final = Kind("points_balance", "points balance inquiry", "not inquired", moves_money=False)
RECURRING_SALE: Final = Kind("recurring_sale", "recurring sale", "not sold", keeps=True)
MOTO_SALE: Final = Kind(
    "moto_sale", "mail or telephone order", "not sold", pin=False, chip_data=False, keeps=True, entry="manual"
)
RESERVATION_SALE: Final = Kind(
    "reservation_sale",
    "reservation sale",
    "not sold",
    pin=False,
    chip_data=False,
    keeps=True,
    details=("reservation",),
    cardless=True,
    entry="reservation",
)
QR_SALE: Final = Kind(
    "qr_sale",
    "QR code sale",
    "not sold",
    pin=False,
    chip_data=False,
    keeps=True,
    details=("qr_code",),
    cardless=True,
    entry="qr",
)
SALES: Final = (SALE, INSTALMENT_SALE, POINTS_SALE, RECURRING_SALE, MOTO_SALE, RESERVATION_SALE, QR_SALE)
"""Kinds by which a cardholder pays on line."""

MOTO_PRE_AUTH: Final = replace(
    PRE_AUTH,
    service="moto_pre_auth",
    noun="order's pre-authorisation",
    free=False,
    pin=False,
    chip_data=False,
    entry="manual",
)
CARDHOLDER_VERIFICATION: Final = Kind(
    "cardholder_verification",
    "cardholder verification",
    "not verified",
    moves_money=False,
    pin=False,
    chip_data=False,
    details=("holder",),
    entry="manual",
)
ACCOUNT_LOAD: Final = Kind("account_load", "load from the card's account", "not loaded", counted=False, keeps=True)
CASH_LOAD: Final = Kind("cash_load", "load with cash", "not loaded", counted=False, pin=False, keeps=True)
OTHER_ACCOUNT_LOAD: Final = Kind(
    "other_account_load",
    "load from another account",
    "not loaded",
    counted=False,
    chip_data=False,
    keeps=True,
    details=("icc", "card_sequence", "loaded_pan", "loaded_entry"),
)
CASH_LOAD_VOID: Final = replace(
    void_kind("cash_load_void", "void of a load with cash", "cash_load"), counted=False, chip_data=True, entry="chip"
)
LOADS: Final = (ACCOUNT_LOAD, CASH_LOAD, OTHER_ACCOUNT_LOAD)
SCRIPT_RESULT: Final = Kind(
    "script_result",
    "script result",
    "not sent",
    moves_money=False,
    pin=False,
    chip_data=False,
    details=("icc", "processing_code"),
    verb="report",
    of=tuple(kind.service for kind in (*SALES, *LOADS)),
    repeats=("rrn", "auth_id"),
)
FURTHER: Final = (
    *LOADS,
    CASH_LOAD_VOID,
    SCRIPT_RESULT,
    *SALES[1:],
    POINTS_BALANCE,
    void_kind("instalment_void", "void of a sale by instalments", "instalment_sale"),
    replace(void_kind("points_void", "void of a sale paid in points", "points_sale"), counted=False),
    replace(refund_kind("points_refund", "refund of a sale paid in points", "points_sale"), counted=False),
    void_kind("recurring_void", "void of a recurring sale", "recurring_sale"),
    void_kind("moto_void", "void of an order", "moto_sale"),
    refund_kind("moto_refund", "refund of an order", "moto_sale", "moto_completion", "moto_completion_advice"),
    MOTO_PRE_AUTH,
    order_kind(PRE_AUTH_VOID, "void of an order's pre-authorisation"),
    order_kind(COMPLETION, "completion of an order"),
    order_kind(COMPLETION_ADVICE, "completion of an order by advice"),
    void_kind("moto_completion_void", "void of an order's completion", "moto_completion"),
    CARDHOLDER_VERIFICATION,
    replace(
        void_kind("reservation_void", "void of a reservation sale", "reservation_sale"),
        entry="reservation",
        cardless=True,
    ),
    replace(void_kind("qr_void", "void of a QR code sale", "qr_sale"), entry="qr", cardless=True),
    replace(refund_kind("qr_refund", "refund of a QR code sale", "qr_sale"), entry="qr", cardless=True),
)

KINDS: Final[Mapping[str, Kind]] = {
    kind.service: kind
    for kind in (
        SALE,
        VOID,
        REFUND,
        BALANCE,
        PRE_AUTH,
        PRE_AUTH_TOP_UP,
        PRE_AUTH_VOID,
        COMPLETION,
        COMPLETION_ADVICE,
        COMPLETION_VOID,
        OFFLINE_SALE,
        SETTLEMENT_ADJUSTMENT,
        TIP_ADJUSTMENT,
        ECASH_SALE,
        ECASH_REFUND,
        *FURTHER,
    )
}
"""By service."""


SALE_KINDS: Final[Mapping[str, Kind]] = {kind.service.removesuffix("_sale"): kind for kind in SALES}
"""By the word that people use: instalment, points …; "sale" for the plain one."""

FOLLOWED: Final = tuple(
    sorted(
        {
            word.replace("_", "-")
            for kind in KINDS.values()
            for service in kind.of
            for word in (service, service.removesuffix("_sale"))
        }
    )
)
"""Words for what others can follow: "pre-auth", "points", "points-sale" …"""


def followers(verb: Verb) -> Iterator[Kind]:
    """Yield the kinds that do this to a transaction."""
    return (kind for kind in KINDS.values() if kind.verb == verb)


def follower(verb: Verb, service: str, *, advice: bool = False) -> Kind | None:
    """Return the kind that does this to transactions of a service; `advice`: as an advice, where there are both.

    >>> follower("void", "pre_auth").service, follower("complete", "pre_auth", advice=True).service
    ('pre_auth_void', 'completion_advice')
    """
    found = [kind for kind in followers(verb) if service in kind.of]
    return next((kind for kind in found if kind.service.endswith("_advice") == advice), None)


def course_of(kind: Kind, route: Route) -> Course:
    """Return what follows when a message of this kind and route gets no answer.

    A request that moves money is reversed. An advice (ISO 8583, third digit of the MTI: 2) tells of what has happened:
    it is sent again until it is answered; so is what the chip has approved without the host.
    """
    if not kind.moves_money:
        return "nothing"
    return "repeat" if kind.offline or route.mti[2] == "2" else "reverse"


def noun_of(service: str) -> str:
    """Return what a service's transaction is called in a sentence.

    >>> noun_of("balance"), noun_of("magnetic_load")
    ('balance inquiry', 'magnetic load')
    """
    found = KINDS.get(service)
    return found.noun if found is not None else service.replace("_", " ")
