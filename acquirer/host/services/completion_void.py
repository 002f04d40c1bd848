"""A void of a completion (预授权完成撤销): what it took is held again, and the pre-authorisation can be completed anew.

It names the completion as a void names its sale, by batch and STAN of this terminal. Three rows change in one commit:
its own, the completion's and the pre-authorisation's.
"""

from __future__ import annotations

from dataclasses import replace

from acquirer.host.booking import book
from acquirer.host.case import Case, Deciding
from acquirer.host.explain import originals as why
from acquirer.host.issuer.decisions import Judgement, judge_pin, take
from acquirer.host.registry import Undoing, Undone, service
from acquirer.host.request import own_key
from acquirer.host.ties import load_named, not_voidable
from acquirer.host.value_notes import original_notes
from acquirer.model.reasons import Reason


def undo(rows: Undoing) -> Undone | None:
    """Let the completion live again; once the pre-authorisation is completed anew or voided, that is too late."""
    completion, held, card = rows.original, rows.authorisation, rows.card
    if completion is None or completion.state != "voided" or held is None or held.state != "approved":
        return None
    more_minor = completion.amount_minor - held.authorised_minor
    return Undone(
        replace(completion, state="approved"),
        take(card, more_minor, held.business_date),
        replace(held, state="completed"),
    )


@service("completion_void", "moto_completion_void", key=own_key, undo=undo)
def completion_void(case: Case) -> Deciding:
    """Decide a void of a completion."""
    case.begin()
    if refusal := case.unsound():
        return book(case, refusal)
    completion = yield from load_named(case)
    if refusal := not_voidable(case, completion):
        return book(case, refusal)
    assert completion is not None
    held = (yield from case.load_original(completion.original)) if completion.original is not None else None
    use = case.card_use()
    if isinstance(use, Judgement):
        return book(case, use)
    row = yield from case.load_card_row(completion.card)
    if refusal := judge_pin(case.host.issuer, use[0], row):
        return book(case, refusal, notes=use[1])
    again = replace(held, state="approved") if held is not None and held.state == "completed" else None
    back_minor = (again.authorised_minor if again is not None else 0) - completion.amount_minor
    return book(
        case,
        Judgement(
            Reason.APPROVED,
            why.voided(case.host.dialect, completion),
            take(row, back_minor, completion.business_date),
        ),
        notes=(*use[1], *original_notes(case.host, case.request, completion)),
        original=replace(completion, state="voided"),
        authorisation=again,
    )
