"""A balance inquiry: the shared prologue, then the issuer's word; it moves no money and is never reversed.

The balance travels in parts of DE 54 that the dialect lays out: sign and amount are the host's, account type, amount
type and currency the dialect's constants.
"""

from __future__ import annotations

from acquirer.host.booking import book
from acquirer.host.case import Case, Deciding
from acquirer.host.issuer.decisions import Judgement, judge_inquiry
from acquirer.host.registry import service
from acquirer.host.request import own_key


@service("balance", key=own_key)
def balance(case: Case) -> Deciding:
    """Decide a balance inquiry."""
    case.begin()
    if refusal := case.unsound(amount=False):
        return book(case, refusal)
    use = case.card_use()
    if isinstance(use, Judgement):
        return book(case, use)
    row = yield from case.load_card()
    judgement, balance_minor = judge_inquiry(case.host.issuer, use[0], row)
    elements = {"balance_sign": "D" if balance_minor < 0 else "C", "balance_amount": f"{abs(balance_minor):012}"}
    return book(case, judgement, notes=use[1], elements=elements)
