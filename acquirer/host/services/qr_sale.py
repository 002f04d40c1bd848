"""A sale by QR code (扫码消费): the cardholder's telephone shows a payment code; no card is there.

The code travels as tag A3 of DE 59, tag 2, length 3, and the reply has a voucher number as tag A4. A void or a refund
names the sale as those of other sales do. Terminals send these messages with a MAC or without one.
"""

from __future__ import annotations

import re
from typing import Final

from acquirer.host.booking import book
from acquirer.host.case import Case
from acquirer.host.decision import Decision
from acquirer.host.issuer.decisions import Judgement
from acquirer.host.registry import service
from acquirer.host.request import own_key
from acquirer.host.services.reservation_sale import undo
from acquirer.host.text import place
from acquirer.model.reasons import Reason

CODE: Final = re.compile("A3019(62[0-9]{17})")
VOUCHER_DIGITS: Final = 20


@service("qr_sale", key=own_key, undo=undo)
def qr_sale(case: Case) -> Decision:
    """Decide a sale by QR code."""
    case.begin()
    if refusal := case.unsound(card=False):
        return book(case, refusal)
    if not CODE.match(case.host.read.qr_code(case.fields)):
        where = place(case.host.dialect, "qr_code")
        sentence = f"{where} has no payment code; send A3, 019 and nineteen digits that begin with 62"
        return book(case, Judgement(Reason.FORMAT_ERROR, sentence))
    voucher = f"A4{VOUCHER_DIGITS:03}{case.rrn.zfill(VOUCHER_DIGITS)}"
    return book(case, Judgement(Reason.APPROVED, "approved: the payment code is good"), elements={"qr_code": voucher})
