"""What expectations look at: an operation, what a terminal owes, a transaction of the books (`Subject`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from acquirer.journal.mask import showers
from acquirer.journey.operation import POWER_CUT
from acquirer.matcher.keys import field_place
from acquirer.model.rows import Transaction
from acquirer.terminal.exchange import Exchange, Result
from acquirer.terminal.state import State

NOT_BOOKED: Final = "none"
"""The state of what is not in the books."""


@dataclass(frozen=True, slots=True)
class OperationSubject:
    """One operation as it ended.

    Args:
        result: what the terminal says of it; None: the power failed, or it could not be done.
        exchange: the one it was about; None: nothing was sent.
        exchanges: all, in order.
        problem: why it could not be done.
    """

    result: Result | None
    exchange: Exchange | None = None
    exchanges: tuple[Exchange, ...] = ()
    problem: str = ""

    def value(self, key: str) -> str | int:
        """Return the value of a key; "" where there is none."""
        if (place := field_place(key)) is not None:
            return self._field(*place)
        found: str | int | None = _OF_OPERATION[key](self) if key in _OF_OPERATION else ""
        return "" if found is None else found

    @property
    def outcome(self) -> str:
        """How it ended."""
        if self.result is not None:
            return str(self.result.outcome)
        return "refused" if self.problem else POWER_CUT

    def _field(self, de: int, part: int) -> str:
        exchange = self.exchange
        if exchange is None or exchange.reply is None:
            return ""
        if de not in exchange.reply.fields:
            return ""
        value = showers(exchange.dialect, exchange.reply.mti)[de](exchange.reply.fields[de])
        if not part:
            return value
        layout = exchange.dialect.layout(exchange.reply, de)
        parts = layout.parts if layout is not None else ()
        if part > len(parts) or parts[part - 1].sensitivity:
            return ""
        return value[parts[part - 1].start : parts[part - 1].stop]


def _reply_text(subject: OperationSubject, element: str) -> str:
    exchange = subject.exchange
    return exchange.dialect.text(exchange.reply, element) if exchange is not None and exchange.reply else ""


_OF_OPERATION: Final[Mapping[str, Callable[[OperationSubject], str | int | None]]] = {
    "outcome": lambda one: one.outcome,
    "code": lambda one: one.exchange.code if one.exchange else "",
    "stan": lambda one: one.exchange.stan if one.exchange else "",
    "rrn": lambda one: _reply_text(one, "rrn"),
    "text": lambda one: _display(one.exchange) if one.exchange else "",
    "meaning": lambda one: one.exchange.meaning.en if one.exchange else "",
    "detail": lambda one: one.problem or (one.exchange.detail if one.exchange else "") or _sentence(one),
    "sent": lambda one: " ".join(exchange.service for exchange in one.exchanges),
    "reversal": lambda one: one.result.reversal if one.result else "",
    "signature": lambda one: str(one.result.signature or "") if one.result else "",
    "slips": lambda one: len(one.result.slips) if one.result else 0,
    "printed": lambda one: len(one.result.printed) if one.result else 0,
    "printer": lambda one: one.result.print_trouble if one.result else "",
    "receipt": lambda one: bool(one.result and one.result.receipt),
    "balance": lambda one: one.result.balance_minor if one.result else None,
}


def _display(exchange: Exchange) -> str:
    known = exchange.dialect.codes.get(exchange.code)
    return "" if known is None else known.shown.zh or known.shown.en


def _sentence(one: OperationSubject) -> str:
    return one.result.sentence if one.result else ""


@dataclass(frozen=True, slots=True)
class OwedSubject:
    """What a terminal owes."""

    state: State

    def value(self, key: str) -> str | int:
        """Return the value of a key; "" where there is none."""
        state = self.state
        if key == "signatures":
            return len(state.waiting)
        if key == "uploads":
            return len(state.queue)
        if key == "slip_of":
            return _unprinted(state)
        if key == "refund_of":
            return state.unanswered.stan if state.unanswered else ""
        if state.pending is None:
            return ""
        return state.pending.tries if key == "tries" else state.pending.stan


def _unprinted(state: State) -> str:
    if state.unprinted is None:
        return ""
    return "settlement" if state.unprinted.settlement or state.voucher is None else state.voucher.receipt.stan


@dataclass(frozen=True, slots=True)
class BookedSubject:
    """A transaction of the books; one without a row is not there, and has nothing but its STAN."""

    row: Transaction | None
    stan: str = ""

    def value(self, key: str) -> str | int:
        """Return the value of a key; "" where there is none."""
        row = self.row
        if row is None:
            return {"state": NOT_BOOKED, "stan": self.stan}.get(key, "")
        found: dict[str, str | int] = {
            "state": row.state,
            "service": row.kind,
            "stan": row.key.stan,
            "batch": row.key.batch,
            "rrn": row.rrn,
            "code": row.code,
            "reason": row.reason,
            "amount": row.amount_minor,
            "pan": row.pan_masked,
            "refunded": row.refunded_minor,
        }
        return found.get(key, "")
