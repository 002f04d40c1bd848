"""``/cards``: the test cards of the issuer's table, and what sales have made of them."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from acquirer.app.card_documents import card_document
from acquirer.app.serve import Running
from acquirer.control.described import answers
from acquirer.control.problems import unknown_name
from acquirer.control.searching import Searching
from acquirer.host.issuer.cards import CardEntry


def card_routes(running: Running, searching: Searching) -> APIRouter:
    """Return the routes about cards."""
    found = APIRouter(tags=["cards"])

    def documents(entries: list[CardEntry]) -> list[dict[str, Any]]:
        host = running.hosts[0]
        tokens = {entry.name: host.vault.token(entry.pan) for entry in entries}
        with running.store.reader() as reader:
            rows = reader.cards(tokens.values())
        return [card_document(entry, rows.get(tokens[entry.name])) for entry in entries]

    @found.get("/cards", responses=answers("CardPage"), response_model=None)
    async def listed() -> dict[str, Any]:
        """List the issuer's test cards: masked numbers, limits, and what was spent."""
        entries = list(running.hosts[0].issuer.cards.values())
        return {"items": await searching.run(lambda: documents(entries)), "total": len(entries)}

    @found.get("/cards/{name}", responses=answers("Card"), response_model=None)
    async def one(name: str) -> dict[str, Any]:
        """Return one card by its name in the table."""
        table = running.hosts[0].issuer
        entry = table.named(name)
        if entry is None:
            raise unknown_name("card", name, [one.name for one in table.cards.values()], "/cards lists those there are")
        return (await searching.run(lambda: documents([entry])))[0]

    return found
