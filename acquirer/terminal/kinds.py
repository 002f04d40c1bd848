"""What a terminal's transactions are: one row for each kind, from which their shared course (`transaction`) reads.

A kind has the name of the service that its route asks for. One that is tied to an earlier transaction is chosen by what
it does to it (`verb`) and by the kind of that one: `follower`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from acquirer.dialect.dialect import Route
from acquirer.settlement.totals import Side

Course = Literal["reverse", "repeat", "nothing"]
"""What follows when a transaction gets no answer that can be believed."""

NamedBy = Literal["numbers", "reference", "authorisation"]
"""How a transaction that another one is tied to is named where it is not kept: batch and STAN; reference number, date
and card; authorisation code, date and card."""

Verb = Literal["void", "refund", "complete", "top up", "adjust", "tip", "report"]
"""What a transaction does to another one."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of transaction."""

    service: str
    noun: str  # in sentences
    not_done: str  # how a sentence begins when it is not made
    moves_money: bool = True  # its request has an amount, an approval gets a slip, no answer has consequences
    takes_money: bool = True  # from the cardholder; otherwise the slip's amount has a minus
    pin: bool = True  # a PIN may be sent
    chip_data: bool = True  # a chip's cryptogram is sent; otherwise the chip is read for its number only
    offline: bool = False  # the chip has approved it without the host: its certificate is sent, and no track
    counted: bool = True  # an approval that moves money is in the totals of its batch
    keeps: bool = False  # an approval is kept, so that others can name it
    details: tuple[str, ...] = ()  # elements of its request that its operation brings
    entry: str = ""  # the one way in which it is entered; "": any
    verb: Verb | None = None  # what it does to an approved transaction
    of: tuple[str, ...] = ()  # the kinds of those
    named_by: NamedBy = "numbers"
    repeats: tuple[str, ...] = ()  # elements of that transaction which the request carries if they are known
    references: tuple[str, ...] = ()  # facts of that transaction which the slip shows: attributes of `state.Original`

    @property
    def side(self) -> Side | None:
        """On which side of the totals of its batch it is counted; None: on neither."""
        if not (self.moves_money and self.counted):
            return None
        return "debit" if self.takes_money else "credit"

    @property
    def closes(self) -> bool:
        """Whether an approval closes what it is tied to: it cannot be named again unless this one is undone."""
        return self.verb in ("void", "complete", "adjust", "tip")


def _void(service: str, noun: str, *of: str) -> Kind:
    return Kind(
        service,
        noun,
        "not voided",
        takes_money=False,
        chip_data=False,
        verb="void",
        of=of,
        repeats=("rrn", "auth_id"),
        references=("stan",),
    )


def _refund(service: str, noun: str, *of: str) -> Kind:
    """Return a kind that gives back. It never carries a PIN (Q/CUP 009)."""
    return Kind(
        service,
        noun,
        "not refunded",
        takes_money=False,
        pin=False,
        chip_data=False,
        verb="refund",
        of=of,
        named_by="reference",
        repeats=("rrn",),
        references=("rrn", "date"),
    )


def _of_pre_auth(service: str, noun: str, not_done: str, verb: Verb, of: str, *, pin: bool = True) -> Kind:
    return Kind(
        service,
        noun,
        not_done,
        takes_money=verb != "void",
        pin=pin,
        chip_data=verb == "top up",
        counted=verb == "complete",
        keeps=verb == "complete",
        verb=verb,
        of=(of,),
        named_by="authorisation",
        repeats=("auth_id",),
        references=("auth_id",),
    )


def _adjustment(service: str, noun: str, verb: Verb) -> Kind:
    """Return a kind by which another amount stands in the place of a sale's."""
    return Kind(
        service,
        noun,
        "not adjusted",
        pin=False,
        chip_data=False,
        keeps=True,
        verb=verb,
        of=("sale", "offline_sale"),
        repeats=("rrn", "auth_id"),
        references=("stan",),
    )


def _of_order(kind: Kind, noun: str) -> Kind:
    """Return what a kind is for the pre-authorisation of an order by mail or telephone."""
    return replace(kind, service=f"moto_{kind.service}", noun=noun, of=("moto_pre_auth",))


SALE: Final = Kind("sale", "sale", "not sold", keeps=True)
VOID: Final = _void("void", "void", "sale")
REFUND: Final = _refund(
    "refund",
    "refund",
    "sale",
    "completion",
    "completion_advice",
    "offline_sale",
    "settlement_adjustment",
    "tip_adjustment",
    "recurring_sale",
    "reservation_sale",
    "instalment_sale",  # a host refuses it: 12
)
BALANCE: Final = Kind("balance", "balance inquiry", "not inquired", moves_money=False)

PRE_AUTH: Final = Kind("pre_auth", "pre-authorisation", "not authorised", counted=False, keeps=True)
PRE_AUTH_TOP_UP: Final = _of_pre_auth(
    "pre_auth_top_up", "top-up of a pre-authorisation", "not topped up", "top up", "pre_auth"
)
PRE_AUTH_VOID: Final = _of_pre_auth("pre_auth_void", "void of a pre-authorisation", "not voided", "void", "pre_auth")
COMPLETION: Final = _of_pre_auth(
    "completion", "completion of a pre-authorisation", "not completed", "complete", "pre_auth"
)
COMPLETION_ADVICE: Final = _of_pre_auth(  # as an advice: it never carries a PIN
    "completion_advice", "completion by advice", "not completed", "complete", "pre_auth", pin=False
)
COMPLETION_VOID: Final = _void("completion_void", "void of a completion", "completion")

OFFLINE_SALE: Final = Kind(
    "offline_sale",
    "offline sale",
    "not booked",
    pin=False,
    chip_data=False,
    keeps=True,
    details=("auth_mode", "auth_institution"),
)
SETTLEMENT_ADJUSTMENT: Final = _adjustment("settlement_adjustment", "settlement adjustment", "adjust")
TIP_ADJUSTMENT: Final = _adjustment("tip_adjustment", "tip", "tip")
ECASH_SALE: Final = Kind("ecash_sale", "electronic cash sale", "not paid", pin=False, offline=True, keeps=True)
ECASH_REFUND: Final = replace(
    _refund("ecash_refund", "electronic cash refund", "ecash_sale"), named_by="numbers", offline=True, chip_data=True
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
    entry="reservation",
)
QR_SALE: Final = Kind(
    "qr_sale", "QR code sale", "not sold", pin=False, chip_data=False, keeps=True, details=("qr_code",), entry="qr"
)
SALES: Final = (SALE, INSTALMENT_SALE, POINTS_SALE, RECURRING_SALE, MOTO_SALE, RESERVATION_SALE, QR_SALE)
"""Kinds by which a cardholder pays on line."""

MOTO_PRE_AUTH: Final = replace(
    PRE_AUTH, service="moto_pre_auth", noun="order's pre-authorisation", pin=False, chip_data=False, entry="manual"
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
SCRIPT_RESULT: Final = Kind(
    "script_result",
    "script result",
    "not sent",
    moves_money=False,
    pin=False,
    chip_data=False,
    details=("icc", "processing_code"),
    verb="report",
    of=tuple(kind.service for kind in SALES),
    repeats=("rrn", "auth_id"),
)
FURTHER: Final = (
    SCRIPT_RESULT,
    *SALES[1:],
    POINTS_BALANCE,
    _void("instalment_void", "void of a sale by instalments", "instalment_sale"),
    replace(_void("points_void", "void of a sale paid in points", "points_sale"), counted=False),
    replace(_refund("points_refund", "refund of a sale paid in points", "points_sale"), counted=False),
    _void("recurring_void", "void of a recurring sale", "recurring_sale"),
    _void("moto_void", "void of an order", "moto_sale"),
    _refund("moto_refund", "refund of an order", "moto_sale", "moto_completion", "moto_completion_advice"),
    MOTO_PRE_AUTH,
    _of_order(PRE_AUTH_VOID, "void of an order's pre-authorisation"),
    _of_order(COMPLETION, "completion of an order"),
    _of_order(COMPLETION_ADVICE, "completion of an order by advice"),
    _void("moto_completion_void", "void of an order's completion", "moto_completion"),
    CARDHOLDER_VERIFICATION,
    replace(_void("reservation_void", "void of a reservation sale", "reservation_sale"), entry="reservation"),
    replace(_void("qr_void", "void of a QR code sale", "qr_sale"), entry="qr"),
    replace(_refund("qr_refund", "refund of a QR code sale", "qr_sale"), entry="qr"),
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
