"""Sales made without the host, and reported afterwards: by telephone (离线结算), or from electronic cash (电子现金).

Both are advices for our terminal: sent until they are answered, never reversed. An offline sale names the code that was
given on the telephone, and who gave it; without a code it is one of an amount that needs none.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from acquirer.terminal.effects import Program
from acquirer.terminal.exchange import Result
from acquirer.terminal.kinds import ECASH_SALE, OFFLINE_SALE
from acquirer.terminal.machine import Machine
from acquirer.terminal.order import Order
from acquirer.terminal.transaction import transact
from acquirer.wire.message import Value

BY_TELEPHONE: Final = "01"
SMALL: Final = "02"
"""How it was authorised (Q/CUP 009, DE 61.4)."""

INSTITUTION_DIGITS: Final = 11


def offline_sale(machine: Machine, order: Order, auth_id: str = "", institution: str = "") -> Program[Result]:
    """Report a sale that was made without the host.

    Args:
        auth_id: the code given on the telephone; "": the amount was small.
        institution: who gave it; "": the acquirer.

    Raises:
        OrderError: it cannot be made, and nothing was sent.
        LookupError: the dialect has no such message.
    """
    ours = machine.setup.dialect.constants.get("acquirer", "")
    details: dict[str, Value] = {
        "original_batch": "000000",
        "original_stan": "000000",
        "original_date": "0000",
        "auth_mode": BY_TELEPHONE if auth_id else SMALL,
        "auth_institution": (institution or ours).ljust(INSTITUTION_DIGITS, "0")[:INSTITUTION_DIGITS],
        "auth_id": auth_id,
    }
    return (yield from transact(machine, OFFLINE_SALE, replace(order, details=details)))


def ecash_sale(machine: Machine, order: Order) -> Program[Result]:
    """Pay from the electronic cash of a chip, and upload its certificate.

    Raises:
        OrderError: it cannot be made, and nothing was sent.
        LookupError: the dialect has no such message.
    """
    return (yield from transact(machine, ECASH_SALE, order))
