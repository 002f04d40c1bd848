"""A void (撤销): a sale of this terminal is taken back, whole, while its batch is open and its business day lasts.

The sale is named by batch and STAN (UnionPay 61.1, 61.2), or by what the dialect's STANs are unique within. Tests in
the order of a real host: unknown 25 · not in its normal state 25 · another card 14 · another day 25 · another amount
64. The sale stays among the debits, its void is counted as a credit; a void that is reversed lets the sale live again.
"""

from __future__ import annotations

from dataclasses import replace

from acquirer.host.booking import book
from acquirer.host.case import Case, Deciding
from acquirer.host.explain import originals as why
from acquirer.host.issuer.decisions import Judgement, give_back, judge_pin, spend
from acquirer.host.kinds import KINDS
from acquirer.host.lifecycle import Action, action
from acquirer.host.registry import Undoing, Undone, service
from acquirer.host.request import original_key, own_key
from acquirer.host.value_notes import original_notes
from acquirer.model.reasons import Reason
from acquirer.model.rows import Transaction


def undo(rows: Undoing) -> Undone:
    """Let the voided transaction live again."""
    void, original, card = rows.transaction, rows.original, rows.card
    if original is None or original.state != "voided":
        return Undone()
    taken = None if card is None else spend(card, void.amount_minor, original.business_date)
    return Undone(replace(original, state="approved"), taken)


@service("void", key=own_key, undo=undo)
def void(case: Case) -> Deciding:
    """Decide a void."""
    case.begin()
    if refusal := case.unsound():
        return book(case, refusal)
    original = yield from case.load_original(original_key(case.host, case.request))
    if refusal := _mismatch(case, original):
        return book(case, refusal)
    assert original is not None
    row = yield from case.load_card_row(original.card)
    use = case.card_use()
    if isinstance(use, Judgement):
        return book(case, use)
    if refusal := judge_pin(case.host.issuer, use[0], row):
        return book(case, refusal, notes=use[1])
    card = None if row is None else give_back(row, original.amount_minor, original.business_date)
    sentence = why.voided(case.host.dialect, original)
    return book(
        case,
        Judgement(Reason.APPROVED, sentence, card),
        notes=(*use[1], *original_notes(case.host, case.request, original)),
        original=replace(original, state="voided"),
    )


def _mismatch(case: Case, original: Transaction | None) -> Judgement | None:
    """Return why the named transaction cannot be voided; None when it can."""
    host, request = case.host, case.request
    course = action(original, "void")
    if original is None or course is Action.UNKNOWN:
        return Judgement(Reason.ORIGINAL_UNKNOWN, why.void_unknown(host, request))
    if course is Action.CLOSED or original.kind not in KINDS[request.service].of:
        return Judgement(Reason.ORIGINAL_CLOSED, why.closed(host, original, "voided"))
    if original.card and case.card_token() != original.card:
        return Judgement(Reason.ORIGINAL_CARD_DIFFERS, why.card_differs(host, original, case.card.masked))
    if (currency := host.read.currency(case.fields)) != original.currency:
        return Judgement(Reason.CURRENCY_DIFFERS, why.currency_differs(host, original, currency))
    if original.business_date < request.stamp.day and not host.options.void_other_day:
        return Judgement(Reason.ORIGINAL_OTHER_DAY, why.other_day(host, original, request.stamp.day))
    if host.has_batch and original.key.batch != case.session.batch:
        return Judgement(Reason.ORIGINAL_CLOSED, why.batch_closed(host, original, case.session.batch))
    if request.amount_minor != original.amount_minor:
        return Judgement(Reason.ORIGINAL_AMOUNT_DIFFERS, why.amount_differs(host, original, request.amount_minor))
    return None
