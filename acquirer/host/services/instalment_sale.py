"""A sale by instalments (分期付款消费): paid in so many parts, with a fee that the reply tells.

The request says how many, for which project and how the fee is paid: 62 characters of DE 62, of which some terminals
send the first 32 only, and some put their number in front. The reply (77) has first instalment, currency, fee, points,
how the fee is paid, and its parts. Such a sale is voided, and never refunded.
Source: Q/CUP 009, usage of DE 62 by instalments.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from acquirer.host.booking import book
from acquirer.host.case import Case, Deciding
from acquirer.host.issuer.decisions import Judgement, judge_sale
from acquirer.host.registry import service
from acquirer.host.request import own_key
from acquirer.host.services.sale import undo
from acquirer.host.text import money, place
from acquirer.model.reasons import Reason

PERIODS: Final = slice(0, 2)
PROJECT: Final = slice(2, 32)
FEE_MODE: Final = 33
SHORTEST: Final = 32
WHOLE_FEE, FEE_BY_PARTS = "0", "1"

FEE_PERMILLE: Final = 5
"""Of the amount for each instalment: half a per cent, as banks ask."""


@dataclass(frozen=True, slots=True)
class InstalmentPlan:
    """What a request wants."""

    periods: int
    project: str
    fee_mode: str

    def reply(self, amount_minor: int, currency: str) -> str:
        """Return the text of the reply."""
        fee_minor = amount_minor * FEE_PERMILLE // 1000 * self.periods
        first_minor = amount_minor - amount_minor // self.periods * (self.periods - 1)
        by_parts = self.fee_mode == FEE_BY_PARTS
        each_minor = fee_minor // self.periods if by_parts else 0
        first_fee_minor = fee_minor - each_minor * (self.periods - 1)
        figures = (
            f"{first_minor:012}{currency}{fee_minor:012}{0:012}{self.fee_mode}{first_fee_minor:012}{each_minor:012}"
        )
        return figures + " " * 13


def read_instalments(text: str) -> InstalmentPlan | None:
    """Return what a request wants; None when it cannot be read.

    >>> read_instalments("12" + "000123".ljust(30) + "11").periods
    12
    >>> read_instalments("3"), read_instalments("00" + "1".ljust(30))
    (None, None)
    """
    if text[:3].isdecimal() and int(text[:3]) == len(text) - 3:  # BWA's number of what follows
        text = text[3:]
    periods = text[PERIODS]
    if len(text) < SHORTEST or not periods.isdecimal() or not int(periods):
        return None
    mode = text[FEE_MODE : FEE_MODE + 1]
    return InstalmentPlan(int(periods), text[PROJECT].strip(), mode if mode in (WHOLE_FEE, FEE_BY_PARTS) else WHOLE_FEE)


@service("instalment_sale", key=own_key, undo=undo)
def instalment_sale(case: Case) -> Deciding:
    """Decide a sale by instalments."""
    case.begin()
    if refusal := case.unsound():
        return book(case, refusal)
    plan = read_instalments(case.host.read.instalments(case.fields))
    if plan is None:
        where = place(case.host.dialect, "instalments")
        sentence = f"{where} is no order of instalments; send two digits of instalments and 30 characters of project"
        return book(case, Judgement(Reason.FORMAT_ERROR, sentence))
    use = case.card_use()
    if isinstance(use, Judgement):
        return book(case, use)
    row = yield from case.load_card()
    judgement = judge_sale(case.host.issuer, use[0], row)
    amount_minor = case.request.amount_minor or 0
    if judgement.reason is Reason.APPROVED:
        judgement.why = f"{judgement.why}; {money(amount_minor)} in {plan.periods} instalments"
    reply = plan.reply(amount_minor, case.host.read.currency(case.fields))
    return book(case, judgement, notes=use[1], elements={"instalments": reply})
