"""A small ledger of a day: it knows the rules of the trade, and learns what happened from the exchanges alone.

It is written without the host's own tables: which kind is counted on which side, what a card pays, what the cardholder
signs and how one transaction names another are said here once more, as Q/CUP 009 has them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from acquirer.dialect.dialect import Dialect
from acquirer.model.evidence import Evidence
from acquirer.settlement.totals import BatchTotals, Side, read_settlement

SIDES: Final[dict[str, Side | None]] = {
    "sale": "debit",
    "void": "credit",
    "refund": "credit",
    "balance": None,
    "pre_auth": None,
    "pre_auth_top_up": None,
    "pre_auth_void": None,
    "completion": "debit",
    "completion_advice": "debit",
    "completion_void": "credit",
    "offline_sale": "debit",
    "settlement_adjustment": "debit",
    "tip_adjustment": "debit",
    "ecash_sale": "debit",
    "ecash_refund": "credit",
    "instalment_sale": "debit",
    "instalment_void": "credit",
    "points_balance": None,
    "points_sale": None,
    "points_void": None,
    "points_refund": None,
    "moto_sale": "debit",
    "moto_void": "credit",
    "moto_refund": "credit",
    "moto_pre_auth": None,
    "moto_pre_auth_void": None,
    "moto_completion": "debit",
    "moto_completion_advice": "debit",
    "moto_completion_void": "credit",
    "cardholder_verification": None,
    "reservation_sale": "debit",
    "reservation_void": "credit",
    "recurring_sale": "debit",
    "recurring_void": "credit",
    "qr_sale": "debit",
    "qr_void": "credit",
    "qr_refund": "credit",
    "account_load": None,
    "cash_load": None,
    "other_account_load": None,
    "cash_load_void": None,
    "script_result": None,
}
"""On which side of the totals each kind is counted: a kind that is not here has no place in the ledger."""

PAYS: Final = (
    "sale",
    "instalment_sale",
    "points_sale",
    "moto_sale",
    "recurring_sale",
    "offline_sale",
    "settlement_adjustment",
    "tip_adjustment",
    "completion",
    "completion_advice",
    "moto_completion",
    "moto_completion_advice",
    "account_load",
    "other_account_load",
)
"""What an account pays, as far as it stands."""

HOLDS: Final = ("pre_auth", "moto_pre_auth")

UNSIGNED: Final = (
    "balance",
    "settlement_adjustment",
    "tip_adjustment",
    "ecash_sale",
    "ecash_refund",
    "points_balance",
    "cardholder_verification",
    "qr_sale",
    "qr_void",
    "qr_refund",
    "account_load",
    "cash_load",
    "other_account_load",
    "cash_load_void",
    "script_result",
)
"""What no cardholder signs."""

FREE: Final = ("sale", "pre_auth")
FREE_MINOR: Final = 100_000
"""Without contact, up to so much, these need no signature (小额免密免签)."""

COMPLETION_PERCENT: Final = 115


class Number(NamedTuple):
    """How a transaction is named: terminal, batch, STAN."""

    tid: str
    batch: str
    stan: str


@dataclass
class Entry:
    """One transaction that was approved."""

    number: Number
    kind: str
    amount_minor: int
    card: str  # masked
    rrn: str
    auth_id: str = ""
    state: str = "approved"
    refunded_minor: int = 0
    held_minor: int = 0  # of a pre-authorisation
    original: Entry | None = None
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
class Ledger:
    """What has happened.

    Args:
        holds: batches with unsigned transactions stay open.
    """

    dialect: Dialect
    holds: bool = False
    entries: dict[Number, Entry] = field(default_factory=dict)
    settled: set[tuple[str, str]] = field(default_factory=set)  # terminal and batch
    read: int = 0  # exchanges
    operators: dict[str, set[str]] = field(default_factory=dict)  # by terminal, whose work was taken

    def go_on(self, journal: list[Evidence]) -> None:
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

    def unsigned(self, tid: str, batch: str) -> list[Entry]:
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
        number = Number(exchange.tid, exchange.batch, exchange.stan)
        if exchange.code != "00":
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

    def _book(self, exchange: Evidence, number: Number) -> None:
        assert (number.tid, number.batch) not in self.settled, "a closed batch takes nothing more"
        assert not exchange.replayed
        one = Entry(
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
        one.original = original = self._original(exchange, number)
        if original is not None:
            _follow(one, original)
        self.entries[number] = one

    def _original(self, exchange: Evidence, number: Number) -> Entry | None:
        """Return the entry that a message names."""
        kind = exchange.service
        if kind in ("refund", "points_refund", "moto_refund", "qr_refund"):
            rrn = self._read(exchange, "rrn")
            return next(one for one in self.entries.values() if one.rrn == rrn)
        if kind.removeprefix("moto_") in ("pre_auth_top_up", "pre_auth_void", "completion", "completion_advice"):
            auth_id = self._read(exchange, "auth_id")
            held = [one for one in self.entries.values() if one.kind in HOLDS and one.card == exchange.pan_masked]
            return [one for one in held if one.auth_id == auth_id][-1]
        if kind.endswith(("void", "adjustment", "ecash_refund")):
            named = Number(number.tid, self._read(exchange, "original_batch"), self._read(exchange, "original_stan"))
            return self.entries[named]
        return None

    def _settle(self, exchange: Evidence) -> None:
        """Check the answer to totals, and close the batch that is equal."""
        batch = exchange.tid, exchange.batch
        given = read_settlement(self._read(exchange, "settlement"))
        answer = read_settlement(str(self.dialect.get_from(exchange.reply or {}, "settlement") or ""))
        if batch in self.settled:
            return
        held = self.holds and bool(self.unsigned(*batch))
        equal = given.totals == self.totals(*batch)
        assert answer.results == (("3", "3") if held else ("1", "1") if equal else answer.results)
        if equal and not held:
            self.settled.add(batch)

    def _read(self, exchange: Evidence, element: str) -> str:
        assert exchange.message is not None
        return str(self.dialect.get_from(exchange.message.fields, element) or "")

    def _reverse(self, one: Entry | None) -> None:
        """Undo what an entry did; a second reversal finds nothing to undo."""
        if one is None or one.state != "approved":
            return
        assert (one.number.tid, one.number.batch) not in self.settled, "what was counted stays counted"
        one.state = "reversed"
        if (original := one.original) is None:
            return
        if one.kind.endswith("top_up"):
            original.held_minor -= one.amount_minor
        else:
            original.state = "approved"
        if one.kind.endswith("completion_void") and original.original is not None:
            original.original.state = "completed"


def _follow(one: Entry, original: Entry) -> None:
    """Do what one entry does to another, which the rules must allow."""
    state = original.state
    if one.kind.endswith("refund"):
        assert state in ("approved", "refunded")
        original.state = "refunded"
        original.refunded_minor += one.amount_minor
        assert original.refunded_minor <= original.amount_minor, "more was given back than was paid"
        return
    assert state == "approved", f"a {one.kind} of what is {state}"
    if one.kind.endswith("top_up"):
        original.held_minor += one.amount_minor
    elif one.kind.endswith("void"):
        assert one.amount_minor == (original.held_minor or original.amount_minor)
        original.state = "voided"
        if one.kind.endswith("completion_void") and original.original is not None:
            original.original.state = "approved"
    elif one.kind.endswith("adjustment"):
        original.state = "adjusted"
    else:
        assert one.amount_minor * 100 <= original.held_minor * COMPLETION_PERCENT, "more was taken than was held"
        original.state = "completed"
