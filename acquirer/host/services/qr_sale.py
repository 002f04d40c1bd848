"""A sale by QR code (扫码消费): the cardholder's telephone shows a payment code; no card is there.

The code travels as tag A3 of DE 59, and the reply has a voucher number as tag A4 (`dialect.private_forms`). A void or a
refund names the sale as those of other sales do, or by that number. Terminals send these messages with a MAC or without
one.
"""

from __future__ import annotations

import re
from typing import Final

from acquirer.host.booking import book
from acquirer.host.case import Case
from acquirer.host.decision import Decision
from acquirer.host.issuer.decisions import Judgement
from acquirer.host.qr_voucher import make_voucher_number
from acquirer.host.registry import service
from acquirer.host.request import own_key
from acquirer.host.services.reservation_sale import undo
from acquirer.host.text import place
from acquirer.model.reasons import Reason

CODE: Final = re.compile("62[0-9]{17}")
CODE_DIGITS: Final = 19


@service("qr_sale", key=own_key, undo=undo)
def qr_sale(case: Case) -> Decision:
    """Decide a sale by QR code."""
    case.begin()
    if refusal := case.unsound(card=False):
        return book(case, refusal)
    dialect = case.host.dialect
    if not CODE.fullmatch(dialect.forms.qr_code.read(case.host.read.qr_code(case.fields))):
        form = dialect.forms.qr_code
        before = f"{form.tag}, {CODE_DIGITS:0{form.length_digits}} and " if form.tag else ""
        sentence = f"{place(dialect, 'qr_code')} has no payment code; send {before}nineteen digits that begin with 62"
        return book(case, Judgement(Reason.FORMAT_ERROR, sentence))
    elements = {"qr_voucher": make_voucher_number(case)} if "qr_voucher" in dialect.elements else {}
    return book(case, Judgement(Reason.APPROVED, "approved: the payment code is good"), elements=elements)
