"""A completion (预授权完成): of what a pre-authorisation holds, so much is taken; the rest is free again.

As a request, or as an advice that tells what has happened. Any terminal of the merchant may send it, once, up to 115 %
of what is held and within 29 days: both are settings. It names the pre-authorisation by card, authorisation code and
date. A completion that is reversed, or voided, leaves the amount held as before.
"""

from __future__ import annotations

from dataclasses import replace

from acquirer.host.booking import book
from acquirer.host.case import Case, Deciding
from acquirer.host.explain import originals as why
from acquirer.host.issuer.decisions import Judgement, judge_pin, take
from acquirer.host.registry import Undoing, Undone, service
from acquirer.host.request import own_key
from acquirer.host.ties import load_authorisation, not_held
from acquirer.model.reasons import Reason


def undo(rows: Undoing) -> Undone:
    """Hold what was held before."""
    completion, held, card = rows.transaction, rows.original, rows.card
    if held is None or held.state != "completed":
        return Undone()
    more_minor = held.authorised_minor - completion.amount_minor
    return Undone(replace(held, state="approved"), take(card, more_minor, held.business_date))


@service("completion", "completion_advice", "moto_completion", "moto_completion_advice", key=own_key, undo=undo)
def completion(case: Case) -> Deciding:
    """Decide a completion."""
    case.begin()
    if refusal := case.unsound():
        return book(case, refusal)
    held = yield from load_authorisation(case)
    if refusal := not_held(case, held):
        return book(case, refusal)
    assert held is not None
    amount_minor, percent = case.request.amount_minor or 0, case.host.options.completion_percent
    if amount_minor * 100 > held.authorised_minor * percent:
        sentence = why.completion_exceeds(case.host, held, amount_minor)
        return book(case, Judgement(Reason.COMPLETION_EXCEEDS, sentence))
    use = case.card_use()
    if isinstance(use, Judgement):
        return book(case, use)
    row = yield from case.load_card_row(held.card)
    if refusal := judge_pin(case.host.issuer, use[0], row):
        return book(case, refusal, notes=use[1])
    card = take(row, amount_minor - held.authorised_minor, held.business_date)
    sentence = why.completed(case.host, held, amount_minor)
    return book(
        case,
        Judgement(Reason.APPROVED, sentence, card),
        notes=use[1],
        original=replace(held, state="completed"),
    )
