"""Cards of a table as a cardholder presents them: number, track, chip, and the PIN that is keyed in."""

from __future__ import annotations

from dataclasses import replace

from acquirer.data.toml import did_you_mean
from acquirer.host.issuer.cards import CardEntry, CardTable
from acquirer.terminal.card import CardData, CardError, card


def card_entry(name: str, table: CardTable) -> CardEntry:
    """Return a card of a table by its name. Raises CardError when there is none."""
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
