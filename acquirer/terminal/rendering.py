"""One readable line per exchange, and its JSON form."""

from __future__ import annotations

from typing import Any

from acquirer.terminal.exchange import Exchange, Outcome, Result
from acquirer.wire.masking import as_text, mask_card_numbers, readable

ARROWS = {"out": "→", "in": "←"}

OUTCOME_WORDS = {
    Outcome.NO_ANSWER: "no answer",
    Outcome.MAC_DIFFERS: "MAC differs",
    Outcome.MALFORMED: "malformed",
    Outcome.KEYS_DIFFER: "keys differ",
    Outcome.NOT_SENT: "not sent",
}
"""Outcomes that no response code expresses."""


def began(exchange: Exchange) -> str:
    """Return ``→ 0200 sale STAN 000002 12.34 621234******1232 …``: what is printed while the answer is awaited."""
    stan = f"STAN {exchange.stan}" if exchange.stan else ""
    words = (ARROWS["out"], exchange.mti, exchange.title.en, stan, *exchange.about, "…")
    return " ".join(word for word in words if word)


def ended(exchange: Exchange) -> str:
    """Return ``← 0210 00 approved · 3 ms``: what is added to the line when the exchange is over."""
    reply = exchange.reply
    parts = [" ".join(word for word in (ARROWS["in"], reply.mti if reply else "", outcome_text(exchange)) if word)]
    if exchange.detail:
        parts.append(exchange.detail)
    parts += exchange.notes
    if exchange.outcome is not Outcome.NOT_SENT:
        parts.append(f"{(exchange.took_us + 500) // 1000} ms")
    return " · ".join(parts)


def line(exchange: Exchange) -> str:
    """Return the whole exchange in one line."""
    return f"{began(exchange)} {ended(exchange)}"


def exchange_json(exchange: Exchange) -> dict[str, Any]:
    """Return an exchange as JSON: amounts and card numbers as they are shown, never more."""
    return {
        "service": exchange.service,
        "mti": exchange.mti,
        "stan": exchange.stan,
        "outcome": str(exchange.outcome),
        "reply_mti": exchange.reply.mti if exchange.reply else "",
        "code": exchange.code,
        "meaning": exchange.meaning.en,
        "meaning_zh": exchange.meaning.zh,
        "detail": exchange.detail,
        "notes": list(exchange.notes),
        "elements": elements(exchange),
        "took_us": exchange.took_us,
    }


def result_json(result: Result) -> dict[str, Any]:
    """Return an operation as JSON, with all its exchanges."""
    return {
        "service": result.service,
        "outcome": str(result.outcome),
        "code": result.code,
        "reversal": result.reversal,
        "signature": str(result.signature or ""),
        "balance_minor": result.balance_minor,
        "sentence": result.sentence,
        "exchanges": [exchange_json(exchange) for exchange in result.exchanges],
    }


SHOWN = ("rrn", "auth_id", "batch", "settlement_date", "time", "date", "acquirer", "organisation")
"""Elements of a reply that a script may want; none of them is sensitive."""


def elements(exchange: Exchange) -> dict[str, str]:
    """Return what the host gave: reference number, authorisation, batch, its clock."""
    if exchange.reply is None:
        return {}
    dialect = exchange.dialect
    found = {name: dialect.text(exchange.reply, name) for name in SHOWN if name in dialect.elements}
    return {name: mask_card_numbers(as_text(value) or "") for name, value in found.items() if value}


def outcome_text(exchange: Exchange) -> str:
    """Return ``97 terminal unknown``, ``no answer``: the code, if there is one, and its meaning or the outcome."""
    plain = "approved" if exchange.outcome is Outcome.APPROVED else "declined"
    return f"{readable(exchange.code)} {OUTCOME_WORDS.get(exchange.outcome) or exchange.meaning.en or plain}".strip()
