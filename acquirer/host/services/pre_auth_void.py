"""A void of a pre-authorisation (预授权撤销): what is held on a card is given free, whole.

Any terminal of the merchant may send it, within the days of a completion; it names the pre-authorisation by card,
authorisation code and date. Its amount is all that is held, top-ups included.
"""

from __future__ import annotations

from dataclasses import replace

from acquirer.host.booking import book
from acquirer.host.case import Case, Deciding
from acquirer.host.explain import originals as why
from acquirer.host.issuer.decisions import Judgement, give_back, judge_pin
from acquirer.host.registry import service
from acquirer.host.request import own_key
from acquirer.host.services.void import undo
from acquirer.host.ties import load_authorisation, not_held, other_amount
from acquirer.model.reasons import Reason


@service("pre_auth_void", "moto_pre_auth_void", key=own_key, undo=undo)
def pre_auth_void(case: Case) -> Deciding:
    """Decide a void of a pre-authorisation."""
    case.begin()
    if refusal := case.unsound():
        return book(case, refusal)
    held = yield from load_authorisation(case)
    if refusal := not_held(case, held):
        return book(case, refusal)
    assert held is not None
    if refusal := other_amount(case, held, held.authorised_minor):
        return book(case, refusal)
    use = case.card_use()
    if isinstance(use, Judgement):
        return book(case, use)
    row = yield from case.load_card_row(held.card)
    if refusal := judge_pin(case.host.issuer, use[0], row):
        return book(case, refusal, notes=use[1])
    card = None if row is None else give_back(row, held.authorised_minor, held.business_date)
    return book(
        case,
        Judgement(Reason.APPROVED, why.voided(case.host.dialect, held), card),
        notes=use[1],
        original=replace(held, state="voided"),
    )
