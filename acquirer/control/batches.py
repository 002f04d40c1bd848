"""``/batches``: as terminals settled them, and why their totals differ."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query

from acquirer.app.batch_documents import (
    batch_number,
    batch_report_document,
    batch_rows,
    compared_rows,
    settlement_document,
)
from acquirer.app.reconciliation import progress_of, report_of
from acquirer.app.serve import Running
from acquirer.control.described import answers
from acquirer.control.problems import Problem
from acquirer.control.searching import Searching
from acquirer.model.batches import Settlement
from acquirer.store import Reader


def batch_routes(running: Running, searching: Searching) -> APIRouter:
    """Return the routes about batches."""
    found = APIRouter(tags=["books"])
    timezone, dialect = running.parts.config.timezone, running.parts.dialects[0]

    def settlement(reader: Reader, tid: str, batch: str) -> Settlement:
        settled = reader.settlements(tid, batch_number(batch))
        if not settled:
            sentence = f"terminal '{tid}' has settled no batch '{batch}'; /batches lists those there are"
            raise Problem(HTTPStatus.NOT_FOUND, "no-batch", sentence)
        return settled[-1]

    @found.get("/batches", responses=answers("BatchPage"), response_model=None)
    async def listed(
        tid: Annotated[str, Query(max_length=16, description="Only of this terminal.")] = "",
    ) -> dict[str, Any]:
        """List batches: those that are settled, and open ones as they would be settled now."""

        def read() -> list[dict[str, Any]]:
            with running.store.reader() as reader:
                return batch_rows(reader, dialect, tid, timezone)

        items = await searching.run(read)
        return {"items": items, "total": len(items)}

    @found.get("/batches/{tid}/{batch}", responses=answers("Settlement"), response_model=None)
    async def one(tid: str, batch: str) -> dict[str, Any]:
        """Return one settlement: totals of both sides, its result, how its upload ended."""

        def read() -> dict[str, Any]:
            with running.store.reader() as reader:
                settled = settlement(reader, tid, batch)
                return settlement_document(settled, progress_of(reader, settled), timezone)

        return await searching.run(read)

    @found.get("/batches/{tid}/{batch}/report", responses=answers("BatchReport"), response_model=None)
    async def report(
        tid: str,
        batch: str,
        every: Annotated[bool, Query(description="Also transactions that agree.")] = False,
    ) -> dict[str, Any]:
        """Compare terminal and host, transaction by transaction, and name the likely causes of a difference."""

        def read() -> dict[str, Any]:
            with running.store.reader() as reader:
                compared = report_of(reader, dialect, settlement(reader, tid, batch))
            return batch_report_document(compared, compared_rows(compared, every=every), timezone)

        return await searching.run(read)

    return found
