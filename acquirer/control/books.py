"""``/transactions`` and ``/signatures``: what a host has booked of a terminal, and what its cardholders signed."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import JSONResponse

from acquirer.app.serve import Running
from acquirer.app.signatures import signature_json
from acquirer.app.transaction_documents import transaction_document
from acquirer.control.described import answers
from acquirer.control.forms import JSON, accepted
from acquirer.control.problems import Problem
from acquirer.control.searching import Searching
from acquirer.data.moments import with_times
from acquirer.model.rows import Signature

PNG = "image/png"

Tid = Annotated[str, Query(min_length=1, max_length=16, description="Of this terminal.")]
Batch = Annotated[str, Query(max_length=12, description="Only of this batch.")]
Stan = Annotated[str, Query(max_length=12, description="Only of this trace number.")]

MOST: Final = 1_000
"""Of one answer, the latest: a terminal's batch has fewer."""


def book_routes(running: Running, searching: Searching) -> APIRouter:
    """Return the routes about what was booked and signed."""
    found = APIRouter(tags=["books"])
    timezone, dialect = running.parts.config.timezone, running.parts.dialects[0]

    @found.get("/transactions", responses=answers("TransactionPage"), response_model=None)
    async def transactions(tid: Tid, batch: Batch = "", stan: Stan = "") -> dict[str, Any]:
        """List the transactions of a terminal in the order of their arrival, the latest thousand."""

        def read() -> dict[str, Any]:
            with running.store.reader() as reader:
                wanted = reader.transactions(tid, stan, batch)
            items = [transaction_document(one, dialect, timezone) for one in wanted[-MOST:]]
            return {"items": items, "total": len(wanted)}

        return await searching.run(read)

    @found.get("/signatures", responses=answers("SignaturePage", png={}))
    async def signatures(
        tid: Tid, batch: Batch = "", stan: Stan = "", accept: Annotated[str, Header()] = ""
    ) -> Response:
        """List signatures of a terminal in the order of their arrival; as PNG, the picture of the last one."""
        form = accepted(accept, (JSON, PNG))

        def read() -> tuple[list[Signature], bytes | None]:
            with running.store.reader() as reader:
                signed = reader.signatures(tid, stan, batch)
                return signed, reader.blob(signed[-1].png) if form == PNG and signed and signed[-1].png else None

        signed, picture = await searching.run(read)
        if form == PNG:
            if picture is None:
                why = f"its picture is {signed[-1].picture}" if signed else "there is none that fits"
                raise Problem(HTTPStatus.NOT_FOUND, "no-picture", f"no picture of a signature: {why}")
            return Response(picture, media_type=PNG)
        latest = {one.key: one.number for one in signed}
        items = [with_times(signature_json(one, latest[one.key] == one.number), timezone) for one in signed[-MOST:]]
        return JSONResponse({"items": items, "total": len(signed)})

    return found
