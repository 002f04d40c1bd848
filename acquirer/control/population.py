"""``/populate`` and ``/reset``: a host made ready for a run of tests, and brought back to how it began."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from acquirer.app.population import Population
from acquirer.app.resetting import PARTS, HostBusyError, reset_parts
from acquirer.app.serve import Running
from acquirer.control.described import answers
from acquirer.control.document import TABLES, tag
from acquirer.control.forms import JSON
from acquirer.control.guard import TOML, content_kind
from acquirer.control.mistakes import CARD, FAULT, RULE, TERMINAL, Mistakes, StandIns
from acquirer.control.problems import Problem, pointer_of, unusable_value
from acquirer.control.searching import Searching
from acquirer.control.terminals import MOST as MOST_TERMINALS
from acquirer.data.json_text import parse_json
from acquirer.data.toml import DataError, Document, KeyPath, parse_toml
from acquirer.scenario.faults import FaultConflictError, load
from acquirer.scenario.rules.reading import read_rules
from acquirer.settings.cards import read_cards
from acquirer.settings.packs import SECTIONS, Pack, pack_names, pack_of, read_pack
from acquirer.settings.terminals import terminals_of
from acquirer.settings.weak_keys import weak_keys

MOST_TABLES: Final = 1_000
"""Rules, and likewise faults and cards, of one pack: they are put in force between two exchanges."""

_SHIPPED: Final = "pack"
_TEXTS: Final = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {
            JSON: {
                "schema": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        **dict.fromkeys(SECTIONS, TABLES),
                        "about": {"type": "string"},
                        _SHIPPED: {**_TEXTS, "description": "Packs that ship, by their names, put in force as well."},
                    },
                }
            },
            TOML: {"schema": {"type": "string", "description": "The file of a pack, as 'serve --pack' takes it."}},
        },
    }
}


def population_routes(running: Running, searching: Searching) -> APIRouter:
    """Return the routes about a host as a whole."""
    found = APIRouter(tags=["host"])

    @found.post(
        "/populate",
        openapi_extra=_BODY,
        responses={**answers("Populated"), 409: {"description": "A fault contradicts one that is there"}},
    )
    async def populate(request: Request) -> JSONResponse:
        """Put a pack in force: rules, faults, cards, terminals, all or none; the same once more changes nothing."""
        data, as_toml = await request.body(), content_kind(request.headers) == TOML
        population = await searching.run(lambda: _read(running, data, as_toml=as_toml))
        try:
            counts = population.install()
        except FaultConflictError as exc:
            raise Problem(HTTPStatus.CONFLICT, "contradiction", str(exc)) from None
        generation = running.parts.rules.generation.number
        warnings = weak_keys(population.terminals)
        return JSONResponse({"generation": generation, **counts, "warnings": warnings}, headers=tag(generation))

    @found.post("/reset", responses={**answers("Reset"), 409: {"description": "Exchanges go on without a pause"}})
    async def to_its_start(
        what: Annotated[str, Query(description=f"Which parts, with commas between them: {', '.join(PARTS)}.")] = "",
    ) -> JSONResponse:
        """Bring a host, or parts of it, back to how it began; its terminals and cards stay, and numbers go on."""
        parts = _parts(what)
        try:
            generation = await reset_parts(running, parts)
        except HostBusyError as exc:
            raise Problem(HTTPStatus.CONFLICT, "busy", str(exc), headers={"Retry-After": "1"}) from None
        return JSONResponse({"generation": generation, "reset": parts}, headers=tag(generation))

    return found


def _parts(what: str) -> list[str]:
    """Return the parts that are named, in their order; all without any. Raises Problem."""
    named = [part.strip() for part in what.split(",") if part.strip()]
    mistakes = Mistakes()
    for part in named:
        if part not in PARTS:
            mistakes.note("query/what", f"'{part[:40]}' is no part of a host; there are {', '.join(PARTS)}")
    mistakes.refuse()
    return [part for part in PARTS if part in named or not named]


def _read(running: Running, body: bytes, *, as_toml: bool) -> Population:
    """Return what a body puts in force. Raises Problem: with all that is wrong with it."""
    pack: Pack | None = None
    try:
        pack = _toml_pack(body) if as_toml else _json_pack(body)
        for section in SECTIONS:
            tables = pack.document.data.get(section, [])
            if isinstance(tables, list) and section != "terminal" and len(tables) > MOST_TABLES:
                raise DataError("", 0, section, f"are {len(tables)}; send at most {MOST_TABLES} at once")
        population = Population(running, pack)
    except DataError as exc:
        mistakes = Mistakes() if pack is None else _mistakes(running, pack, as_toml=as_toml)
        mistakes.refuse()
        place = f"line {exc.line}: " if as_toml and exc.line else ""
        raise unusable_value(pointer_of(exc.key), place + exc.problem) from None
    if len(population.terminals) > MOST_TERMINALS:
        raise unusable_value("/terminal", f"are {len(population.terminals)}; send at most {MOST_TERMINALS} at once")
    return population


def _mistakes(running: Running, pack: Pack, *, as_toml: bool) -> Mistakes:
    """Return all that is wrong with the sections of a pack, each by itself."""
    dialects = running.parts.dialects
    readers: list[tuple[str, Callable[[Document], object], StandIns]] = [
        ("rule", partial(read_rules, dialects=dialects), RULE),
        ("fault", partial(load, dialects=dialects), FAULT),
        ("card", read_cards, CARD),
        ("terminal", terminals_of, TERMINAL),
    ]
    mistakes = Mistakes()

    def place(steps: KeyPath) -> str:
        return f"line {pack.document.line(steps)}: " if as_toml else ""

    for section, read, stand_ins in readers:
        if section in pack.document.data and not mistakes.enough and not _too_many(pack.document.data[section]):
            mistakes.section(pack.section(section), section, read, stand_ins, place)
    return mistakes


def _too_many(tables: object) -> bool:
    return isinstance(tables, list) and len(tables) > MOST_TERMINALS


def _toml_pack(body: bytes) -> Pack:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise unusable_value("", "the body is not UTF-8") from None
    return pack_of(parse_toml(text, "pack"), "pack")


def _json_pack(body: bytes) -> Pack:
    document = parse_json(body) if body else None
    if not isinstance(document, dict) or not document:
        named = ", ".join(f"'{section}'" for section in SECTIONS)
        raise unusable_value("", f"must be a pack: {{{named} or '{_SHIPPED}': …}}")
    data = {
        key: [value] if key in SECTIONS and isinstance(value, dict) else value
        for key, value in document.items()
        if key != _SHIPPED
    }
    for shipped in _shipped(document.get(_SHIPPED, [])):
        for section in SECTIONS:
            tables = data.get(section, [])
            if section in shipped.document.data and isinstance(tables, list):
                data[section] = [*tables, *shipped.document.data[section]]
    return pack_of(Document("pack", data, {}), "pack")


def _shipped(names: object) -> Iterable[Pack]:
    """Yield packs that ship: a name of a file is none, for who asks by HTTP reads no files of this machine."""
    listed = [names] if isinstance(names, str) or not isinstance(names, list) else names
    mistakes = Mistakes()
    for place, name in enumerate(listed):
        if name not in pack_names():
            pointer = f"/{_SHIPPED}/{place}" if listed is names else f"/{_SHIPPED}"
            mistakes.note(pointer, f"there is no pack {name!r:.60}; there are {', '.join(pack_names())}")
    mistakes.refuse()
    for name in listed:
        yield read_pack(str(name))
