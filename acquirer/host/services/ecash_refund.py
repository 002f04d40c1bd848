"""A refund of an electronic cash sale (电子现金脱机退货): what the chip paid goes back to the card's account.

The sale is named by batch and STAN, and by the terminal that made it (UnionPay DE 62); any terminal of the merchant may
give it back, partly and repeatedly, until its amount is used up.
"""

from __future__ import annotations

from dataclasses import replace

from acquirer.host.booking import book
from acquirer.host.case import Case, Deciding
from acquirer.host.explain import originals as why
from acquirer.host.issuer.decisions import Judgement, give_back
from acquirer.host.registry import service
from acquirer.host.request import original_key, own_key
from acquirer.host.services.refund import undo
from acquirer.host.ties import unknown, unlike
from acquirer.model.reasons import Reason


@service("ecash_refund", key=own_key, undo=undo)
def ecash_refund(case: Case) -> Deciding:
    """Decide a refund of an electronic cash sale."""
    case.begin()
    if refusal := case.unsound():
        return book(case, refusal)
    key = original_key(case.host, case.request)
    tid = case.host.read.original_tid(case.fields).strip()
    sale = yield from case.load_original(key._replace(tid=tid) if tid else key)
    if refusal := unknown(case, sale):
        return book(case, refusal)
    assert sale is not None
    if refusal := unlike(case, sale):
        return book(case, refusal)
    amount_minor = case.request.amount_minor or 0
    if amount_minor > sale.amount_minor - sale.refunded_minor:
        sentence = why.refund_exceeds(case.host, sale, amount_minor)
        return book(case, Judgement(Reason.REFUND_EXCEEDS, sentence))
    row = yield from case.load_card_row(sale.card)
    after = replace(sale, state="refunded", refunded_minor=sale.refunded_minor + amount_minor)
    card = None if row is None else give_back(row, amount_minor, sale.business_date, whole=False)
    return book(case, Judgement(Reason.APPROVED, why.refunded(case.host, after, amount_minor), card), original=after)
