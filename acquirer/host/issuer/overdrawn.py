"""Cards of which reversals left less than nothing."""

from __future__ import annotations

from acquirer.host.issuer.cards import CardTable
from acquirer.host.text import money
from acquirer.model.rows import Card


def overdrawn_notes(table: CardTable, pan: str, row: Card | None) -> tuple[str, ...]:
    """Return a note where a reversal leaves less than nothing on a card.

    A void that is reversed takes its money again, which may have been spent since. It was authorised, and a reversal
    asks no one (Q/CUP 009: its tests are the transaction, its state, day and amount): so it is never refused for this.
    """
    entry = table.cards.get(pan)
    if row is None or entry is None or entry.balance_minor is None or row.spent_minor <= entry.balance_minor:
        return ()
    left = entry.balance_minor - row.spent_minor
    return (
        f"overdrawn: card '{entry.name}' has -{money(-left)} left of {money(entry.balance_minor)}: what a reversal "
        "restores was authorised before, and is not refused for want of money",
    )
