"""What happened in a simulation, as it was seen from outside: the only thing that checkers know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from acquirer.dialect.compiled import CompiledDialect
from acquirer.model.batches import Settlement, UploadedDetail
from acquirer.model.effects import Changes
from acquirer.model.rows import Card, Session, Signature, Transaction
from acquirer.security.working import WorkingKeys
from acquirer.terminal.state import State


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request that left a terminal."""

    at_us: int
    tid: str
    operation: int  # number of the operation that it belongs to; 0: of the end of the day
    frame: bytes
    keys: WorkingKeys | None  # those that the terminal had then


@dataclass(frozen=True, slots=True)
class ArrivedRequest:
    """A request that reached the host: the one of this index among those that were sent."""

    at_us: int
    request: int
    process: int  # of the host, from 1: which of its lives it was


class RowVersion(NamedTuple):
    """Which version of a row a decision was made on, and which one was there when it was written over; 0: none."""

    name: str
    decided: int
    found: int


@dataclass(frozen=True, slots=True)
class DurableCommit:
    """What one exchange changed, once it was on disk; whether any process knows is another matter."""

    at_us: int
    arrival: int  # index of its request among those that arrived
    changes: Changes
    card_before: Card | None  # as it was on disk
    versions: tuple[RowVersion, ...]


@dataclass(frozen=True, slots=True)
class SentReply:
    """A reply that the host put on a connection."""

    at_us: int
    arrival: int
    frame: bytes
    whole: bool  # else bytes that a fault made of it


@dataclass(frozen=True, slots=True)
class ReceivedReply:
    """A frame that a terminal took from its connection while it waited for the answer to a request."""

    at_us: int
    request: int
    frame: bytes


@dataclass(frozen=True, slots=True)
class EndedExchange:
    """What a terminal made of one request."""

    at_us: int
    tid: str
    operation: int
    service: str
    stan: str
    outcome: str
    code: str


class DrawnSignature(NamedTuple):
    """A signature that a terminal took: of which transaction, and the image that it uploads."""

    tid: str
    batch: str
    stan: str
    image: bytes


@dataclass(slots=True)
class HostBooks:
    """Everything that the host's store holds in the end."""

    transactions: list[Transaction]
    cards: dict[str, Card]  # by token
    sessions: dict[str, Session]
    signatures: list[tuple[Signature, bytes]]  # with its image
    settlements: list[Settlement]
    details: list[UploadedDetail]
    exchanges: int  # in its journal


@dataclass(slots=True)
class History:
    """What happened, in order of time."""

    compiled: CompiledDialect
    tokens: Mapping[str, str]  # name of a test card → token
    listed: frozenset[str]  # terminals that list their operators
    unsigned: str  # what a settlement does about transactions without a signature
    sent: list[SentRequest] = field(default_factory=list)
    arrived: list[ArrivedRequest] = field(default_factory=list)
    committed: list[DurableCommit] = field(default_factory=list)
    replied: list[SentReply] = field(default_factory=list)
    received: list[ReceivedReply] = field(default_factory=list)
    ended: list[EndedExchange] = field(default_factory=list)
    signatures: set[DrawnSignature] = field(default_factory=set)
    paper: set[tuple[str, str, str]] = field(default_factory=set)  # slips printed to be signed on paper
    kept: dict[str, list[State]] = field(default_factory=dict)  # by terminal: each state that was made durable
    batches: dict[tuple[str, str], State] = field(default_factory=dict)  # the last one within each batch
    counts: dict[str, int] = field(default_factory=dict)  # faults that acted, by kind
    books: HostBooks | None = None  # once everything is quiet
    unsettled: list[str] = field(default_factory=list)  # what terminals could not bring to an end, in sentences
    began_us: int = 0
    ended_us: int = 0
    digest: str = ""  # of every byte that was sent, and when

    def count(self, kind: str) -> None:
        """Note that a fault acted."""
        self.counts[kind] = self.counts.get(kind, 0) + 1

    def arrival_request(self, arrival: int) -> SentRequest:
        """Return the request of an arrival."""
        return self.sent[self.arrived[arrival].request]

    def sound_replies(self) -> list[SentReply]:
        """Return the replies that no fault has damaged on purpose."""
        damaged = {one.arrival for one in self.committed if one.changes.evidence.fault}
        return [one for one in self.replied if one.whole and one.arrival not in damaged]

    def rows_of_books(self) -> dict[tuple[str, ...], Transaction]:
        """Return the host's transactions by terminal, batch and STAN."""
        return {} if self.books is None else {row.key[1:]: row for row in self.books.transactions}

    def make_digest(self) -> str:
        """Return a digest of all bytes that were on the line, with their times."""
        found = sha256()
        for name in ("sent", "arrived", "replied", "received"):
            for one in getattr(self, name):
                frame = getattr(one, "frame", b"")
                place = getattr(one, "request", getattr(one, "arrival", 0))
                found.update(f"{name} {one.at_us} {place} {len(frame)}\n".encode() + frame)
        return found.hexdigest()
