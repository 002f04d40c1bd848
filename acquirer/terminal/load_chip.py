"""Loads of electronic cash (圈存): money goes onto the chip, from its card's account, from cash, or from another card.

The chip is loaded when the reply has the issuer's answer (91) and its script (72); then the terminal reports how the
script went. Without them the chip is not loaded: a load with cash is reversed, so that nothing is owed for it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Literal

from acquirer.terminal.card import CardData
from acquirer.terminal.chip import Moment, icc_data, packed
from acquirer.terminal.effects import Program
from acquirer.terminal.exchange import Result
from acquirer.terminal.follow_up import FollowUpOrder
from acquirer.terminal.kind import Kind
from acquirer.terminal.kinds import ACCOUNT_LOAD, CASH_LOAD, OTHER_ACCOUNT_LOAD
from acquirer.terminal.machine import Machine
from acquirer.terminal.named_sale import SaleName
from acquirer.terminal.order import Order
from acquirer.terminal.reversal import Undo, reverse
from acquirer.terminal.script_result import script_result
from acquirer.terminal.transaction import transact
from acquirer.wire.message import Value
from acquirer.wire.tlv import TlvError, find_value, parse_tlv

LoadSource = Literal["account", "cash", "other"]

KINDS_OF_LOADS: Final[dict[LoadSource, Kind]] = {
    "account": ACCOUNT_LOAD,
    "cash": CASH_LOAD,
    "other": OTHER_ACCOUNT_LOAD,
}
NOT_LOADED: Final = "the chip is not loaded: the reply has no issuer's answer (91) and script (72)"


def load_chip(machine: Machine, order: Order, source: LoadSource, onto: CardData | None = None) -> Program[Result]:
    """Load a chip: that of the order's card; with source "other", that of `onto`, and the order's card pays.

    Raises:
        OrderError: it cannot be made, and nothing was sent.
        LookupError: the dialect has no such message.
    """
    kind = KINDS_OF_LOADS[source]
    if source == "other" and onto is not None:
        order = replace(order, entry="magstripe", details=_loaded(machine, order, onto))
    result = yield from transact(machine, kind, order)
    if not result.ok or result.exchange is None or result.exchange.reply is None:
        return result
    stan, dialect = result.stan, machine.setup.dialect
    if _answered(dialect.get(result.exchange.reply, "icc")):
        yield from script_result(machine, FollowUpOrder(SaleName(stan=stan, card=onto or order.card)))
        return result
    result.sentence = NOT_LOADED
    if source == "cash" and kind.service not in machine.setup.terminal_profile.reversal.never:
        undone = yield from reverse(machine, Undo())
        result.reversal = undone.reversal
    return result


def _answered(icc: Value | None) -> bool:
    try:
        objects = parse_tlv(icc) if isinstance(icc, bytes) else ()
    except TlvError:
        return False
    return all(find_value(objects, tag) is not None for tag in ("91", "72"))


def _loaded(machine: Machine, order: Order, onto: CardData) -> dict[str, Value]:
    """Return the elements of the card that is loaded, beside the track of the one that pays."""
    setup = machine.setup
    stan = machine.state.next_stan().stan
    moment = Moment(order.amount_minor, "620000", f"{order.at:%y%m%d}", setup.tid, stan, False, setup.randbytes)
    return {
        "card_sequence": onto.sequence or "001",
        "icc": packed(icc_data(setup.terminal_profile.icc, moment)),
        "loaded_pan": onto.pan,
        "loaded_entry": "0520",
    }
