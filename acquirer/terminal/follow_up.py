"""What is done to an approved transaction: the course that voids, refunds, completions and adjustments share.

The transaction is one that the terminal keeps, or one that the caller describes as its slip shows it. Without card data
its card is that of the kept one (DE 22 says that none was read).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from acquirer.terminal.effects import Program
from acquirer.terminal.exchange import Outcome, Result
from acquirer.terminal.kind import Kind, NamedBy
from acquirer.terminal.kinds import noun_of
from acquirer.terminal.machine import Machine
from acquirer.terminal.named_sale import SaleName, find_sale
from acquirer.terminal.offline_queue import is_kept, upload_queue
from acquirer.terminal.order import Order
from acquirer.terminal.transaction import transact
from acquirer.wire.message import Value

if TYPE_CHECKING:
    from acquirer.terminal.signature_pad import Pad

HINTS: Final[dict[NamedBy, str]] = {
    "numbers": "name one with --stan, or with --amount and its card if it is not kept",
    "reference": "name one with --stan, or with --rrn, --date and --amount",
    "authorisation": "name one with --stan, or with --auth-id, --date, --amount and its card",
}
"""What to give where there is nothing to choose from."""


@dataclass(frozen=True, slots=True)
class FollowUpOrder:
    """What is to be done to which transaction; its amount may be a part: None is all of it."""

    sale: SaleName = field(default_factory=SaleName)
    drop_reversal: bool = False  # give up what is owed: a reversal, or an advice that got no answer
    pad: Pad | None = None
    details: Mapping[str, Value] = field(default_factory=dict)  # further elements of the request


def follow_up(machine: Machine, kind: Kind, order: FollowUpOrder) -> Program[Result]:
    """Make a transaction that is tied to an approved one.

    Raises:
        OrderError: it cannot be made, and nothing was sent.
        LookupError: the dialect has no such message.
    """
    name = order.sale
    numbers = {"numbers": "", "reference": name.rrn, "authorisation": name.auth_id}
    elsewhere = not name.stan and bool(name.voucher or numbers[kind.named_by])
    sale = find_sale(machine, kind, name, elsewhere=elsewhere)
    if sale is None:
        sentence = f"there is no {noun_of(kind.of[0])} to {kind.verb}; {HINTS[kind.named_by]}"
        return Result(kind.service, Outcome.REFUSED, sentence=sentence)
    key = (sale.original.within, sale.original.stan)
    if machine.state.is_in_queue(key) and not is_kept(machine.setup, kind):  # the host must know of it first
        yield from upload_queue(machine)
        waits = machine.state.is_in_queue(key)
        if waits or machine.state.sale(sale.original.stan, sale.original.within) is None:
            which = f"the {noun_of(kind.of[0])} of STAN {sale.original.stan}"
            lacks = "waits for its upload, or what adjusts it does" if waits else "is not taken by the host"
            return Result(kind.service, Outcome.REFUSED, sentence=f"{kind.not_done}: {which} {lacks}")
        named = replace(name, stan=sale.original.stan, batch=sale.original.within)
        sale = find_sale(machine, kind, named) or sale
    at = machine.setup.now()
    to_make = Order(
        sale.amount_minor,
        sale.card,
        at,
        sale.entry,
        order.drop_reversal,
        order.pad,
        sale.original,
        details=order.details,
    )
    return (yield from transact(machine, kind, to_make))
