"""A sale (消费): goods and services are paid."""

from __future__ import annotations

from acquirer.terminal.effects import Program
from acquirer.terminal.exchange import Result
from acquirer.terminal.kinds import SALE
from acquirer.terminal.machine import Machine
from acquirer.terminal.order import Order, OrderError
from acquirer.terminal.transaction import transact

__all__ = ["Order", "OrderError", "sale"]


def sale(machine: Machine, order: Order) -> Program[Result]:
    """Sell.

    Raises:
        OrderError: the sale cannot be made, and nothing was sent.
    """
    return (yield from transact(machine, SALE, order))
