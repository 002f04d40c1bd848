"""A reservation sale (预约消费): the cardholder has announced it by telephone; no card is there, only a reservation.

DE 62 names it: `90`, mobile number 11, reservation number 6. Source: Q/CUP 009, usage of DE 62 by reservations.
"""

from __future__ import annotations

import re

from acquirer.host.booking import book
from acquirer.host.case import Case
from acquirer.host.decision import Decision
from acquirer.host.issuer.decisions import Judgement
from acquirer.host.registry import Undoing, Undone, service
from acquirer.host.request import own_key
from acquirer.host.text import place
from acquirer.model.reasons import Reason


def undo(_rows: Undoing) -> Undone:
    """Change nothing else: there is no card."""
    return Undone()


@service("reservation_sale", key=own_key, undo=undo)
def reservation_sale(case: Case) -> Decision:
    """Decide a reservation sale."""
    case.begin()
    if refusal := case.unsound(card=False):
        return book(case, refusal)
    if not re.fullmatch(r"9[01][0-9]{11}[0-9A-Za-z ]{6} *", case.host.read.reservation(case.fields)):
        where = place(case.host.dialect, "reservation")
        sentence = f"{where} is no reservation; send 90, eleven digits of mobile number and a reservation number of six"
        return book(case, Judgement(Reason.FORMAT_ERROR, sentence))
    return book(case, Judgement(Reason.APPROVED, "approved: there is such a reservation"))
