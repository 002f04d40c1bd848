"""Loads of electronic cash (圈存): money goes onto a chip, from its card's account, from cash, or from another card's.

The reply must have the issuer's answer to the chip (91) and a script (72) that raises its balance, or the chip is not
loaded. Where the issuer's key of a card is not known, both are made up: a terminal's kernel then decides. A load with
cash is voided whole, on its day, by batch and STAN. Source: Q/CUP 009; PBOC 3.0 part 13.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from acquirer.host.booking import book
from acquirer.host.case import Case, Deciding
from acquirer.host.explain import originals as why
from acquirer.host.issuer.decisions import Judgement, judge_inquiry, judge_sale
from acquirer.host.registry import Undoing, Undone, service
from acquirer.host.request import own_key
from acquirer.host.services.sale import undo
from acquirer.host.text import money
from acquirer.host.ties import load_named, not_voidable
from acquirer.model.reasons import Reason

SCRIPT_ID: Final = "9F180400000002"
PUT_DATA: Final = "04DA9F790A"
"""The command that writes the balance of electronic cash (9F79): six bytes of it, and a MAC of four."""

MAC_BYTES: Final = 4


def script_of(case: Case) -> bytes:
    """Return the script that raises a chip's balance; its MAC is made up, for the chip's key is not known."""
    amount = f"{case.request.amount_minor or 0:012}"
    command = bytes.fromhex(PUT_DATA + amount) + case.host.randbytes(MAC_BYTES)
    return bytes.fromhex(SCRIPT_ID) + bytes((0x86, len(command))) + command


@service("account_load", "other_account_load", key=own_key, undo=undo)
def account_load(case: Case) -> Deciding:
    """Decide a load that an account pays: the chip's own card, or the card whose track comes with it."""
    case.begin()
    if refusal := case.unsound():
        return book(case, refusal)
    use = case.card_use()
    if isinstance(use, Judgement):
        return book(case, use)
    row = yield from case.load_card()
    judgement = judge_sale(case.host.issuer, use[0], row)
    return book(case, judgement, notes=use[1], script=script_of(case))


def undo_cash(_rows: Undoing) -> Undone:
    """Change nothing else: cash touches no account."""
    return Undone()


@service("cash_load", key=own_key, undo=undo_cash)
def cash_load(case: Case) -> Deciding:
    """Decide a load that is paid in cash."""
    case.begin()
    if refusal := case.unsound():
        return book(case, refusal)
    use = case.card_use()
    if isinstance(use, Judgement):
        return book(case, use)
    row = yield from case.load_card()
    judgement, _ = judge_inquiry(case.host.issuer, use[0], row)
    if judgement.reason is Reason.APPROVED:
        judgement.why = f"loaded: {money(case.request.amount_minor)} in cash onto card {case.card.masked}"
    return book(case, judgement, notes=use[1], script=script_of(case))


def undo_void(rows: Undoing) -> Undone:
    """Let the voided load live again."""
    load = rows.original
    return Undone() if load is None or load.state != "voided" else Undone(replace(load, state="approved"))


@service("cash_load_void", key=own_key, undo=undo_void)
def cash_load_void(case: Case) -> Deciding:
    """Decide a void of a load with cash."""
    case.begin()
    if refusal := case.unsound():
        return book(case, refusal)
    load = yield from load_named(case)
    if refusal := not_voidable(case, load):
        return book(case, refusal)
    assert load is not None
    judgement = Judgement(Reason.APPROVED, why.voided(case.host.dialect, load))
    return book(case, judgement, original=replace(load, state="voided"), script=script_of(case))
