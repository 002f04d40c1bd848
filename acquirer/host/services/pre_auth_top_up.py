"""A top-up (追加预授权): more is held on the card of a pre-authorisation.

It names the pre-authorisation by its card, by the authorisation code where the terminal sends it. The issuer is asked
about the additional amount; the reply says what is held in all.
"""

from __future__ import annotations

from dataclasses import replace

from acquirer.host.booking import book
from acquirer.host.case import Case, Deciding
from acquirer.host.explain import originals as why
from acquirer.host.issuer.decisions import Judgement, give_back, judge_sale
from acquirer.host.registry import Undoing, Undone, service
from acquirer.host.request import own_key
from acquirer.host.ties import load_authorisation, not_held
from acquirer.model.reasons import Reason


def undo(rows: Undoing) -> Undone | None:
    """Hold so much less; once the pre-authorisation is completed or voided, that is too late."""
    top_up, held, card = rows.transaction, rows.original, rows.card
    if held is None or held.state != "approved":
        return None
    less = replace(held, authorised_minor=max(0, held.authorised_minor - top_up.amount_minor))
    given = None if card is None else give_back(card, top_up.amount_minor, top_up.business_date)
    return Undone(less, given)


@service("pre_auth_top_up", key=own_key, undo=undo)
def pre_auth_top_up(case: Case) -> Deciding:
    """Decide a top-up."""
    case.begin()
    if refusal := case.unsound():
        return book(case, refusal)
    held = yield from load_authorisation(case)
    if refusal := not_held(case, held):
        return book(case, refusal)
    assert held is not None
    use = case.card_use()
    if isinstance(use, Judgement):
        return book(case, use)
    row = yield from case.load_card_row(held.card)
    judgement = judge_sale(case.host.issuer, use[0], row)
    if judgement.reason is not Reason.APPROVED:
        return book(case, judgement, notes=use[1])
    after = replace(held, authorised_minor=held.authorised_minor + (case.request.amount_minor or 0))
    return book(
        case,
        Judgement(Reason.APPROVED, why.topped_up(case.host, after), judgement.card),
        notes=use[1],
        original=after,
        elements={
            "auth_id": held.auth_id,
            "balance_sign": "C",
            "balance_amount": f"{after.authorised_minor:012}",
        },
    )
