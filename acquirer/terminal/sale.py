"""A sale (消费): goods and services are paid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from acquirer.terminal.card import CardData
from acquirer.terminal.details import elements_of
from acquirer.terminal.effects import Program
from acquirer.terminal.exchange import Result
from acquirer.terminal.kind import Kind
from acquirer.terminal.kinds import SALE
from acquirer.terminal.machine import Machine
from acquirer.terminal.order import Order, OrderError
from acquirer.terminal.transaction import transact

__all__ = ["Order", "OrderError", "sale"]


def sale(machine: Machine, order: Order, kind: Kind = SALE, details: Mapping[str, str] = {}) -> Program[Result]:
    """Sell.

    Args:
        kind: one of `SALES`.
        details: of that kind, by name.

    Raises:
        OrderError: the sale cannot be made, and nothing was sent.
        LookupError: the dialect has no such message.
    """
    elements = elements_of(kind, details, machine.setup.dialect.forms)
    if kind.cardless:  # a payment code stands in the place of a card number, where there is one
        order = replace(order, card=CardData(details.get("code", "")))
    return (yield from transact(machine, kind, replace(order, details=elements)))
