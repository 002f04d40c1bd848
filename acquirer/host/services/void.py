"""A void (撤销): a transaction of this terminal is taken back, whole, while its batch is open and its day lasts.

It is named by batch and STAN (UnionPay 61.1, 61.2), or by what the dialect's STANs are unique within; a sale by QR
code also by its voucher number (DE 59, tag A4). The transaction
stays in the totals, its void is counted on the other side; a void that is reversed lets it live again. Which kinds
each void takes back stands in the table of kinds; what keeps one from that, in `ties`.
"""

from __future__ import annotations

from dataclasses import replace

from acquirer.host.booking import book
from acquirer.host.case import Case, Deciding
from acquirer.host.explain import originals as why
from acquirer.host.issuer.decisions import Judgement, give_back, judge_pin, spend
from acquirer.host.kinds import KINDS
from acquirer.host.qr_voucher import rrn_of_voucher
from acquirer.host.registry import Undoing, Undone, service
from acquirer.host.request import original_key, own_key
from acquirer.host.ties import LoadingOriginal, load_named, not_voidable
from acquirer.host.value_notes import original_notes
from acquirer.model.reasons import Reason


def undo(rows: Undoing) -> Undone:
    """Let the voided transaction live again."""
    void, original, card = rows.transaction, rows.original, rows.card
    if original is None or original.state != "voided":
        return Undone()
    taken = None if card is None else spend(card, void.amount_minor, original.business_date)
    return Undone(replace(original, state="approved"), taken)


@service(
    "void",
    "instalment_void",
    "points_void",
    "moto_void",
    "reservation_void",
    "recurring_void",
    "qr_void",
    key=own_key,
    undo=undo,
)
def void(case: Case) -> Deciding:
    """Decide a void."""
    case.begin()
    cardless = KINDS[case.request.service].cardless
    if refusal := case.unsound(card=not cardless):
        return book(case, refusal)
    rrn = rrn_of_voucher(case) if cardless else ""
    original = yield from (_load_by_voucher(case, rrn) if rrn else load_named(case))
    if rrn and original is None:
        return book(case, Judgement(Reason.ORIGINAL_UNKNOWN, why.voucher_unknown(case.host, rrn)))
    if refusal := not_voidable(case, original):
        return book(case, refusal)
    assert original is not None
    if cardless:
        judgement = Judgement(Reason.APPROVED, why.voided(case.host.dialect, original))
        return book(case, judgement, original=replace(original, state="voided"))
    row = yield from case.load_card_row(original.card)
    use = case.card_use()
    if isinstance(use, Judgement):
        return book(case, use)
    if refusal := judge_pin(case.host.issuer, use[0], row):
        return book(case, refusal, notes=use[1])
    card = None if row is None else give_back(row, original.amount_minor, original.business_date)
    return book(
        case,
        Judgement(Reason.APPROVED, why.voided(case.host.dialect, original), card),
        notes=(*use[1], *original_notes(case.host, case.request, original)),
        original=replace(original, state="voided"),
    )


def _load_by_voucher(case: Case, rrn: str) -> LoadingOriginal:
    """Load the sale of this terminal whose voucher number the message has, if other numbers of it do not contradict."""
    original = yield from case.load_original(rrn=rrn)
    if original is None or original.key.tid != case.request.tid:
        return None
    named = original_key(case.host, case.request)
    pairs = ((named.stan, original.key.stan), (named.batch, original.key.batch))
    return None if any(number.strip("0") and number != ours for number, ours in pairs) else original
