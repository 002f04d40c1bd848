"""A refund (退货): an approved sale of any terminal of the merchant is given back, partly or whole, also days later.

The sale is named by its reference number, its date and its card; what is kept of it is taken from there. A refund never
carries a PIN. As an advice (0220, 1220) it is sent until it is answered; as a request it is reversed without an answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from acquirer.dialect.amounts import decimals_of
from acquirer.slip.receipt import decimal_amount
from acquirer.terminal.advice import repeat_advice, still_unknown, unknown_result
from acquirer.terminal.card import CardData
from acquirer.terminal.effects import Ended, Program
from acquirer.terminal.exchange import Outcome, Result
from acquirer.terminal.follow_up import FollowUpOrder, follow_up
from acquirer.terminal.kinds import KINDS, QR_SALE, REFUND, follower
from acquirer.terminal.machine import Machine
from acquirer.terminal.order import Order, find_entry
from acquirer.terminal.rendering import outcome_text
from acquirer.terminal.sign_on import ready
from acquirer.terminal.transaction import conclude

if TYPE_CHECKING:
    from acquirer.terminal.signature_pad import Pad


RefundOrder = FollowUpOrder


def refund(machine: Machine, order: RefundOrder, of: str = "") -> Program[Result]:
    """Refund a sale or a part of it.

    Args:
        of: what is refunded, a service; "": what is kept of this STAN, else a sale.

    Raises:
        OrderError: the refund cannot be made, and nothing was sent.
        LookupError: the dialect has no such message.
    """
    kept = machine.state.sale(order.sale.stan, order.sale.batch) if order.sale.stan else None
    of = of or (QR_SALE.service if order.sale.voucher else "")
    kind = follower("refund", of or (kept.service if kept is not None else REFUND.of[0])) or REFUND
    return (yield from follow_up(machine, kind, order))


def refund_again(machine: Machine, pad: Pad | None = None) -> Program[Result]:
    """Send the advice that got no answer again, as a repeat: a host that has booked it gives the same answer."""
    kept = machine.state.unanswered
    if kept is None:
        return Result(REFUND.service, Outcome.REFUSED, sentence="no refund waits for an answer")
    kind, dialect = KINDS[kept.service], machine.setup.dialect
    signed = yield from ready(machine)
    if signed is not None and signed.outcome is not Outcome.APPROVED:
        sentence = f"not sent: the sign-on before it failed: {outcome_text(signed)}"
        return Result(kind.service, signed.outcome, signed, sentence)
    routes = (one for one in dialect.routes if (one.service, one.mti) == (kept.service, kept.mti))
    route = next(routes, None) or dialect.find_route(kept.service)
    fields, about = dict(kept.fields), (decimal_amount(kept.amount_minor, decimals_of(dialect)), kept.card)
    exchange = yield from machine.talk(route, fields, about, fresh=True, repeat=True)
    if exchange.outcome is Outcome.NOT_SENT:
        yield Ended(exchange)
        return Result(kind.service, Outcome.NOT_SENT, exchange, unknown_result(machine, kind, exchange).sentence)
    if still_unknown(machine, exchange):
        exchange = yield from repeat_advice(machine, route, fields, about, exchange)
        if still_unknown(machine, exchange):
            return unknown_result(machine, kind, exchange)
    pan, expiry = (str(dialect.get_from(fields, name) or "") for name in ("pan", "expiry"))
    order = Order(
        kept.amount_minor, CardData(pan, expiry), machine.setup.now(), kept.entry, pad=pad, original=kept.original
    )
    result = Result(kind.service, exchange.outcome, exchange)
    entry = find_entry(machine.setup.terminal_profile, kept.entry)
    yield from conclude(machine, kind, order, entry, result, exchange, {})
    return result
