"""A refund (退货): a sale of any terminal of the merchant is given back, partly or whole, within so many days.

The sale is named by reference number, date and card, one by QR code also by its voucher number; where the message
repeats the sale's own numbers too (DE 90, DE 56; UnionPay 61.1, 61.2 when they are not zeros) they must agree. Refunds
are taken until the sale's amount is used up, also after its batch is closed. Tests in the order of a real host:
unknown, another card, not in its normal state 25 · too old 22 · more than is left 61. What is left stands in the sale's
own row, which changes in the same commit.
"""

from __future__ import annotations

from dataclasses import replace

from acquirer.host.booking import book
from acquirer.host.case import Case, Deciding
from acquirer.host.explain import originals as why
from acquirer.host.issuer.decisions import Judgement, give_back, spend
from acquirer.host.kinds import KINDS
from acquirer.host.lifecycle import Action, action
from acquirer.host.qr_voucher import rrn_of_voucher
from acquirer.host.registry import Undoing, Undone, service
from acquirer.host.request import original_key, own_key
from acquirer.host.ties import days_between
from acquirer.host.value_notes import original_notes
from acquirer.model.reasons import Reason
from acquirer.model.rows import Transaction


def undo(rows: Undoing) -> Undone:
    """Take back what the refund has given."""
    refund, original, card = rows.transaction, rows.original, rows.card
    if original is None:
        return Undone()
    left = max(0, original.refunded_minor - refund.amount_minor)
    sale = replace(original, refunded_minor=left, state="refunded" if left else "approved")
    return Undone(sale, None if card is None else spend(card, refund.amount_minor, original.business_date, whole=False))


@service("refund", "points_refund", "moto_refund", "qr_refund", key=own_key, undo=undo)
def refund(case: Case) -> Deciding:
    """Decide a refund."""
    case.begin()
    if refusal := case.unsound(card=not KINDS[case.request.service].cardless):
        return book(case, refusal)
    read = case.host.read
    rrn, date = read.rrn(case.fields), read.original_date(case.fields)
    if KINDS[case.request.service].cardless and (voucher := rrn_of_voucher(case)):
        rrn, date = voucher, date if date.strip("0") else ""
    original = yield from case.load_original(rrn=rrn, date=date)
    if original is None and rrn and date and (other := (yield from case.load_original(rrn=rrn))) is not None:
        return book(case, Judgement(Reason.ORIGINAL_UNKNOWN, why.refund_of_another_date(case.host, other, date)))
    if refusal := _mismatch(case, original):
        return book(case, refusal)
    assert original is not None
    row = yield from case.load_card_row(original.card)
    amount_minor = case.request.amount_minor or 0
    after = replace(original, state="refunded", refunded_minor=original.refunded_minor + amount_minor)
    card = None if row is None else give_back(row, amount_minor, original.business_date, whole=False)
    sentence = why.refunded(case.host, after, amount_minor)
    notes = tuple(original_notes(case.host, case.request, original, numbers=False))
    return book(case, Judgement(Reason.APPROVED, sentence, card), notes=notes, original=after)


def _mismatch(case: Case, original: Transaction | None) -> Judgement | None:
    """Return why the named transaction cannot be refunded by so much; None when it can."""
    host, request = case.host, case.request
    course = action(original, "refund")
    if original is None or course is Action.UNKNOWN:
        return Judgement(Reason.ORIGINAL_UNKNOWN, why.refund_unknown(host, request))
    if original.card != case.card_token():
        return Judgement(Reason.ORIGINAL_UNKNOWN, why.card_differs(host, original, case.card.masked))
    named = original_key(host, request)
    for number, ours in ((named.stan, original.key.stan), (named.batch, original.key.batch)):
        if number.strip("0") and number != ours:
            return Judgement(Reason.ORIGINAL_UNKNOWN, why.numbers_differ(host, original, named))
    if (currency := host.read.currency(case.fields)) != original.currency:
        return Judgement(Reason.CURRENCY_DIFFERS, why.currency_differs(host, original, currency))
    kind = KINDS[request.service]
    if original.kind in KINDS and KINDS[original.kind].never_refunded:
        return Judgement(Reason.ORIGINAL_NOT_REFUNDABLE, why.never_refunded(host, original))
    if course is Action.CLOSED or original.kind not in kind.of:
        return Judgement(Reason.ORIGINAL_CLOSED, why.closed(host, original, kind))
    days = days_between(original.business_date, request.stamp.day)
    if days > host.options.refund_days:
        sentence = why.too_old(host, original, days, host.options.refund_days, "refund_days")
        return Judgement(Reason.ORIGINAL_TOO_OLD, sentence)
    if (request.amount_minor or 0) > original.amount_minor - original.refunded_minor:
        return Judgement(Reason.REFUND_EXCEEDS, why.refund_exceeds(host, original, request.amount_minor))
    return None
