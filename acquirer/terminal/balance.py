"""A balance inquiry (余额查询): how much a card has. It moves no money, has no slip, and is never reversed.

The balance is in the result (`Result.balance_minor`) and in the exchange's line.
"""

from __future__ import annotations

from acquirer.terminal.effects import Program
from acquirer.terminal.exchange import Result
from acquirer.terminal.kinds import BALANCE, POINTS_BALANCE
from acquirer.terminal.machine import Machine
from acquirer.terminal.order import Order
from acquirer.terminal.transaction import transact


def balance(machine: Machine, order: Order, *, points: bool = False) -> Program[Result]:
    """Ask for the balance of a card, or for its points; the order's amount plays no role.

    Raises:
        OrderError: the inquiry cannot be made, and nothing was sent.
        LookupError: the dialect has no such message.
    """
    return (yield from transact(machine, POINTS_BALANCE if points else BALANCE, order))
