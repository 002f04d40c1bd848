"""What a client sends about rules and faults: the tables of a file, as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Header
from fastapi.responses import JSONResponse

from acquirer.control.problems import Problem, unusable_value

MOST: Final = 1_000
"""Tables of one request: they are read between two exchanges, in some tens of milliseconds."""

TABLE: Final[dict[str, Any]] = {"type": "object", "additionalProperties": True}
"""The schema of one table, whose keys are those of its page."""

IfMatch = Annotated[str | None, Header(description="The generation that was read last, as ETag has it.")]
"""Of a change that is made only while that generation is in force."""

TABLES: Final[dict[str, Any]] = {"anyOf": [TABLE, {"type": "array", "items": TABLE}]}


def tables_of(body: object, noun: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the pointer of each table and the table: one, or those of a list. Raises Problem."""
    if isinstance(body, dict):
        yield "", body
        return
    if not isinstance(body, list) or not body:
        raise unusable_value("", f"must be a {noun}, or a list of them")
    if len(body) > MOST:
        raise unusable_value("", f"has {len(body)} of them; send at most {MOST} at once")
    for place, table in enumerate(body):
        if not isinstance(table, dict):
            raise unusable_value(f"/{place}", f"must be a {noun}, with its keys")
        yield f"/{place}", table


def table_named(body: object, noun: str, name: str) -> dict[str, Any]:
    """Return the table for a name in the address, which it need not repeat. Raises Problem."""
    if not isinstance(body, dict):
        raise unusable_value("", f"must be a {noun}, with its keys")
    if body.get("name", name) != name:
        raise unusable_value("/name", f"is another one than in the address, '{name}'; leave it out")
    return {**body, "name": name}


def check_generation(if_match: str | None, generation: int) -> None:
    """Refuse a change that was meant for what is not in force any more. Raises Problem."""
    if if_match is None or if_match.strip() in ("*", f'"{generation}"'):
        return
    sentence = f"rules or faults have changed since: their generation is {generation} now; read them again"
    raise Problem(HTTPStatus.PRECONDITION_FAILED, "changed", sentence, more={"generation": generation})


def changed(generation: int, names: Iterable[str], status: HTTPStatus, location: str = "") -> JSONResponse:
    """Return the answer to a change: the generation of the exchanges that follow, and what was named."""
    headers = tag(generation) | ({"Location": location} if location else {})
    return JSONResponse({"generation": generation, "names": [*names]}, status.value, headers)


def tag(generation: int) -> dict[str, str]:
    """Return the header that names a generation."""
    return {"ETag": f'"{generation}"'}
