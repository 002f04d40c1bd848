"""``/terminals``: who is registered, and how each stands; keys as KCVs only.

A registration is a ``[[terminal]]`` table of a file. Its keys are read, sealed, and never shown again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Header, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from acquirer.app.serve import Running
from acquirer.app.terminal_documents import terminal_document
from acquirer.app.terminal_keys import rotate_keys
from acquirer.control.conditional import is_any, tags_of
from acquirer.control.described import answers
from acquirer.control.document import AS_MERGE_PATCH, TABLE, TABLES, changes_of, read_tables, tables_of
from acquirer.control.mistakes import TERMINAL, Mistakes
from acquirer.control.problems import Problem, unknown_name, unusable_value
from acquirer.control.searching import Searching
from acquirer.data.moments import with_times
from acquirer.data.toml import Document
from acquirer.model.rows import Session
from acquirer.security.secret import Secret
from acquirer.security.vault import Vault
from acquirer.settings.registration import Registration
from acquirer.settings.terminal_values import read_downloads
from acquirer.settings.terminals import changed_terminal, terminals_of
from acquirer.settings.weak_keys import weak_keys
from acquirer.store.registry import registration_of, with_wanted_downloads

MOST: Final = 2_000
"""Terminals of one registration: it is written between two exchanges, in a tenth of a second."""

_TERMINALS: Final = Body(
    json_schema_extra=TABLES,
    description="A [[terminal]] table, a list of them, or a file of them: {'terminal': […], 'merchant': […]}.",
)
_CHANGES: Final = Body(json_schema_extra=TABLE, description="Keys of a [[terminal]] that change; null takes one away.")

IfTerminal = Annotated[str | None, Header(alias="If-Match", description="The ETag with which it was read last.")]
"""Of a change that is made only while the terminal stands as it was read."""

TAG_DIGITS: Final = 32


class FetchBody(BaseModel):
    """What a terminal is to download."""

    model_config = ConfigDict(extra="forbid")
    downloads: str | list[str] | None = Field(None, description="As parameters, capk, aid; all; []: nothing.")
    registered_tmk: bool = Field(False, description="Use its registered master key again, not the one it downloaded.")


_MASTER_KEY: Final = Body(
    json_schema_extra={
        "type": "object",
        "required": ["tmk"],
        "properties": {"tmk": {"type": "string"}, "tmk_cipher": {"enum": ["3des", "sm4", "aes"]}},
        "additionalProperties": False,
    },
    description="The key in hex digits, and the cipher by which its KCV is shown: 3des where none is named.",
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

    async def answer(tid: str) -> JSONResponse:
        document = await searching.run(lambda: read(tid))
        return JSONResponse(document, headers={"ETag": f'"{_tag(document)}"'})

    def confirm(tid: str, if_match: str | None) -> None:
        """Refuse a change of a terminal that does not stand as it was read: on the loop's thread, with the change."""
        if if_match is None or is_any(if_match):
            return
        if _tag(read(tid)) not in tags_of(if_match, strong=True):
            sentence = f"terminal {tid} has changed since it was read; read it again"
            raise Problem(HTTPStatus.PRECONDITION_FAILED, "changed", sentence)

    async def changed(tid: str, change: Callable[[Session], Session], if_match: str | None) -> JSONResponse:
        await searching.run(lambda: read(tid))
        confirm(tid, if_match)
        store.change_session(tid, change)
        return await answer(tid)

    @found.get("/terminals", responses=answers("TerminalPage"), response_model=None)
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

    @found.get("/terminals/{tid}", responses=answers("Terminal"))
    async def one(tid: str) -> JSONResponse:
        """Return how a terminal is registered, treated, and how it stands."""
        return await answer(tid)

    @found.patch("/terminals/{tid}", openapi_extra=AS_MERGE_PATCH, responses=answers("Terminal"))
    async def patch(tid: str, body: Annotated[Any, _CHANGES], if_match: IfTerminal = None) -> JSONResponse:
        """Change some keys of a registration, as {"policy": {"required": "never"}}; a new key ends its sign-on."""
        await searching.run(lambda: read(tid))
        changes = changes_of(body, "terminal")
        if changes.get("tid", tid) != tid:
            raise unusable_value("/tid", f"is another one than in the address, '{tid}'; leave it out")

        def registration() -> Registration:
            with store.reader() as reader:
                config, _ = reader.terminal(tid) or (None, None)
            assert config is not None  # none is ever deleted
            known = registration_of(config, Vault(store.master_key))
            return read_tables("terminal", [("", changes)], lambda table: changed_terminal(known, table), {})[0]

        await searching.run(registration)  # what is wrong with it is looked for beside the loop
        confirm(tid, if_match)
        store.register([registration()], Vault(store.master_key))  # of what is there now: others may have changed it
        return await answer(tid)

    @found.post("/terminals", responses=answers("Registered") | answers("Registered", 201, "Some were added"))
    async def registered(body: Annotated[Any, _TERMINALS]) -> JSONResponse:
        """Register terminals: new ones are added, known ones changed, none deleted; all of them, or none."""
        terminals = await searching.run(lambda: _registrations(body))
        result = store.register(terminals, Vault(store.master_key))
        counts = {name: getattr(result, name) for name in ("added", "changed", "unchanged", "keys_dropped")}
        status = HTTPStatus.CREATED if result.added else HTTPStatus.OK
        return JSONResponse({**counts, "warnings": list(weak_keys(terminals))}, status.value)

    @found.post(
        "/terminals/{tid}/rotate-keys",
        responses={**answers("RotatedKeys"), 409: {"description": "It has no working keys"}},
        response_model=None,
    )
    async def rotate(tid: str, if_match: IfTerminal = None) -> dict[str, str]:
        """Give a terminal other working keys without telling it: its MACs are under old ones until it signs on."""
        await searching.run(lambda: read(tid))
        confirm(tid, if_match)
        try:
            return {"kcvs": rotate_keys(running, tid)}
        except LookupError as exc:
            raise Problem(HTTPStatus.CONFLICT, "no-keys", str(exc)) from None

    @found.post("/terminals/{tid}/rotate-master-key", responses=answers("RotatedMasterKey"), response_model=None)
    async def rotate_master(tid: str, body: Annotated[Any, _MASTER_KEY], if_match: IfTerminal = None) -> dict[str, str]:
        """Give a terminal another master key: its next sign-on uses it, its working keys stay good until then."""
        await searching.run(lambda: read(tid))
        tmk = _master_key(body)
        confirm(tid, if_match)
        before = store.rotate_master_key(tid, tmk, Vault(store.master_key))
        return {"tid": tid, "before_kcv": before, "kcv": tmk.kcv()}

    @found.post("/terminals/{tid}/force-sign-on", responses=answers("Terminal"))
    async def force(tid: str, if_match: IfTerminal = None) -> JSONResponse:
        """Forget that a terminal has signed on: what it asks for next is refused until it does again."""
        return await changed(tid, lambda session: replace(session, signed_on_us=0), if_match)

    @found.post("/terminals/{tid}/sign-off", responses=answers("Terminal"))
    async def sign_off(tid: str, if_match: IfTerminal = None) -> JSONResponse:
        """Sign a terminal off, as it could itself."""
        return await changed(tid, lambda session: replace(session, signed_off=True), if_match)

    @found.post("/terminals/{tid}/fetch", responses=answers("Terminal"))
    async def fetch(tid: str, body: FetchBody, if_match: IfTerminal = None) -> JSONResponse:
        """Ask a terminal to download, in the head of each reply, until the end of the download has come."""
        if body.downloads is None and not body.registered_tmk:
            raise unusable_value("", "name 'downloads', or give 'registered_tmk'")
        try:
            wanted = None if body.downloads is None else read_downloads(body.downloads)
        except ValueError as exc:
            raise unusable_value("/downloads", str(exc)) from None

        change = partial(with_wanted_downloads, downloads=wanted, registered_tmk=body.registered_tmk)
        return await changed(tid, change, if_match)

    return found


def _tag(document: Mapping[str, Any]) -> str:
    """Return the tag that names a terminal as it stands."""
    return sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:TAG_DIGITS]


def _master_key(body: object) -> Secret:
    """Return the key of a body; a problem never repeats it. Raises Problem."""
    if not isinstance(body, dict) or not isinstance(body.get("tmk"), str):
        raise unusable_value("/tmk", "is missing; write the key in hex digits")
    mistakes = Mistakes()
    for name in body:
        if name not in ("tmk", "tmk_cipher"):
            mistakes.note(f"/{name}", "unknown key; there are tmk and tmk_cipher")
    cipher = body.get("tmk_cipher", "3des")
    if cipher not in ("3des", "sm4", "aes"):
        mistakes.note("/tmk_cipher", "is not supported; use 3des, sm4 or aes")
        cipher = None
    key: Secret | None = None
    try:
        key = Secret.from_hex(body["tmk"], cipher)
    except ValueError as exc:
        mistakes.note("/tmk", str(exc))
    mistakes.refuse()
    assert key is not None  # else it was refused
    return key


def _registrations(body: object) -> list[Registration]:
    """Return what a body registers. Raises Problem."""
    whole = isinstance(body, dict) and "terminal" in body
    data: Any = body if whole else {"terminal": [table for _, table in tables_of(body, "terminal")]}
    mistakes = Mistakes()
    found = mistakes.section(Document("terminals", data, {}), "terminal", terminals_of, TERMINAL)
    if not whole:  # it stands in no file: pointers are those of the table, or of the list
        around = "/terminal/0" if isinstance(body, dict) else "/terminal"
        mistakes.pointers = [(where.removeprefix(around), problem) for where, problem in mistakes.pointers]
    mistakes.refuse()
    assert found is not None  # else something was refused
    if len(found) > MOST:
        raise unusable_value("", f"registers {len(found)} terminals; send at most {MOST} at once")
    return found
