"""A transaction to make, and whether this terminal can make it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from acquirer.data.text import indefinite
from acquirer.dialect.terminal_profile import EntryMode, TerminalProfile
from acquirer.errors import ConfigurationError
from acquirer.slip.receipt import decimal_amount
from acquirer.terminal.card import CardData
from acquirer.terminal.kept_transactions import Original
from acquirer.terminal.kind import Kind
from acquirer.wire.message import Value

if TYPE_CHECKING:
    from acquirer.terminal.signature_pad import Pad

MOST_MINOR = 999_999_999_999  # twelve digits: what element `amount` holds

STORED = "stored"
"""The entry of a transaction for which no card is read: its number is that of a kept sale."""


class OrderError(ConfigurationError, ValueError):
    """A transaction that this terminal cannot make: what is wrong with it and what to give instead."""


@dataclass(frozen=True, slots=True)
class Order:
    """A transaction to make."""

    amount_minor: int
    card: CardData
    at: datetime  # the terminal's own clock, for the chip's data and the receipt's year
    entry: str = "chip"  # a name of `profile.entries`, or `STORED`
    drop_reversal: bool = False  # give up the reversal that is owed, if there is one
    pad: Pad | None = None  # what the cardholder draws when it is approved; None: there is no pad
    original: Original | None = None  # the transaction that it is tied to
    chip_refuses: bool = False  # the card's chip answers AAC
    details: Mapping[str, Value] = field(default_factory=dict, repr=False)  # further elements of its request


def check_order(profile: TerminalProfile, kind: Kind, order: Order) -> EntryMode:
    """Return how the card of an order is entered.

    Raises:
        OrderError: the dialect has no such entry, the card lacks what it needs, or the amount has no room.
    """
    entry = find_entry(profile, order.entry)
    if not 0 <= order.amount_minor <= MOST_MINOR:
        raise OrderError(f"an amount is between 0.00 and {decimal_amount(MOST_MINOR)}")
    if "track2" in entry.carries and "pan" not in entry.carries and not order.card.track2:
        raise OrderError(f"an entry by {order.entry} needs a track 2: give --track2, or --expiry beside --pan")
    if order.card.pin and not kind.pin:
        raise OrderError(f"{kind.not_done}: {indefinite(kind.noun)} carries no PIN")
    return entry


def find_entry(profile: TerminalProfile, name: str) -> EntryMode:
    """Return the entry of this name; `STORED` has one in every dialect. Raises OrderError."""
    entry = profile.entries.get(name)
    if entry is None and name == STORED:
        entry = _without_card(profile)
    if entry is None:
        known = ", ".join([one for one in profile.entries if one != STORED])
        raise OrderError(f"there is no entry '{name}'; known: {known}")
    return entry


def _without_card(profile: TerminalProfile) -> EntryMode | None:
    """Return the entry of a kept card number in a dialect that has none by this name."""
    entry = profile.entries.get("manual") or next(
        (one for one in profile.entries.values() if "pan" in one.carries), None
    )
    return replace(entry, letter="N") if entry else None
