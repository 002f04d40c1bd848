"""A sale paid in points (积分消费): half in points of the card, half as own payment, as the reply tells.

The request names the goods. The card is asked for the whole amount, as for any sale: a simulator keeps no points. The
balance of points is always the same. Source: Q/CUP 009, DE 62 by points: points used 10, own payment 12, balance 12.
"""

from __future__ import annotations

from typing import Final

from acquirer.host.booking import book
from acquirer.host.case import Case, Deciding
from acquirer.host.issuer.decisions import Judgement, judge_inquiry, judge_sale
from acquirer.host.registry import service
from acquirer.host.request import own_key
from acquirer.host.services.sale import undo

POINTS: Final = 123_456
"""What every card has, before and after: points are shown, not kept."""


@service("points_sale", key=own_key, undo=undo)
def points_sale(case: Case) -> Deciding:
    """Decide a sale paid in points: a point is worth a minor unit."""
    case.begin()
    if refusal := case.unsound():
        return book(case, refusal)
    use = case.card_use()
    if isinstance(use, Judgement):
        return book(case, use)
    row = yield from case.load_card()
    judgement = judge_sale(case.host.issuer, use[0], row)
    amount_minor = case.request.amount_minor or 0
    used = amount_minor // 2
    elements = {"points": f"{used:010}{amount_minor - used:012}{POINTS:012}"}
    return book(case, judgement, notes=use[1], elements=elements)


@service("points_balance", key=own_key)
def points_balance(case: Case) -> Deciding:
    """Decide an inquiry for points."""
    case.begin()
    if refusal := case.unsound(amount=False):
        return book(case, refusal)
    use = case.card_use()
    if isinstance(use, Judgement):
        return book(case, use)
    row = yield from case.load_card()
    judgement, _ = judge_inquiry(case.host.issuer, use[0], row)
    return book(case, judgement, notes=use[1], elements={"balance_sign": "C", "balance_amount": f"{POINTS:012}"})
