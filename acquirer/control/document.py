"""What a client sends about rules and faults: the tables of a file, as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal, TypeVar

from fastapi import Header, Query, Response
from fastapi.responses import JSONResponse

from acquirer.app.population import Named
from acquirer.control.conditional import is_any, tags_of
from acquirer.control.guard import MERGE_PATCH, TOML
from acquirer.control.mistakes import Mistakes, StandIns
from acquirer.control.problems import MOST_ERRORS, Problem, unusable_value
from acquirer.control.searching import Searching
from acquirer.data.merge_patch import merge_patch
from acquirer.data.toml import DataError
from acquirer.data.toml_text import toml_tables

T = TypeVar("T")

MOST: Final = 1_000
"""Tables of one request: they are put in force between two exchanges, in a few milliseconds."""

AT_ONCE: Final = 10
"""Tables that are read between two exchanges, in less than a millisecond; more are read beside the loop."""

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


def tables_of(body: object, noun: str) -> list[tuple[str, Any]]:
    """Return the pointer of each table and what stands there: one table, or the items of a list. Raises Problem."""
    if isinstance(body, dict):
        return [("", body)]
    if not isinstance(body, list) or not body:
        raise unusable_value("", f"must be a {noun}, or a list of them")
    if len(body) > MOST:
        raise unusable_value("", f"has {len(body)} of them; send at most {MOST} at once")
    return [(f"/{place}", table) for place, table in enumerate(body)]


def read_tables(
    noun: str, tables: Iterable[tuple[str, Any]], read: Callable[[dict[str, Any]], T], stand_ins: StandIns
) -> list[T]:
    """Return what a reader makes of tables. Raises Problem: with all that it refuses."""
    found, mistakes = [], Mistakes()
    for pointer, table in tables:
        if not isinstance(table, dict):
            mistakes.note(pointer, f"must be a {noun}, with its keys")
            continue
        try:
            found.append(read(table))
        except DataError:
            mistakes.note_table(pointer, table, read, stand_ins)
            if mistakes.enough:
                break
    mistakes.refuse()
    return found


async def read_tables_beside(
    searching: Searching,
    noun: str,
    tables: Sequence[tuple[str, Any]],
    read: Callable[[dict[str, Any]], T],
    stand_ins: StandIns,
) -> list[T]:
    """Return what a reader makes of tables, beside the loop where they are many, or something is wrong with one.

    Few that can be used are read at once: nothing happens meanwhile.

    Raises:
        Problem: with all that it refuses.
    """
    if len(tables) <= AT_ONCE and all(isinstance(table, dict) for _, table in tables):
        try:
            return [read(table) for _, table in tables]
        except DataError:
            pass
    return await searching.run(lambda: read_tables(noun, tables, read, stand_ins))


def refuse_taken(noun: str, there: Iterable[Named], new: Iterable[tuple[str, Named]]) -> None:
    """Refuse names that are taken, by what is there or by each other. Raises Problem: with all of them."""
    taken = {one.name for one in there}
    pointers = []
    for pointer, one in new:
        if one.name in taken:
            pointers.append((f"{pointer}/name", f"'{one.name}' is taken"))
        taken.add(one.name)
    if pointers:
        name = pointers[0][1].removesuffix(" is taken")
        sentence = f"{name} is the name of another {noun}; give it its own, or replace that one with PUT"
        raise Problem(HTTPStatus.CONFLICT, "taken", sentence, pointers=pointers[:MOST_ERRORS])


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
    mistakes = Mistakes()
    for key in _NEEDED.get(noun, ()):
        if key in body and body[key] is None:
            mistakes.note(f"/{key}", f"cannot be taken away, for each {noun} has one; give another value")
    mistakes.refuse()
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
