"""The result of an issuer's script (脚本处理结果通知): what the chip made of the commands that came with an approval.

It names the kept transaction, carries data of its chip and tag DF31: how each script went, and which it was. Terminals
send it once, and forget it however it is answered.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Literal

from acquirer.terminal.chip import Moment, icc_data, packed
from acquirer.terminal.effects import Program
from acquirer.terminal.exchange import Result
from acquirer.terminal.follow_up import FollowUpOrder, follow_up
from acquirer.terminal.kinds import SCRIPT_RESULT
from acquirer.terminal.machine import Machine
from acquirer.wire.message import Value

ScriptOutcome = Literal["not-performed", "failed", "done"]

OUTCOMES: Final[dict[ScriptOutcome, int]] = {"not-performed": 0x00, "failed": 0x10, "done": 0x20}
"""The first byte of a script's result (DF31), by how it went."""

FIRST_CARD: Final = "001"
"""Sequence number of a card of which none is known."""

SALES_CODE: Final = "000000"
"""Element `processing_code` of sales, whose scripts these are."""

TAGS: Final = ("9F33", "95", "9F37", "9F1E", "9F10", "9F26", "9F36", "82", "DF31", "9F1A", "9A")
"""In the order in which terminals send them."""


def script_result(
    machine: Machine, order: FollowUpOrder, outcome: ScriptOutcome = "done", script: bytes = bytes.fromhex("00000001")
) -> Program[Result]:
    """Report how a script of the last, or the named, transaction went.

    Raises:
        OrderError: nothing was sent.
        LookupError: the dialect has no such message.
    """
    setup, state = machine.setup, machine.state
    at = setup.now()
    moment = Moment(0, "00", f"{at:%y%m%d}", setup.tid, state.stan, False, setup.randbytes)
    tags = icc_data(setup.terminal_profile.icc, moment) | {"DF31": bytes((OUTCOMES[outcome] | 1,)) + script}
    data = packed({tag: tags[tag] for tag in TAGS if tag in tags})
    named, chip = order.sale, setup.terminal_profile.entries.get("chip")
    pin = bool(named.pin or (named.card is not None and named.card.pin))
    card = replace(named.card, pin="") if named.card is not None else None  # that there was one is all that is said
    details: dict[str, Value] = {
        "icc": data,
        "processing_code": SALES_CODE,
        "card_sequence": (card.sequence if card is not None else "") or FIRST_CARD,
        "entry_mode": setup.terminal_profile.entry_mode(chip, pin=pin) if chip is not None else "",
        "expiry": "",  # neither this nor the track is repeated
        "track2": "",
    }
    order = replace(order, sale=replace(named, pin="", card=card), details=details)
    return (yield from follow_up(machine, SCRIPT_RESULT, order))
