"""A cardholder verification (订购持卡人身份验证): is the holder of a card who they say? It moves no money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from acquirer.terminal.details import elements_of
from acquirer.terminal.effects import Program
from acquirer.terminal.exchange import Result
from acquirer.terminal.kinds import CARDHOLDER_VERIFICATION
from acquirer.terminal.machine import Machine
from acquirer.terminal.order import Order
from acquirer.terminal.transaction import transact


def verify_holder(machine: Machine, order: Order, details: Mapping[str, str]) -> Program[Result]:
    """Ask whether the details are those of the card's holder; the order's amount plays no role.

    Raises:
        OrderError: it cannot be asked, and nothing was sent.
        LookupError: the dialect has no such message.
    """
    elements = elements_of(CARDHOLDER_VERIFICATION, details, machine.setup.dialect.forms)
    return (yield from transact(machine, CARDHOLDER_VERIFICATION, replace(order, details=elements)))
