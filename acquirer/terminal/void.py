"""A void (消费撤销): an approved sale of this terminal is taken back, whole.

Without card data its card is that of the kept sale (DE 22 says that none was read). It is a transaction of its own:
without an answer it is reversed, and then the sale stands.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from acquirer.terminal.effects import Program
from acquirer.terminal.exchange import Outcome, Result
from acquirer.terminal.kinds import VOID
from acquirer.terminal.machine import Machine
from acquirer.terminal.named_sale import SaleName, find_sale
from acquirer.terminal.order import Order
from acquirer.terminal.transaction import transact

if TYPE_CHECKING:
    from acquirer.terminal.signature_pad import Pad


@dataclass(frozen=True, slots=True)
class VoidOrder:
    """A void to make."""

    sale: SaleName = field(default_factory=SaleName)
    drop_reversal: bool = False
    pad: Pad | None = None


def void(machine: Machine, order: VoidOrder) -> Program[Result]:
    """Void a sale.

    Raises:
        OrderError: the void cannot be made, and nothing was sent.
        LookupError: the dialect has no such message.
    """
    sale = find_sale(machine, order.sale, "void")
    if sale is None:
        sentence = "there is no sale to void; name one with --stan, or with --amount and its card if it is not kept"
        return Result(VOID.service, Outcome.REFUSED, sentence=sentence)
    at = machine.setup.now()
    return (
        yield from transact(
            machine,
            VOID,
            Order(sale.amount_minor, sale.card, at, sale.entry, order.drop_reversal, order.pad, sale.original),
        )
    )
