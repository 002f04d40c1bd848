"""What a terminal's transactions are: one row for each kind, from which their shared course (`transaction`) reads.

A kind has the name of the service that its route asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from acquirer.dialect.dialect import Route

Course = Literal["reverse", "repeat", "nothing"]
"""What follows when a transaction gets no answer that can be believed."""


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
    names_sale: bool = False  # it is tied to an approved sale
    repeats: tuple[str, ...] = ()  # elements of that sale which the request carries if they are known
    references: tuple[str, ...] = ()  # facts of that sale which the slip shows: attributes of `state.Original`


SALE: Final = Kind("sale", "sale", "not sold")

VOID: Final = Kind(
    "void",
    "void",
    "not voided",
    takes_money=False,
    chip_data=False,
    names_sale=True,
    repeats=("rrn", "auth_id"),
    references=("stan",),
)

REFUND: Final = Kind(  # Q/CUP 009: a refund never carries a PIN
    "refund",
    "refund",
    "not refunded",
    takes_money=False,
    pin=False,
    chip_data=False,
    names_sale=True,
    repeats=("rrn",),
    references=("rrn", "date"),
)

BALANCE: Final = Kind("balance", "balance inquiry", "not inquired", moves_money=False)

KINDS: Final[Mapping[str, Kind]] = {kind.service: kind for kind in (SALE, VOID, REFUND, BALANCE)}
"""By service."""


def course_of(kind: Kind, route: Route) -> Course:
    """Return what follows when a message of this kind and route gets no answer.

    A request that moves money is reversed. An advice (ISO 8583, third digit of the MTI: 2) tells of what has happened:
    it is sent again until it is answered.
    """
    if not kind.moves_money:
        return "nothing"
    return "repeat" if route.mti[2] == "2" else "reverse"


def noun_of(service: str) -> str:
    """Return what a service's transaction is called in a sentence.

    >>> noun_of("balance"), noun_of("pre_auth")
    ('balance inquiry', 'pre auth')
    """
    found = KINDS.get(service)
    return found.noun if found is not None else service.replace("_", " ")
