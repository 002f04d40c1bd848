"""A request as decisions read it: its route, who speaks, which transaction it is about."""

from __future__ import annotations

from typing import Final

from acquirer.dialect.dialect import Route
from acquirer.host.calendar import Stamp
from acquirer.host.core import Host
from acquirer.model.effects import Arrival
from acquirer.model.rows import TransactionKey
from acquirer.wire.message import Message

TRANSACTIONS: Final = frozenset({"sale", "reversal"})
"""Services that are about a transaction, so that its row is loaded with the terminal."""

UPLOADS: Final = frozenset({"signature", "signature_part"})
"""Services that bring the signature of a transaction, so that its signatures are loaded as well."""


class Request:
    """One decoded request. Not frozen: made per exchange."""

    __slots__ = (
        "alone",
        "amount_minor",
        "arrival",
        "batch",
        "card",
        "key",
        "message",
        "mid",
        "route",
        "service",
        "stamp",
        "stan",
        "tid",
        "upload",
    )

    def __init__(self, host: Host, arrival: Arrival, message: Message) -> None:
        read, came = host.read, message.fields
        self.arrival = arrival
        self.message = message
        self.stamp: Stamp = host.calendar.stamp(arrival.at_us)
        self.route: Route | None = host.dialect.route(message)
        self.service = "" if self.route is None else self.route.service
        self.tid = read.tid(came)
        self.mid = read.mid(came)
        self.stan = read.stan(came)
        self.batch = read.batch(came)
        self.key: TransactionKey | None = None
        self.card = ""  # token of a card in the clear whose row is worth loading at once
        self.alone = False  # and whether it changes with every sale
        self.amount_minor: int | None = None
        self.upload = False
        if self.service in TRANSACTIONS:
            if self.service == "reversal":
                self.key = TransactionKey(self.mid, self.tid, read.named_within(came), read.named_stan(came))
            else:
                self.key = TransactionKey(self.mid, self.tid, read.within(came), self.stan)
            amount = read.amount(came)
            self.amount_minor = int(amount) if amount.isdecimal() else None
            pan = read.pan(came)
            if self.service == "sale" and (entry := host.issuer.cards.get(pan)) is not None:
                self.card = host.vault.token(pan)
                self.alone = entry.metered
        elif self.service in UPLOADS:
            self.key = TransactionKey(self.mid, self.tid, read.within(came), self.stan)
            amount = read.amount(came)
            self.amount_minor = int(amount) if amount.isdecimal() else None
            self.upload = True

    @property
    def repeat(self) -> bool:
        """Whether the MTI itself says that this is a repeat: 0201, 0401 (ISO 8583:1987, fourth digit)."""
        return self.message.mti[3] in "13579"
