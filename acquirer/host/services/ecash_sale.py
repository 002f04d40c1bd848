"""An electronic cash sale (电子现金脱机消费): paid from the chip, without the host; its certificate is uploaded later.

It comes as a request or as an advice, and has happened either way: it is booked, never reversed, and charges no account
of the card. Its repeat gets the same answer.
"""

from __future__ import annotations

from acquirer.host.booking import book
from acquirer.host.case import Case
from acquirer.host.decision import Decision
from acquirer.host.issuer.decisions import Judgement
from acquirer.host.registry import service
from acquirer.host.request import own_key
from acquirer.model.reasons import Reason


@service("ecash_sale", key=own_key)
def ecash_sale(case: Case) -> Decision:
    """Book an electronic cash sale."""
    case.begin()
    if refusal := case.unsound():
        return book(case, refusal)
    return book(case, Judgement(Reason.APPROVED, f"booked: paid with electronic cash of card {case.card.masked}"))
