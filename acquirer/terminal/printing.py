"""The receipt of an approved sale: from the request, the reply and the terminal's own setup."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from acquirer.slip.receipt import Receipt
from acquirer.terminal.card import CardData
from acquirer.terminal.exchange import Exchange
from acquirer.terminal.machine import Setup
from acquirer.wire.habits import Entry
from acquirer.wire.masking import as_text


def receipt(
    setup: Setup,
    exchange: Exchange,
    entry: Entry,
    card: CardData,
    amount_minor: int,
    at: datetime,
    tags: Mapping[str, bytes],
) -> Receipt:
    """What to print for an approved sale."""
    dialect, slip, reply = setup.dialect, setup.habits.slip, exchange.reply
    assert reply is not None

    def told(element: str) -> str:
        return (as_text(dialect.text(reply, element)) or "").strip() if element in dialect.elements else ""

    def name(role: str) -> str:
        element, start, stop = slip.names.get(role, ("", 0, 0))
        return (as_text(dialect.text(reply, element)[start:stop]) or "").strip() if element in dialect.elements else ""

    approved = told("amount")
    title = exchange.title
    return Receipt(
        merchant=setup.merchant,
        mid=setup.mid,
        tid=setup.tid,
        operator=setup.operator,
        card=card.masked,
        entry=entry.letter,
        kind=f"{title.zh}/{title.en.upper()}" if title.zh else title.en.upper(),
        batch=str(dialect.get_from(exchange.request, "batch") or ""),
        stan=exchange.stan,
        amount_minor=int(approved) if approved.isdigit() else amount_minor,
        currency=slip.currency,
        expiry=card.expiry,
        organisation=told("organisation"),
        issuer=name("issuer"),
        acquirer=name("acquirer"),
        auth_id=told("auth_id"),
        rrn=told("rrn"),
        at=_dated(told("date"), told("time"), at),
        chip=tuple((label, tags[tag].hex().upper()) for label, tag in slip.icc.items() if tag in tags),
    )


def _dated(date: str, time: str, at: datetime) -> str:
    """The host's date and time with the year that puts them nearest to our own clock; our own when it gave none.

    >>> _dated("1231", "235959", datetime(2027, 1, 1, 0, 0, 3))
    '2026/12/31 23:59:59'
    """
    choices = []
    for year in (at.year - 1, at.year, at.year + 1):
        try:
            choices.append(datetime.strptime(f"{year}{date}{time}", "%Y%m%d%H%M%S"))
        except ValueError:  # no such day in that year, or no date at all
            continue
    own = at.replace(tzinfo=None)
    best = min(choices, key=lambda moment: abs(moment - own), default=own)
    return f"{best:%Y/%m/%d %H:%M:%S}"
