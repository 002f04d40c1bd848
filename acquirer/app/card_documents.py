"""Test cards as documents for programs: the table's side of each, and what sales have made of it."""

from __future__ import annotations

from typing import Any

from acquirer.host.issuer.cards import CardEntry
from acquirer.model.rows import Card
from acquirer.slip.receipt import decimal_amount
from acquirer.wire.masking import mask_pan


def card_document(entry: CardEntry, row: Card | None) -> dict[str, Any]:
    """Return what may be shown of a card; never its whole number, its PIN or its key. Amounts are decimal texts."""
    spent_minor = 0 if row is None else row.spent_minor
    balance_minor = entry.balance_minor
    return {
        "name": entry.name,
        "about": entry.about,
        "pan": mask_pan(entry.pan),
        "expiry": entry.expiry,
        "sequence": entry.sequence,
        "service_code": entry.service_code,
        "chip": entry.chip,
        "imk_kcv": entry.imk_kcv,
        "pin_required": entry.pin_required,
        "pin_checked": entry.pin is not None,
        "status": entry.status,
        "organisation": entry.organisation,
        "balance": _money(balance_minor),
        "limit": _money(entry.limit_minor),
        "daily_limit": _money(entry.daily_limit_minor),
        "daily_count": entry.daily_count,
        "spent": decimal_amount(spent_minor),
        "left": None if balance_minor is None else decimal_amount(balance_minor - spent_minor),
        "day": "" if row is None else row.day,
        "day_spent": decimal_amount(0 if row is None else row.day_spent_minor),
        "day_count": 0 if row is None else row.day_count,
        "pin_tries": 0 if row is None else row.pin_tries,
    }


def _money(minor: int | None) -> str | None:
    return None if minor is None else decimal_amount(minor)
