"""A ledger that knows the rules of the trade, and learns what happened from the exchanges alone.

It is written without the host's own tables: which kind is counted on which side, what a card pays, what the cardholder
signs and how one transaction names another are said here once more, as Q/CUP 009 has them. So a simulation, and the
tests of random days, hold the host to something that does not share its mistakes. What the rules do not allow is no
error: it stands in `disagreements`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from acquirer.dialect.dialect import Dialect
from acquirer.model.evidence import Evidence
from acquirer.settlement.totals import BatchTotals, read_settlement
from acquirer.simulation.trade_rules import (
    COMPLETION_PERCENT,
    FREE,
    FREE_MINOR,
    HOLDS,
    OF_HELD,
    PAYS,
    SIDES,
    TIED,
    UNSIGNED,
)
from acquirer.wire.message import Message


def code_for(exchange: Evidence, reason: str) -> str:
    """Return the response code that tells a reason in the answer to an exchange."""
    dialect, message = exchange.dialect, exchange.message
    return dialect.code_of(reason, None if message is None else dialect.route(message))


def is_approved(exchange: Evidence) -> bool:
    """Return whether an exchange was answered with what its message has for an approval."""
    return exchange.code == code_for(exchange, "approved")


class LedgerNumber(NamedTuple):
    """How a transaction is named: terminal, batch (or what else its STAN is unique within), STAN."""

    tid: str
    batch: str
    stan: str

    @classmethod
    def of(cls, exchange: Evidence) -> LedgerNumber:
        """Return the number of the transaction that an exchange is about: of a reversal, what it undoes."""
        if exchange.message is None:
            return cls(exchange.tid, exchange.batch, exchange.stan)
        return cls.of_request(exchange.dialect, exchange.service, exchange.message)

    @classmethod
    def of_request(cls, dialect: Dialect, service: str, message: Message) -> LedgerNumber:
        """Return the number of the transaction that a request is about, likewise."""
        numbering = dialect.numbering
        undoes = service == "reversal"
        within = numbering.original_within if undoes else numbering.within
        stan = numbering.original_stan if undoes else "stan"
        return cls(*[str(dialect.get(message, element) or "") for element in ("tid", within, stan)])

    def __str__(self) -> str:
        return f"{self.tid} batch {self.batch} STAN {self.stan}"


@dataclass
class LedgerEntry:
    """One transaction that was approved."""

    number: LedgerNumber
    kind: str
    amount_minor: int
    card: str  # masked
    rrn: str
    auth_id: str = ""
    state: str = "approved"
    refunded_minor: int = 0
    held_minor: int = 0  # of a pre-authorisation
    original: LedgerEntry | None = None
    free: bool = False
    signed: bool = False

    @property
    def stands(self) -> bool:
        """Whether it has its effect: what was voided has too, for its void is an entry of its own."""
        return self.state not in ("reversed", "adjusted")

    @property
    def paid_minor(self) -> int:
        """What its card pays."""
        if self.kind in HOLDS:
            return self.held_minor if self.state == "approved" else 0
        if self.kind not in PAYS or self.state not in ("approved", "refunded"):
            return 0
        return self.amount_minor - self.refunded_minor


@dataclass
class TradeLedger:
    """What has happened.

    Args:
        holds: batches with unsigned transactions stay open.
    """

    dialect: Dialect
    holds: bool = False
    entries: dict[LedgerNumber, LedgerEntry] = field(default_factory=dict)
    settled: set[tuple[str, str]] = field(default_factory=set)  # terminal and batch
    read: int = 0  # exchanges
    disagreements: list[str] = field(default_factory=list)  # sentences: what the rules do not allow
    operators: dict[str, set[str]] = field(default_factory=dict)  # by terminal, whose work was taken

    def go_on(self, journal: Sequence[Evidence]) -> None:
        """Read the exchanges that have come since."""
        for exchange in journal[self.read :]:
            self._enter(exchange)
        self.read = len(journal)

    def totals(self, tid: str, batch: str) -> BatchTotals:
        """Return what is counted in a batch."""
        totals = BatchTotals()
        for one in self.entries.values():
            side = SIDES[one.kind]
            if (one.number.tid, one.number.batch) == (tid, batch) and side is not None and one.stands:
                totals = totals.plus(one.card.startswith("4"), side, one.amount_minor)
        return totals

    def unsigned(self, tid: str, batch: str) -> list[LedgerEntry]:
        """Return what is to be signed yet."""
        return [
            one
            for one in self.entries.values()
            if (one.number.tid, one.number.batch) == (tid, batch)
            and one.kind not in UNSIGNED
            and one.state in ("approved", "refunded")
            and not (one.signed or one.free)
        ]

    def spent_minor(self, card: str) -> int:
        """Return what a card has paid and what is held on it."""
        return sum(one.paid_minor for one in self.entries.values() if one.card == card)

    def _enter(self, exchange: Evidence) -> None:
        number = LedgerNumber.of(exchange)
        if not is_approved(exchange):
            return
        if exchange.service == "settlement":
            self._settle(exchange)
        if exchange.service in SIDES:
            self.operators.setdefault(exchange.tid, set()).add(exchange.operator)
        if exchange.service == "reversal":
            self._reverse(self.entries.get(number))
        elif exchange.service.startswith("signature") and number in self.entries:
            self.entries[number].signed = True
        elif exchange.service in SIDES and number not in self.entries:
            self._book(exchange, number)

    def _book(self, exchange: Evidence, number: LedgerNumber) -> None:
        if (number.tid, number.batch) in self.settled:
            self._doubt(number, f"a {exchange.service} was booked in a batch that is closed")
        if exchange.replayed:
            self._doubt(number, f"a stored answer was given to a {exchange.service} that was never booked")
        one = LedgerEntry(
            number,
            exchange.service,
            exchange.amount_minor or 0,
            exchange.pan_masked,
            exchange.rrn,
            auth_id=str(self.dialect.get_from(exchange.reply or {}, "auth_id") or ""),
            free=exchange.service in FREE
            and self._read(exchange, "entry_mode").startswith("07")
            and (exchange.amount_minor or 0) <= FREE_MINOR,
        )
        if one.kind in HOLDS:
            one.held_minor = one.amount_minor
        if exchange.service.endswith(TIED):
            one.original = self._original(exchange, number)
            if one.original is None:
                self._doubt(number, f"a {one.kind} of what was never booked")
            else:
                self._follow(one, one.original)
        self.entries[number] = one

    def _original(self, exchange: Evidence, number: LedgerNumber) -> LedgerEntry | None:
        """Return the entry that a message names."""
        kind = exchange.service
        if kind.endswith("refund") and kind != "ecash_refund":
            rrn = self._read(exchange, "rrn")
            return next((one for one in self.entries.values() if one.rrn == rrn), None)
        if kind.endswith(OF_HELD):
            auth_id = self._read(exchange, "auth_id")
            held = [one for one in self.entries.values() if one.kind in HOLDS and one.card == exchange.pan_masked]
            return next((one for one in reversed(held) if one.auth_id == auth_id), None)
        within = self._read(exchange, f"original_{self.dialect.numbering.within}")
        return self.entries.get(LedgerNumber(number.tid, within, self._read(exchange, "original_stan")))

    def _settle(self, exchange: Evidence) -> None:
        """Check the answer to totals, and close the batch that is equal."""
        batch = exchange.tid, exchange.batch
        given = read_settlement(self._read(exchange, "settlement"))
        answer = read_settlement(str(self.dialect.get_from(exchange.reply or {}, "settlement") or ""))
        if batch in self.settled:
            return
        held = self.holds and bool(self.unsigned(*batch))
        equal = given.totals == self.totals(*batch)
        expected = ("3", "3") if held else ("1", "1") if equal else answer.results
        if answer.results != expected:
            self._doubt(
                LedgerNumber.of(exchange), f"a settlement was answered {answer.results}, by the rules it is {expected}"
            )
        if equal and not held:
            self.settled.add(batch)

    def _read(self, exchange: Evidence, element: str) -> str:
        return "" if exchange.message is None else str(self.dialect.get_from(exchange.message.fields, element) or "")

    def _reverse(self, one: LedgerEntry | None) -> None:
        """Undo what an entry did; a second reversal finds nothing to undo."""
        if one is None or one.state != "approved":
            return
        if (one.number.tid, one.number.batch) in self.settled:
            self._doubt(one.number, "it was reversed after its batch was closed: what was counted stays counted")
        one.state = "reversed"
        if (original := one.original) is None:
            return
        if one.kind.endswith("top_up"):
            original.held_minor -= one.amount_minor
        elif one.kind.endswith("refund"):
            original.refunded_minor -= one.amount_minor
            original.state = "refunded" if original.refunded_minor else "approved"
        else:
            original.state = "approved"
        if one.kind.endswith("completion_void") and original.original is not None:
            original.original.state = "completed"

    def _follow(self, one: LedgerEntry, original: LedgerEntry) -> None:
        """Do what one entry does to another, which the rules must allow."""
        state = original.state
        if one.kind.endswith("refund"):
            if state not in ("approved", "refunded"):
                self._doubt(one.number, f"a {one.kind} of what is {state}")
            original.state = "refunded"
            original.refunded_minor += one.amount_minor
            if original.refunded_minor > original.amount_minor:
                self._doubt(one.number, "more was given back than was paid")
            return
        if state != "approved":
            self._doubt(one.number, f"a {one.kind} of what is {state}")
        if one.kind.endswith("top_up"):
            original.held_minor += one.amount_minor
        elif one.kind.endswith("void"):
            if one.amount_minor != (original.held_minor or original.amount_minor):
                self._doubt(one.number, f"a {one.kind} of another amount than it voids")
            original.state = "voided"
            if one.kind.endswith("completion_void") and original.original is not None:
                original.original.state = "approved"
        elif one.kind.endswith("adjustment"):
            original.state = "adjusted"
        else:
            if one.amount_minor * 100 > original.held_minor * COMPLETION_PERCENT:
                self._doubt(one.number, "more was taken than was held")
            original.state = "completed"

    def _doubt(self, number: LedgerNumber, sentence: str) -> None:
        self.disagreements.append(f"{number}: {sentence}")
