"""A recurring sale (代收): a standing order of the cardholder's, decided as any sale is."""

from __future__ import annotations

from acquirer.host.case import Case, Deciding
from acquirer.host.issuer.decisions import judge_sale
from acquirer.host.registry import service
from acquirer.host.request import own_key
from acquirer.host.services.sale import sale, undo


@service("recurring_sale", key=own_key, undo=undo, judge=judge_sale)
def recurring_sale(case: Case) -> Deciding:
    """Decide a recurring sale."""
    return (yield from sale(case))
