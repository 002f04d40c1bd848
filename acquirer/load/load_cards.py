"""Cards that pay in a plan: found by their names, and tried with an order before anything is sent."""

from __future__ import annotations

from acquirer.dialect.dialect import Dialect
from acquirer.errors import ConfigurationError
from acquirer.load.plan import LoadPlan, PlanError
from acquirer.load.terminal_journeys import OWN_CARD, TerminalJourney, local_now
from acquirer.settings.cards import load_cards
from acquirer.settings.held_cards import card_entry, held_card
from acquirer.terminal.card import CardData
from acquirer.terminal.kinds import SALE
from acquirer.terminal.order import check_order


def cards_of(plan: LoadPlan, journey: TerminalJourney) -> tuple[CardData, ...]:
    """Return the cards that pay in a journey: those that it names, else one of our own.

    Raises:
        PlanError: a PIN is to be keyed in, and the table has none for a card.
        CardError: there is no such card.
        DataError: the table is wrong.
    """
    table = load_cards(plan.cards)
    held = []
    for name in journey.cards:
        entry = card_entry(name, table)
        pin = (entry.pin or "") if journey.pin else ""
        if journey.pin and not pin:
            raise PlanError(f"the card '{name}' has no PIN in the table of cards: give it one, or ask for none")
        held.append(held_card(entry, pin))
    return tuple(held) or (OWN_CARD,)


def check_cards(plan: LoadPlan, dialect: Dialect) -> None:
    """Refuse cards that are not there, and sales that terminals of a dialect cannot make.

    Raises:
        PlanError, DataError: one sentence.
    """
    for name, phase in zip(plan.phase_names, plan.phases, strict=True):
        journey = phase.journey
        if not journey.sales:
            continue
        assert dialect.terminal_profile is not None
        try:
            for card in cards_of(plan, journey):
                check_order(dialect.terminal_profile, SALE, journey.order(card, journey.most_minor, local_now()))
        except ConfigurationError as exc:
            raise PlanError(f"{name}: {exc}") from None
