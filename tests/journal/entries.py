"""Exchanges as the journal has them, without a store."""

from __future__ import annotations

from acquirer.journal.entry import Entry
from acquirer.journal.packed import PackedExchange, unpacker
from acquirer.journal.render import render
from acquirer.model.evidence import Evidence


def entry_of(exchange: Evidence | PackedExchange, number: int = 1, delivery: str | None = None) -> Entry:
    """Return an exchange as it reads once it was written."""
    packed = render(exchange) if isinstance(exchange, Evidence) else exchange
    at_us, tid, form, data = packed
    return unpacker(form)(number, at_us, tid, data, delivery)
