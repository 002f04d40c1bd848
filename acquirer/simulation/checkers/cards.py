"""The checker of cards whose balance is counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from acquirer.simulation.checkers.books import ledger_of
from acquirer.simulation.history import History
from acquirer.simulation.transaction_choices import CARDS, COUNTED_MINOR

ONLINE: Final = (
    "sale", "instalment_sale", "points_sale", "moto_sale", "recurring_sale", "account_load", "other_account_load",
    "pre_auth", "moto_pre_auth", "pre_auth_top_up",
)  # fmt: skip
"""What an issuer is asked about. Advices tell it what was made without it, and completions take up to 115 % of what is
held: they are taken though the card has less."""


def no_card_overdrawn(history: History) -> Iterator[str]:
    """No card pays more than it has or gets back more than it paid, and it has paid what stands in the books."""
    token = history.tokens["balance"]
    for one in history.committed:
        card, before, evidence = one.changes.card, one.card_before, one.changes.evidence
        if card is None or card.token != token:
            continue
        takes = card.spent_minor > (before.spent_minor if before else 0) and evidence.service in ONLINE
        if card.spent_minor < 0 or (takes and card.spent_minor > COUNTED_MINOR):
            yield (
                f"{evidence.tid} STAN {evidence.stan}: after its {evidence.service} card {card.pan_masked} has spent "
                f"{card.spent_minor} of {COUNTED_MINOR}"
            )
    if history.books is None:
        return
    row = history.books.cards.get(token)
    spent, stands = row.spent_minor if row else 0, ledger_of(history).spent_minor(CARDS["balance"])
    if spent != stands:
        yield f"card {CARDS['balance']} has spent {spent}; the transactions that stand come to {stands}"
