"""What a kind of a terminal's transactions is, and the families of kinds that are alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from acquirer.settlement.totals import Side

Course = Literal["reverse", "repeat", "nothing"]
"""What follows when a transaction gets no answer that can be believed."""

NamedBy = Literal["numbers", "reference", "authorisation"]
"""How a transaction that another one is tied to is named where it is not kept: batch and STAN; reference number, date
and card; authorisation code, date and card."""

Verb = Literal["void", "refund", "complete", "top up", "adjust", "tip", "report"]
"""What a transaction does to another one."""


OfflineUpload = Literal["at-once", "after-next", "before-settlement"]
"""When what is made without the host goes up: at once, after the next transaction with it, or before the settlement."""


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
    queues: bool = False  # made without the host: it may wait for its upload
    free: bool = False  # up to an amount, read without contact, it needs neither PIN nor signature (小额免密免签)
    counted: bool = True  # an approval that moves money is in the totals of its batch
    keeps: bool = False  # an approval is kept, so that others can name it
    details: tuple[str, ...] = ()  # elements of its request that its operation brings
    cardless: bool = False  # no card is read
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


def void_kind(service: str, noun: str, *of: str) -> Kind:
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


def refund_kind(service: str, noun: str, *of: str) -> Kind:
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


def pre_auth_kind(service: str, noun: str, not_done: str, verb: Verb, of: str, *, pin: bool = True) -> Kind:
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


def adjustment_kind(service: str, noun: str, verb: Verb) -> Kind:
    """Return a kind by which another amount stands in the place of a sale's."""
    return Kind(
        service,
        noun,
        "not adjusted",
        pin=False,
        chip_data=False,
        queues=True,
        keeps=True,
        verb=verb,
        of=("sale", "offline_sale"),
        repeats=("rrn", "auth_id"),
        references=("stan",),
    )


def order_kind(kind: Kind, noun: str) -> Kind:
    """Return what a kind is for the pre-authorisation of an order by mail or telephone."""
    return replace(kind, service=f"moto_{kind.service}", noun=noun, of=("moto_pre_auth",))
