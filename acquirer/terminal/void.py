"""A void (撤销): an approved transaction of this terminal is taken back, whole; a pre-authorisation of any terminal.

It is a transaction of its own: without an answer it is reversed, and then what it took back stands. Which message it is
depends on what is voided: a sale, a pre-authorisation, a completion …
"""

from __future__ import annotations

from acquirer.data.text import indefinite
from acquirer.terminal.effects import Program
from acquirer.terminal.exchange import Outcome, Result
from acquirer.terminal.follow_up import FollowUpOrder, follow_up
from acquirer.terminal.kinds import QR_SALE, VOID, follower, noun_of
from acquirer.terminal.machine import Machine

VoidOrder = FollowUpOrder


def void(machine: Machine, order: VoidOrder, of: str = "") -> Program[Result]:
    """Void a transaction.

    Args:
        of: what is voided, a service; "": what is kept of this STAN, else a sale.

    Raises:
        OrderError: the void cannot be made, and nothing was sent.
        LookupError: the dialect has no such message.
    """
    service = of or (QR_SALE.service if order.sale.voucher else "")
    if not service:
        kept = machine.state.sale(order.sale.stan, order.sale.batch)
        service = kept.service if kept is not None else VOID.of[0]
    kind = follower("void", service)
    if kind is None:
        return Result(VOID.service, Outcome.REFUSED, sentence=f"{indefinite(noun_of(service))} is not voided")
    return (yield from follow_up(machine, kind, order))
