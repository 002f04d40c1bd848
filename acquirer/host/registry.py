"""The table of services: which function decides about which kind of request.

A service registers itself by its name, the `service` of a dialect's routes::

    @service("balance", key=own_key)
    def balance(case: Case) -> Deciding: ...

`acquirer.host.services` imports every module of its package, so a new service is one new file.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Final, NamedTuple, TypeVar

from acquirer.dialect.plans import ElementValues
from acquirer.host.case import Case, Deciding
from acquirer.host.core import Host
from acquirer.host.decision import Decision
from acquirer.host.issuer.cards import CardTable
from acquirer.host.issuer.decisions import CardUse, Judgement
from acquirer.host.request import Request, no_key
from acquirer.model.rows import Card, Session, Transaction, TransactionKey

Decide = Callable[[Case], Decision | Deciding]
D = TypeVar("D", bound=Decide)
KeyOf = Callable[[Host, Request], TransactionKey | None]


class Undoing(NamedTuple):
    """A transaction that is reversed, and the rows that it may have changed."""

    transaction: Transaction
    original: Transaction | None = None  # the transaction that it is tied to
    card: Card | None = None
    authorisation: Transaction | None = None  # the pre-authorisation beneath an original that is a completion


class Undone(NamedTuple):
    """What undoing a transaction changes beside its own row: the other rows, as they are afterwards."""

    original: Transaction | None = None
    card: Card | None = None
    authorisation: Transaction | None = None


UndoFunction = Callable[[Undoing], Undone | None]
"""None: what the transaction did cannot be undone any more, because more has happened since."""


StraightDecision = tuple[Session | None, str, tuple[str, ...], ElementValues]
"""An approval that books nothing: the session as it will be (None: unchanged), why, notes, and elements of the reply
beside those that every reply has."""

StraightSteps = Generator[None, None, StraightDecision]
"""Steps of a decision: between two of them others get as far (`host.short_way`)."""


class Straight(NamedTuple):
    """How a service decides about an ordinary request whose values were read already (`host.short_way`)."""

    decide: Callable[..., StraightSteps]
    """Takes host, terminal, session, stamp, time in µs, STAN, then the values of `elements`. Raises Unusual or Decided
    where the service itself shall decide."""
    elements: tuple[str, ...] = ()  # names of `ElementReaders`
    gives: tuple[str, ...] = ()  # elements of the reply
    needs: str = ""  # an element that the route's replies must have, or the service decides


JudgeCard = Callable[[CardTable, CardUse, Card | None], Judgement]
"""The issuer's word on a transaction: takes the table of cards, what is asked, and the card's row, if there is one."""


class Service(NamedTuple):
    """What a host does about one kind of request."""

    decide: Decide
    key: KeyOf  # of the transaction that is loaded with the terminal
    undo: UndoFunction | None  # of a transaction that may be reversed
    straight: Straight | None = None  # None: it has no such way
    judge: JudgeCard | None = None
    """Decides about a usual transaction, whose course is that of `sale`: begun, sound, judged by its issuer, booked."""


SERVICES: Final[dict[str, Service]] = {}
"""By name; complete once `acquirer.host.services` is imported."""


def service(
    *names: str,
    key: KeyOf = no_key,
    undo: UndoFunction | None = None,
    straight: Straight | None = None,
    judge: JudgeCard | None = None,
) -> Callable[[D], D]:
    """Register the function that decides about requests of these services: several where they are one business."""

    def register(decide: D) -> D:
        SERVICES.update(dict.fromkeys(names, Service(decide, key, undo, straight, judge)))
        return decide

    return register
