"""What a client sends about rules and faults: the tables of a file, as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from fastapi import Header, Query, Response
from fastapi.responses import JSONResponse

from acquirer.control.conditional import is_any, tags_of
from acquirer.control.guard import MERGE_PATCH, TOML
from acquirer.control.problems import Problem, unusable_value
from acquirer.data.merge_patch import merge_patch
from acquirer.data.toml_text import toml_tables

MOST: Final = 1_000
"""Tables of one request: they are read between two exchanges, in some tens of milliseconds."""

TABLE: Final[dict[str, Any]] = {"type": "object", "additionalProperties": True}
"""The schema of one table, whose keys are those of its page."""

IfMatch = Annotated[str | None, Header(description="The generation that was read last, as ETag has it.")]
"""Of a change that is made only while that generation is in force."""

WrittenAs = Annotated[
    Literal["json", "toml"], Query(alias="format", description="toml: the tables of a pack, without counts.")
]
"""How rules or faults are listed."""

AS_MERGE_PATCH: Final[dict[str, Any]] = {"requestBody": {"content": {MERGE_PATCH: {"schema": TABLE}}}}
"""Of a ``PATCH``, beside what FastAPI describes: the other name of the same body."""

TABLES: Final[dict[str, Any]] = {"anyOf": [TABLE, {"type": "array", "items": TABLE}]}


_NEEDED: Final = {"rule": ("name", "then"), "fault": ("name", "kind"), "terminal": ("tid", "mid")}
"""Keys that a change cannot take away."""


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


def changes_of(body: object, noun: str) -> dict[str, Any]:
    """Return the keys that a body changes; none is no change. Raises Problem."""
    if not isinstance(body, dict):
        raise unusable_value("", f"must be a table with the keys of the {noun} that change")
    for key in _NEEDED.get(noun, ()):
        if key in body and body[key] is None:
            raise unusable_value(f"/{key}", f"cannot be taken away, for each {noun} has one; give another value")
    return body


def patched(table: Mapping[str, Any], body: object, noun: str) -> dict[str, Any]:
    """Return a named table with the changes of a body, as RFC 7396 merges them: null takes a key away.

    Raises:
        Problem: the body is no table, or names another one.
    """
    return merge_patch(table, table_named(changes_of(body, noun), noun, table["name"]))


def as_toml(name: str, tables: Iterable[Mapping[str, Any]], generation: int) -> Response:
    """Return tables as a file that ``serve --pack`` takes."""
    return Response(toml_tables(name, tables), media_type=TOML, headers=tag(generation))


def check_generation(if_match: str | None, generation: int) -> None:
    """Refuse a change that was meant for what is not in force any more. Raises Problem."""
    if if_match is None or is_any(if_match):
        return
    if str(generation) in [tag.partition("-")[0] for tag in tags_of(if_match, strong=True)]:
        return
    sentence = f"rules or faults have changed since: their generation is {generation} now; read them again"
    raise Problem(HTTPStatus.PRECONDITION_FAILED, "changed", sentence, more={"generation": generation})


def changed(generation: int, names: Iterable[str], status: HTTPStatus, location: str = "") -> JSONResponse:
    """Return the answer to a change: the generation of the exchanges that follow, and what was named."""
    headers = tag(generation) | ({"Location": location} if location else {})
    return JSONResponse({"generation": generation, "names": [*names]}, status.value, headers)


def tag(generation: int, count: int | None = None) -> dict[str, str]:
    """Return the header that names a generation, and beside it what is counted in an answer: ``"7"``, ``"7-12"``."""
    return {"ETag": f'"{generation}"' if count is None else f'"{generation}-{count}"'}
