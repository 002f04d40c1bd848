"""Adjustments (结算调整): another amount stands in the place of a kept sale's, also by a tip (追加小费)."""

from __future__ import annotations

from dataclasses import replace

from acquirer.slip.receipt import decimal_amount
from acquirer.terminal.effects import Program
from acquirer.terminal.exchange import Outcome, Result
from acquirer.terminal.follow_up import FollowUpOrder, follow_up
from acquirer.terminal.kinds import SETTLEMENT_ADJUSTMENT, TIP_ADJUSTMENT
from acquirer.terminal.machine import Machine
from acquirer.terminal.order import OrderError
from acquirer.terminal.steering import tip_forbidden


def adjust(machine: Machine, order: FollowUpOrder) -> Program[Result]:
    """Count the order's amount in the place of the sale's.

    Raises:
        OrderError: the adjustment cannot be made, and nothing was sent.
    """
    if order.sale.amount_minor is None:
        raise OrderError("not adjusted: give --amount, the whole new amount")
    return (yield from follow_up(machine, SETTLEMENT_ADJUSTMENT, order))


def tip(machine: Machine, order: FollowUpOrder, tip_minor: int) -> Program[Result]:
    """Add a tip to a kept sale: the sum is counted in the place of its amount.

    Raises:
        OrderError: the tip cannot be added, and nothing was sent.
    """
    kept = machine.state.sale(order.sale.stan, order.sale.batch, TIP_ADJUSTMENT.of)
    if kept is None:
        sentence = "there is no sale to tip; a tip is added to one that is kept here: name it with --stan"
        return Result(TIP_ADJUSTMENT.service, Outcome.REFUSED, sentence=sentence)
    if tip_minor <= 0:
        raise OrderError(f"a tip of {decimal_amount(tip_minor)} is none; give one above zero")
    if prohibited := tip_forbidden(machine.state, tip_minor, kept.amount_minor):
        return Result(TIP_ADJUSTMENT.service, Outcome.REFUSED, sentence=f"no tip: {prohibited}")
    named = replace(order.sale, amount_minor=kept.amount_minor + tip_minor)
    details = {"tip": f"{tip_minor:012}"}
    return (yield from follow_up(machine, TIP_ADJUSTMENT, replace(order, sale=named, details=details)))
