"""A sale: the shared prologue, then the trigger amount, the PIN and the issuer's word.

A transaction is (merchant, terminal, batch, STAN), or what the dialect has for a batch; the same request again gets the
stored answer, another request under the same number is refused, and a sale that comes after its reversal is never
booked (`acquirer.host.lifecycle`).
"""

from __future__ import annotations

from acquirer.host.booking import book
from acquirer.host.case import Case, Deciding
from acquirer.host.core import SILENT_CENTS, Host
from acquirer.host.issuer.decisions import Judgement, give_back, judge_sale
from acquirer.host.registry import Undoing, Undone, service
from acquirer.host.request import own_key
from acquirer.host.text import money
from acquirer.model.reasons import Reason


def undo(rows: Undoing) -> Undone:
    """Give back what the sale took from its card."""
    sale, card = rows.transaction, rows.card
    return Undone(card=None if card is None else give_back(card, sale.amount_minor, sale.business_date))


@service("sale", key=own_key, undo=undo, judge=judge_sale)
def sale(case: Case) -> Deciding:
    """Decide a sale."""
    case.begin()
    if refusal := case.unsound():
        return book(case, refusal)
    notes: tuple[str, ...] = ()
    amount_minor = case.request.amount_minor or 0
    if case.host.options.trigger_amounts and amount_minor % 100:
        if amount_minor % 100 == SILENT_CENTS:
            sentence = f"trigger amount {money(amount_minor)}: approved, and not answered; its reversal should follow"
            return book(case, Judgement(Reason.APPROVED, sentence), silent=True)
        if code := _triggered(case.host, amount_minor):
            meaning = case.host.dialect.codes[code].meaning.en
            sentence = f"trigger amount {money(amount_minor)}: its cents choose {code}, {meaning}"
            return book(case, Judgement(Reason.CHOSEN, sentence), code=code)
        name, cents = case.host.dialect.name, f"{amount_minor % 100:02}"
        notes = (f"trigger-amount: {money(amount_minor)} names code {cents}, which {name} does not know",)
    use = case.card_use()
    if isinstance(use, Judgement):
        return book(case, use, notes=notes)
    row = yield from case.load_card()
    judgement = judge_sale(case.host.issuer, use[0], row)
    return book(case, judgement, notes=(*notes, *use[1]))


def _triggered(host: Host, amount_minor: int) -> str:
    """Return the code that the cents name: of three digits, 1xx declines; "" when the dialect has no such code."""
    cents = f"{amount_minor % 100:02}"
    return next((code for code in (cents, f"1{cents}") if code in host.dialect.codes), "")
