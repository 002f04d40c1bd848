"""An offline sale (离线结算): a sale that was made without the host, authorised by telephone or small enough for none.

It is an advice: it has happened, so it is booked even where the issuer would decline now; that is noted. The card is
charged.
Where a code of the telephone authorisation is demanded, the message names who gave it (UnionPay DE 61).
"""

from __future__ import annotations

from acquirer.host.booking import book
from acquirer.host.case import Case, Deciding
from acquirer.host.issuer.decisions import Judgement, charge, judge_sale
from acquirer.host.registry import service
from acquirer.host.request import own_key
from acquirer.model.reasons import Reason


@service("offline_sale", key=own_key)
def offline_sale(case: Case) -> Deciding:
    """Book an offline sale."""
    case.begin()
    if refusal := case.unsound():
        return book(case, refusal)
    use = case.card_use()
    if isinstance(use, Judgement):
        return book(case, use)
    row = yield from case.load_card()
    judgement = judge_sale(case.host.issuer, use[0], row)
    if judgement.reason is Reason.APPROVED:
        return book(case, judgement, notes=use[1])
    notes = (*use[1], f"offline: on line it would have been declined: {judgement.why}")
    card = charge(case.host.issuer, use[0], row)
    return book(case, Judgement(Reason.APPROVED, "booked: it was made without the host", card), notes=notes)
