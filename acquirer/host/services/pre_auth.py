"""A pre-authorisation (预授权): an amount is held on a card, until a completion takes what was really spent.

It is decided as a sale is, and its reply has the authorisation code by which everything that follows names it. What is
held stands in its row (`Transaction.authorised_minor`), top-ups included.
"""

from __future__ import annotations

from acquirer.host.case import Case, Deciding
from acquirer.host.issuer.decisions import give_back, judge_sale
from acquirer.host.registry import Undoing, Undone, service
from acquirer.host.request import own_key
from acquirer.host.services.sale import sale


def undo(rows: Undoing) -> Undone:
    """Give back all that is held."""
    held, card = rows.transaction, rows.card
    return Undone(card=None if card is None else give_back(card, held.authorised_minor, held.business_date))


@service("pre_auth", "moto_pre_auth", key=own_key, undo=undo, judge=judge_sale)
def pre_auth(case: Case) -> Deciding:
    """Decide a pre-authorisation."""
    return (yield from sale(case))
