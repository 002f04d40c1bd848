"""``/terminals``: who is registered, and how each stands; keys as KCVs only.

A registration is a ``[[terminal]]`` table of a file. Its keys are read, sealed, and never shown again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Query
from fastapi.responses import JSONResponse

from acquirer.app.serve import Running
from acquirer.app.terminal_documents import terminal_document
from acquirer.app.terminal_keys import rotate_keys
from acquirer.control.document import TABLES, tables_of
from acquirer.control.problems import Problem, pointer_of, unknown_name, unusable_value
from acquirer.control.searching import Searching
from acquirer.data.moments import with_times
from acquirer.data.toml import DataError, Document
from acquirer.model.rows import Session
from acquirer.security.vault import Vault
from acquirer.settings.registration import Registration
from acquirer.settings.terminals import terminals_of, weak_keys

MOST: Final = 2_000
"""Terminals of one registration: it is written between two exchanges, in a tenth of a second."""

_TERMINALS: Final = Body(
    json_schema_extra=TABLES,
    description="A [[terminal]] table, a list of them, or a file of them: {'terminal': […], 'merchant': […]}.",
)


def terminal_routes(running: Running, searching: Searching) -> APIRouter:
    """Return the routes about terminals."""
    found = APIRouter(tags=["terminals"])
    store = running.store

    def read(tid: str) -> dict[str, Any]:
        with store.reader() as reader:
            entry = reader.terminal(tid)
            if entry is None:
                raise unknown_name("terminal", tid, reader.terminal_numbers(), "/terminals lists those there are")
        return with_times(terminal_document(*entry), running.parts.config.timezone)

    async def changed(tid: str, change: Callable[[Session], Session]) -> dict[str, Any]:
        await searching.run(lambda: read(tid))
        store.change_session(tid, change)
        return await searching.run(lambda: read(tid))

    @found.get("/terminals")
    async def listed(
        after: Annotated[str, Query(description="Only those behind this number.")] = "",
        limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    ) -> dict[str, Any]:
        """List registered terminals by their numbers."""

        def page() -> dict[str, Any]:
            with store.reader() as reader:
                entries = reader.terminals(limit=limit + 1, after=after)
                total = reader.count_terminals()
            items = [with_times(terminal_document(*one), running.parts.config.timezone) for one in entries[:limit]]
            return {"items": items, "next": items[-1]["tid"] if len(entries) > limit else None, "total": total}

        return await searching.run(page)

    @found.get("/terminals/{tid}")
    async def one(tid: str) -> dict[str, Any]:
        """Return how a terminal is registered, treated, and how it stands."""
        return await searching.run(lambda: read(tid))

    @found.post("/terminals", responses={201: {"description": "Some were added"}})
    async def registered(body: Annotated[Any, _TERMINALS]) -> JSONResponse:
        """Register terminals: new ones are added, known ones changed, none deleted; all of them, or none."""
        terminals = await searching.run(lambda: _registrations(body))
        result = store.register(terminals, Vault(store.master_key))
        counts = {name: getattr(result, name) for name in ("added", "changed", "unchanged", "keys_dropped")}
        status = HTTPStatus.CREATED if result.added else HTTPStatus.OK
        return JSONResponse({**counts, "warnings": list(weak_keys(terminals))}, status.value)

    @found.post("/terminals/{tid}/rotate-keys", responses={409: {"description": "It has no working keys"}})
    async def rotate(tid: str) -> dict[str, str]:
        """Give a terminal other working keys without telling it: its MACs are under old ones until it signs on."""
        await searching.run(lambda: read(tid))
        try:
            return {"kcvs": rotate_keys(running, tid)}
        except LookupError as exc:
            raise Problem(HTTPStatus.CONFLICT, "no-keys", str(exc)) from None

    @found.post("/terminals/{tid}/force-sign-on")
    async def force(tid: str) -> dict[str, Any]:
        """Forget that a terminal has signed on: what it asks for next is refused until it does again."""
        return await changed(tid, lambda session: replace(session, signed_on_us=0))

    @found.post("/terminals/{tid}/sign-off")
    async def sign_off(tid: str) -> dict[str, Any]:
        """Sign a terminal off, as it could itself."""
        return await changed(tid, lambda session: replace(session, signed_off=True))

    return found


def _registrations(body: object) -> list[Registration]:
    """Return what a body registers. Raises Problem."""
    alone = isinstance(body, dict) and "terminal" not in body
    if isinstance(body, dict) and not alone:
        data: dict[str, Any] = body
    else:
        data = {"terminal": [table for _, table in tables_of(body, "terminal")]}
    try:
        found = terminals_of(Document("terminals", data, {}))
    except DataError as exc:
        pointer = pointer_of(exc.key)
        if data is not body:
            pointer = pointer.removeprefix("/terminal/0" if alone else "/terminal")
        raise unusable_value(pointer, exc.problem) from None
    if len(found) > MOST:
        raise unusable_value("", f"registers {len(found)} terminals; send at most {MOST} at once")
    return found
