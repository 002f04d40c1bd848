"""Pre-authorisations (预授权): an amount is held on a card, and a completion takes what was really spent.

A hotel holds an amount when a guest arrives, holds more if need be (top-up, 追加预授权), and takes what the stay has
cost (completion, 预授权完成), as a request or as an advice; any terminal of the merchant may, by authorisation code,
date and card. `void` gives free what is held, and takes a completion back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from acquirer.terminal.details import elements_of
from acquirer.terminal.effects import Program
from acquirer.terminal.exchange import Result
from acquirer.terminal.follow_up import FollowUpOrder, follow_up
from acquirer.terminal.kinds import COMPLETION, MOTO_PRE_AUTH, PRE_AUTH, PRE_AUTH_TOP_UP, follower
from acquirer.terminal.machine import Machine
from acquirer.terminal.order import Order
from acquirer.terminal.transaction import transact


def pre_auth(machine: Machine, order: Order, *, moto: bool = False, details: Mapping[str, str] = {}) -> Program[Result]:
    """Hold an amount; `moto`: for an order by mail or telephone, with details of the cardholder.

    Raises:
        OrderError: it cannot be made, and nothing was sent.
        LookupError: the dialect has no such message.
    """
    kind = MOTO_PRE_AUTH if moto else PRE_AUTH
    elements = elements_of(kind, details, machine.setup.dialect.forms)
    return (yield from transact(machine, kind, replace(order, details=elements)))


def top_up(machine: Machine, order: FollowUpOrder) -> Program[Result]:
    """Hold more: the order's amount, on top of what is held."""
    return (yield from follow_up(machine, PRE_AUTH_TOP_UP, order))


def complete(machine: Machine, order: FollowUpOrder, *, advice: bool = False, of: str = "") -> Program[Result]:
    """Take what was spent; without an amount, all that is held. `advice`: it has happened, and is only reported."""
    held = (PRE_AUTH.service, MOTO_PRE_AUTH.service)
    kept = machine.state.sale(order.sale.stan, order.sale.batch, held) if not order.sale.auth_id else None
    service = of or (kept.service if kept is not None else PRE_AUTH.service)
    kind = follower("complete", service, advice=advice) or COMPLETION
    return (yield from follow_up(machine, kind, order))
