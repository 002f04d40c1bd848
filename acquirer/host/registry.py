"""The table of services: which function decides about which kind of request.

A service registers itself by its name, the `service` of a dialect's routes::

    @service("balance", key=own_key)
    def balance(case: Case) -> Deciding: ...

`acquirer.host.services` imports every module of its package, so a new service is one new file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from acquirer.host.case import Case, Deciding
from acquirer.host.core import Host
from acquirer.host.decision import Decision
from acquirer.host.request import Request, no_key
from acquirer.model.rows import Card, Transaction, TransactionKey

Decide = Callable[[Case], Decision | Deciding]
KeyOf = Callable[[Host, Request], TransactionKey | None]


class Undone(NamedTuple):
    """What undoing a transaction changes beside its own row: the original it is tied to, the card's row."""

    original: Transaction | None = None
    card: Card | None = None


UndoFunction = Callable[[Transaction, Transaction | None, Card | None], Undone]
"""Takes a transaction that is reversed, its original and the card's row; returns them as they are afterwards."""


class Service(NamedTuple):
    """What a host does about one kind of request."""

    decide: Decide
    key: KeyOf  # of the transaction that is loaded with the terminal
    undo: UndoFunction | None  # of a transaction that may be reversed


SERVICES: Final[dict[str, Service]] = {}
"""By name; complete once `acquirer.host.services` is imported."""


def service(name: str, key: KeyOf = no_key, undo: UndoFunction | None = None) -> Callable[[Decide], Decide]:
    """Register the function that decides about requests of this service."""

    def register(decide: Decide) -> Decide:
        SERVICES[name] = Service(decide, key, undo)
        return decide

    return register
