"""A request as decisions read it: its route, its terminal, its numbers."""

from __future__ import annotations

from acquirer.dialect.dialect import Route
from acquirer.host.calendar import Stamp
from acquirer.host.core import Host
from acquirer.model.effects import Arrival
from acquirer.model.rows import TerminalConfig, TransactionKey
from acquirer.wire.message import Message


class Request:
    """One decoded request. Not frozen: one is made per exchange."""

    __slots__ = (
        "amount_minor",
        "arrival",
        "batch",
        "downloads",
        "generation",
        "held",
        "key",
        "message",
        "mid",
        "operator",
        "pan",
        "route",
        "rules",
        "service",
        "stamp",
        "stan",
        "terminal",
        "tid",
    )

    def __init__(self, host: Host, arrival: Arrival, message: Message) -> None:
        read, fields = host.read, message.fields
        self.arrival = arrival
        self.message = message
        self.stamp: Stamp = host.calendar.stamp(arrival.at_us)
        self.route: Route | None = host.dialect.route(message)
        self.service = "" if self.route is None else self.route.service
        self.tid = read.tid(fields)
        self.mid = read.mid(fields)
        self.stan = read.stan(fields)
        self.batch = read.batch(fields)
        amount = read.amount(fields)
        self.amount_minor = int(amount) if amount.isdecimal() else None
        self.rules = host.rules.active  # those that it is under, from its first step to its last
        self.generation = host.rules.generation.number
        self.held = False  # by a rule, once
        self.pan = ""  # of the presented card, once it has been read
        self.operator = ""  # whom the message names; where the terminal lists operators, else the one who had signed on
        self.key: TransactionKey | None = None  # of the transaction that the request is about
        self.terminal: TerminalConfig | None = None  # once it is loaded; None: it is not known
        self.downloads: tuple[str, ...] = ()  # that its terminal is asked for, once it is loaded

    @property
    def repeat(self) -> bool:
        """Whether the MTI itself says that this is a repeat: 0201, 0401 (ISO 8583:1987, fourth digit)."""
        return self.message.mti[3] in "13579"


def no_key(_host: Host, _request: Request) -> TransactionKey | None:
    """Return None: the request is about no transaction."""
    return None


def own_key(host: Host, request: Request) -> TransactionKey | None:
    """Return the key of a request that is a transaction, or that repeats the numbers of one."""
    return TransactionKey(request.mid, request.tid, host.read.within(request.message.fields), request.stan)


def reversed_key(host: Host, request: Request) -> TransactionKey | None:
    """Return the key of the transaction that a reversal undoes, by the elements that `[numbering]` names."""
    read, fields = host.read, request.message.fields
    return TransactionKey(request.mid, request.tid, read.named_within(fields), read.named_stan(fields))


def original_key(host: Host, request: Request) -> TransactionKey:
    """Return the key of this terminal's transaction that a void names in its original data elements."""
    read, fields = host.read, request.message.fields
    return TransactionKey(request.mid, request.tid, read.original_within(fields), read.original_stan(fields))
