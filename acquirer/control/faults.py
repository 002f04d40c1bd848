"""``/faults``: damage on purpose, switched between two exchanges while a host serves; as `control.rules` has it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Body, Response
from fastapi.responses import JSONResponse

from acquirer.app.serve import Running
from acquirer.control.described import answers
from acquirer.control.document import (
    AS_MERGE_PATCH,
    TABLE,
    TABLES,
    IfMatch,
    WrittenAs,
    as_toml,
    changed,
    check_generation,
    patched,
    read_tables_beside,
    refuse_taken,
    table_named,
    tables_of,
    tag,
)
from acquirer.control.mistakes import FAULT
from acquirer.control.problems import Problem, unknown_name
from acquirer.control.searching import Searching
from acquirer.data.toml import Document
from acquirer.scenario.catalogue import as_objects
from acquirer.scenario.declaration import read_fault
from acquirer.scenario.faults import Fault, FaultConflictError, Faults
from acquirer.scenario.registry import CONDITIONS, FaultKindError, find_kind, known_names
from acquirer.scenario.writing import fault_table

FaultBody: Final = Body(json_schema_extra=TABLE, description="A fault, with the keys of docs/faults.md.")
FaultPatch: Final = Body(json_schema_extra=TABLE, description="The keys that change; null takes one away.")
FaultsBody: Final = Body(json_schema_extra=TABLES, description="A fault, or a list of them.")


def fault_routes(running: Running, searching: Searching) -> APIRouter:
    """Return the routes about faults."""
    found = APIRouter(tags=["faults"])
    faults = running.parts.faults

    def document(fault: Fault) -> dict[str, Any]:
        return {**fault_table(fault), "stage": fault.stage.label, "applied": faults.acted(fault)}

    def read_one(table: dict[str, Any]) -> Fault:
        return read_fault(Document("fault", table, {}), (), table, running.parts.dialects)

    async def read(tables: Sequence[tuple[str, Any]]) -> list[Fault]:
        return await read_tables_beside(searching, "fault", tables, read_one, FAULT)

    def fault_named(name: str) -> Fault | None:
        return next((fault for fault in faults.declared if fault.name == name), None)

    def known_fault(name: str) -> Fault:
        fault = fault_named(name)
        if fault is None:
            raise unknown_name("fault", name, [one.name for one in faults.declared], "/faults lists those there are")
        return fault

    def change(what: Callable[[Faults], int]) -> int:
        try:
            return running.change_faults(what)
        except FaultConflictError as exc:
            raise Problem(HTTPStatus.CONFLICT, "contradiction", str(exc)) from None

    @found.get("/faults", responses=answers("Faults", toml={}))
    async def listed(written_as: WrittenAs = "json") -> Response:
        """List the faults there are, in the order of their declaration, with how often each has acted."""
        if written_as == "toml":
            return as_toml("fault", map(fault_table, faults.declared), faults.generation.number)
        number = faults.generation.number
        documents = [document(one) for one in faults.declared]
        counted = tag(number, sum(one["applied"] for one in documents))
        return JSONResponse({"generation": number, "faults": documents}, 200, counted)

    @found.post(
        "/faults",
        status_code=201,
        responses={**answers("Changed", 201), 409: {"description": "A name is taken, or two contradict"}},
    )
    async def added(body: Annotated[Any, FaultsBody], if_match: IfMatch = None) -> JSONResponse:
        """Put faults in force, all at once, behind those there are."""
        check_generation(if_match, faults.generation.number)
        tables = tables_of(body, "fault")
        new = await read(tables)
        check_generation(if_match, faults.generation.number)  # they may have changed while many were read
        refuse_taken("fault", faults.declared, zip((pointer for pointer, _ in tables), new, strict=True))
        location = f"/faults/{quote(new[0].name, safe='')}" if len(new) == 1 else "/faults"
        generation = change(lambda faults: faults.add(*new))
        return changed(generation, [fault.name for fault in new], HTTPStatus.CREATED, location)

    @found.delete("/faults", status_code=204)
    async def cleared(if_match: IfMatch = None) -> Response:
        """Take all faults out of force."""
        check_generation(if_match, faults.generation.number)
        return Response(status_code=204, headers=tag(running.change_faults(lambda faults: faults.remove())))

    @found.get("/faults/kinds", responses=answers("FaultKinds"), response_model=None)
    async def kinds() -> dict[str, Any]:
        """Describe the kinds of faults there are, their parameters, and the conditions that any fault may have."""
        usable = []
        for name in known_names():
            try:
                find_kind(name)
            except FaultKindError:  # of another distribution
                continue
            usable.append(name)
        return {"kinds": list(as_objects(usable)), "conditions": dict(CONDITIONS)}

    @found.get("/faults/{name}", responses=answers("Fault"))
    async def one(name: str) -> JSONResponse:
        """Return one fault."""
        fault = document(known_fault(name))
        return JSONResponse(fault, 200, tag(faults.generation.number, fault["applied"]))

    @found.put("/faults/{name}", responses=answers("Changed") | answers("Changed", 201, "There was none of this name"))
    async def put(name: str, body: Annotated[Any, FaultBody], if_match: IfMatch = None) -> JSONResponse:
        """Put a fault in force in place of the one of this name; one that is the same stays, with its count."""
        check_generation(if_match, faults.generation.number)
        (fault,), before = await read([("", table_named(body, "fault", name))]), fault_named(name)
        if fault == before:
            return changed(faults.generation.number, [name], HTTPStatus.OK)
        status = HTTPStatus.CREATED if before is None else HTTPStatus.OK
        return changed(change(lambda faults: faults.add(fault)), [name], status, f"/faults/{quote(name, safe='')}")

    @found.patch(
        "/faults/{name}",
        openapi_extra=AS_MERGE_PATCH,
        responses={**answers("Changed"), 409: {"description": "It contradicts another fault"}},
    )
    async def patch(name: str, body: Annotated[Any, FaultPatch], if_match: IfMatch = None) -> JSONResponse:
        """Change some keys of a fault, as {"enabled": false}; it goes on counting."""
        check_generation(if_match, faults.generation.number)
        before = known_fault(name)
        (fault,) = await read([("", patched(fault_table(before), body, "fault"))])
        same = fault == before
        number = faults.generation.number if same else change(lambda faults: faults.replace(fault))
        return changed(number, [name], HTTPStatus.OK)

    @found.delete("/faults/{name}", status_code=204)
    async def removed(name: str, if_match: IfMatch = None) -> Response:
        """Take a fault out of force; one that is not there changes nothing."""
        check_generation(if_match, faults.generation.number)
        return Response(status_code=204, headers=tag(running.change_faults(lambda faults: faults.remove(name))))

    return found
