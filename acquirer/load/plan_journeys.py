"""Journeys in plans, and on the command line: a name with its defaults, or a table of what there is in them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from acquirer.data.table import Table
from acquirer.data.toml import did_you_mean
from acquirer.load.plan_values import parsed_text, read_amounts, share_of, whole_of
from acquirer.load.terminal_journeys import JOURNEYS, TerminalJourney

MOST_SALES: Final = 1_000
PAYMENT: Final = ("amount", "cards", "entry", "pin")
"""What a journey with sales says of how is paid."""


def read_journey(name: str) -> TerminalJourney:
    """Return a journey with its defaults. Raises ValueError."""
    if name not in JOURNEYS:
        hint = did_you_mean(name, JOURNEYS) or f"; there are {', '.join(JOURNEYS)}"
        raise ValueError(f"there is no '{name}'{hint}")
    return JOURNEYS[name].journey(name)


def journey_of(table: Table, default: TerminalJourney) -> TerminalJourney:
    """Return what a table says under `journey`. Raises DataError."""
    value = table.raw("journey")
    if value is None:
        return default
    if isinstance(value, dict):
        return _journey_table(table.table("journey"))
    if not isinstance(value, str):
        raise table.error("journey", 'must be a text, or a table like { name = "day", sales = 8 }')
    return parsed_text(table, "journey", read_journey)


def _journey_table(table: Table) -> TerminalJourney:
    journey = parsed_text(table, "name", read_journey)
    own = JOURNEYS[journey.name].defaults
    table.only(("name", *own, *PAYMENT * bool(journey.sales)))
    given: dict[str, Any] = {
        name: whole_of(table, name, journey.sales, most=MOST_SALES) if name == "sales" else share_of(table, name, value)
        for name, value in own.items()
    }
    return _paid(table, replace(journey, **given)) if journey.sales else replace(journey, **given)


def _paid(table: Table, journey: TerminalJourney) -> TerminalJourney:
    """Return a journey with what the table says of its payments."""
    amounts = journey.least_minor, journey.most_minor
    if table.raw("amount") is not None:
        amounts = parsed_text(table, "amount", read_amounts)
    return replace(
        journey,
        least_minor=amounts[0],
        most_minor=amounts[1],
        cards=tuple(table.texts("cards", ())),
        entry=table.text("entry", journey.entry),
        pin=table.flag("pin", False),
    )
