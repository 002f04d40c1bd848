"""Cards of a table as a cardholder presents them: number, track, chip, and the PIN that is keyed in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from acquirer.data.toml import did_you_mean
from acquirer.host.issuer.cards import CardEntry
from acquirer.settings.cards import load_cards
from acquirer.terminal.card import CardData, CardError, card


def card_entry(name: str, cards: Path | str | None = None) -> CardEntry:
    """Return a card of a table by its name; without a file it is the shipped one.

    Raises:
        CardError: there is none.
        DataError: the table is wrong.
    """
    table = load_cards(str(cards) if cards else None)
    found = table.named(name)
    if found is None:
        names = sorted(entry.name for entry in table.cards.values())
        hint = did_you_mean(name, names) or f"; known: {', '.join(names)}"
        raise CardError(f"there is no test card '{name}'{hint}")
    return found


def held_card(entry: CardEntry, pin: str = "") -> CardData:
    """Return what a terminal reads of a card, with its issuer's key where it has one, and the PIN that is keyed in."""
    held = card(entry.pan, entry.expiry, sequence=entry.sequence, service_code=entry.service_code, pin=pin)
    return replace(held, imk=entry.imk)
