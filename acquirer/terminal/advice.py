"""Messages of advice: they tell of what has happened, are sent until they are answered, and are never reversed.

Without an answer the same message goes out again under the MTI of a repeat (ISO 8583: 0220, then 0221), by which the
host can tell that it had the first one. After the last try its outcome is unknown, and it is kept to be sent by hand.
"""

from __future__ import annotations

from collections.abc import Mapping

from acquirer.dialect.amounts import decimals_of
from acquirer.dialect.dialect import Route
from acquirer.slip.receipt import decimal_amount
from acquirer.terminal.effects import Ended, Program
from acquirer.terminal.exchange import Exchange, Outcome, Result
from acquirer.terminal.kept_transactions import KeptAdvice
from acquirer.terminal.kind import Kind
from acquirer.terminal.kinds import noun_of
from acquirer.terminal.machine import Machine
from acquirer.terminal.order import Order
from acquirer.terminal.reversal import UNKNOWN
from acquirer.terminal.sign_on import fetch_keys, wants_sign_on
from acquirer.terminal.undecided import is_undecided
from acquirer.wire.message import Value

NOT_KEPT = ("track2", "track3", "pin_block", "pin_capture", "security_control")
"""Elements that are not stored: a later repeat names the card by its number instead."""


def kept_advice(machine: Machine, kind: Kind, order: Order, route: Route, request: Mapping[int, Value]) -> KeptAdvice:
    """Return what is kept of an advice that is about to be sent; it must be durable before that."""
    dialect = machine.setup.dialect
    left_out = {dialect.elements[name].de for name in NOT_KEPT if name in dialect.elements} | {dialect.mac_de(request)}
    fields = {de: value for de, value in request.items() if de not in left_out}
    for element, value in (("pan", order.card.pan), ("expiry", order.card.expiry)):
        if value and not kind.cardless and element in dialect.elements:
            dialect.put(fields, element, value)
    return KeptAdvice(
        fields,
        service=kind.service,
        mti=route.mti,
        stan=str(dialect.get_from(request, "stan") or ""),
        batch=str(dialect.get_from(request, dialect.numbering.within) or ""),
        amount_minor=order.amount_minor,
        card=order.card.masked,
        entry=order.entry,
        original=order.original,
    )


def repeat_advice(
    machine: Machine, route: Route, fields: dict[int, Value], about: tuple[str, ...], exchange: Exchange
) -> Program[Exchange]:
    """Send an advice again until it is answered, `Setup.tries` times in all; returns the last exchange.

    It has not ended yet if it answers the advice. An answer that decides nothing does not (`UNDECIDED`); if it wants a
    sign-on, the terminal signs on first.
    """
    for _ in range(machine.setup.tries - 1):
        yield Ended(exchange)
        if wants_sign_on(machine, exchange):
            yield from fetch_keys(machine)
        exchange = yield from machine.talk(route, fields, about, fresh=True, repeat=True)
        if not still_unknown(machine, exchange):
            return exchange
    yield Ended(exchange)
    return exchange


def still_unknown(machine: Machine, repeat: Exchange) -> bool:
    """Return whether the outcome of an advice is unknown after a repeat of it."""
    unsaid = repeat.outcome in UNKNOWN or repeat.outcome is Outcome.NOT_SENT
    return unsaid or wants_sign_on(machine, repeat) or is_undecided(machine, repeat)


def unknown_result(machine: Machine, kind: Kind, exchange: Exchange) -> Result:
    """Return the result of an advice that was sent and got no answer."""
    unanswered = machine.state.unanswered
    assert unanswered is not None
    outcome = exchange.outcome if exchange.outcome in UNKNOWN else Outcome.NO_ANSWER
    return Result(kind.service, outcome, exchange, unanswered_sentence(machine, unanswered))


def unanswered_sentence(machine: Machine, unanswered: KeptAdvice) -> str:
    """Return a sentence about an advice that is kept."""
    batch = f" in batch {unanswered.batch}" if machine.setup.dialect.numbering.within == "batch" else ""
    which = f"{noun_of(unanswered.service)} of STAN {unanswered.stan}{batch}"
    amount = decimal_amount(unanswered.amount_minor, decimals_of(machine.setup.dialect))
    again = "refund --again" if unanswered.service == "refund" else "again"
    return f"the {which} ({amount}) got no answer: whether the host has booked it is unknown; '{again}' sends it again"
