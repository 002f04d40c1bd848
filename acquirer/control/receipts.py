"""``/receipts``: links by which a customer looks at a slip, and the page behind such a link."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from acquirer.app.receipts import stands_on_paper
from acquirer.app.serve import Running
from acquirer.app.slip_files import slip_bytes
from acquirer.app.stored_slips import key_of_token, receipt_token, stored_slip
from acquirer.app.transaction_documents import transaction_document
from acquirer.control.books import MOST
from acquirer.control.described import answers
from acquirer.control.problems import Problem
from acquirer.control.searching import Searching
from acquirer.model.rows import Transaction, TransactionKey
from acquirer.security.vault import Vault
from acquirer.slip.receipt import receipt_sheet
from acquirer.slip.words import Language

_HEADERS: Final = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:",
    "Referrer-Policy": "no-referrer",  # what is in the link is for who was given it
    "X-Robots-Tag": "noindex",
}


class SlipOf(BaseModel):
    """A transaction whose slip is asked for."""

    model_config = ConfigDict(extra="forbid")

    tid: str = Field(min_length=1, max_length=16)
    stan: str = Field(min_length=1, max_length=12)
    batch: str = Field("", max_length=12, description="Else of the latest one.")
    mid: str = Field("", max_length=16)


def receipt_routes(running: Running, searching: Searching) -> APIRouter:
    """Return the routes about slips."""
    found = APIRouter(tags=["receipts"])
    store, config, vault = running.store, running.parts.config, Vault(running.store.master_key)
    dialect = running.parts.dialects[0]

    def link_of(request: Request, key: TransactionKey) -> dict[str, str]:
        token = receipt_token(vault, key)
        return {"url": f"{request.url.scheme}://{request.headers['host']}/receipts/{token}", "token": token}

    @found.get("/receipts", responses=answers("SlipPage"), response_model=None)
    async def listed(
        request: Request,
        tid: Annotated[str, Query(min_length=1, max_length=16, description="Of this terminal.")],
        batch: Annotated[str, Query(max_length=12, description="Only of this batch.")] = "",
        stan: Annotated[str, Query(max_length=12, description="Only of this trace number.")] = "",
    ) -> dict[str, Any]:
        """List the slips of a terminal in the order of their arrival, the latest thousand, each with a link to it."""

        def read() -> dict[str, Any]:
            with store.reader() as reader:
                wanted = [one for one in reader.transactions(tid, stan, batch) if stands_on_paper(one)]
            items = [
                {**transaction_document(one, dialect, config.timezone), **link_of(request, one.key)}
                for one in wanted[-MOST:]
            ]
            return {"items": items, "total": len(wanted)}

        return await searching.run(read)

    @found.post(
        "/receipts",
        status_code=201,
        responses={**answers("SlipLink", 201), 404: {"description": "There is no such slip"}},
    )
    async def link(request: Request, wanted: SlipOf) -> JSONResponse:
        """Make a link to the slip of a transaction, for those who are given it; nothing is stored."""

        def read() -> Transaction:
            with store.reader() as reader:
                fitting = [
                    one
                    for one in reader.transactions(wanted.tid, wanted.stan, wanted.batch)
                    if wanted.mid in ("", one.key.mid) and stands_on_paper(one)
                ]
            if not fitting:
                which = f"terminal '{wanted.tid}' has no slip of STAN '{wanted.stan}'"
                raise _none(f"{which}; /transactions lists what it has")
            return fitting[-1]

        slip = link_of(request, (await searching.run(read)).key)
        return JSONResponse(slip, HTTPStatus.CREATED, {"Location": f"/receipts/{slip['token']}"})

    @found.get("/receipts/{token}", response_class=HTMLResponse, responses={404: {"description": "No link of ours"}})
    async def page(token: str, lang: Annotated[Language, Query()] = "both") -> HTMLResponse:
        """Show the cardholder's copy of a slip. Needs no bearer token: who has the link may look."""

        def read() -> bytes:
            key = key_of_token(vault, token)
            with store.reader() as reader:
                transaction = None if key is None else reader.transaction(key)
                if transaction is None or not stands_on_paper(transaction):
                    raise _none("this link leads to no slip; ask the shop for another one")
                receipt, ink = stored_slip(reader, transaction, config)
            sheet = receipt_sheet(receipt, "cardholder", lang=lang, signed=ink is not None)
            return slip_bytes(".html", sheet, ink, lang=lang)

        return HTMLResponse(await searching.run(read), headers=_HEADERS)

    return found


def _none(sentence: str) -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, "no-receipt", sentence)
