"""An adjustment (结算调整), also by a tip (追加小费): another amount stands in the place of a sale's.

The sale, on line or offline, is named by batch and STAN of this terminal, while its batch is open. It is counted no
longer: the adjustment is, with the whole new amount. Both are advices: the issuer is not asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from acquirer.host.booking import book
from acquirer.host.case import Case, Deciding
from acquirer.host.explain import originals as why
from acquirer.host.issuer.decisions import Judgement, take
from acquirer.host.registry import service
from acquirer.host.request import own_key
from acquirer.host.text import money
from acquirer.host.ties import load_named, not_open
from acquirer.host.value_notes import original_notes
from acquirer.model.reasons import Reason
from acquirer.model.rows import Transaction


@service("settlement_adjustment", "tip_adjustment", key=own_key)
def adjustment(case: Case) -> Deciding:
    """Book an adjustment."""
    case.begin()
    if refusal := case.unsound():
        return book(case, refusal)
    sale = yield from load_named(case)
    if refusal := not_open(case, sale):
        return book(case, refusal)
    assert sale is not None
    row = yield from case.load_card_row(sale.card)
    amount_minor = case.request.amount_minor or 0
    return book(
        case,
        Judgement(
            Reason.APPROVED,
            why.adjusted(case.host, sale, amount_minor),
            take(row, amount_minor - sale.amount_minor, sale.business_date),
        ),
        notes=(*_tip_notes(case, sale, amount_minor), *original_notes(case.host, case.request, sale)),
        original=replace(sale, state="adjusted"),
    )


def _tip_notes(case: Case, sale: Transaction, amount_minor: int) -> Iterator[str]:
    """Yield a note about a tip that does not make the new amount of the old one."""
    text = case.host.read.tip(case.fields)
    if text.isdecimal() and sale.amount_minor + int(text) != amount_minor:
        yield (
            f"tip: {money(sale.amount_minor)} and a tip of {money(int(text))} are not {money(amount_minor)}; send the "
            "sum as the amount"
        )
