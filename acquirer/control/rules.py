"""``/rules`` and ``/scenarios``: what a host decides otherwise, changed between two exchanges while it serves.

Each change returns the generation of the exchanges that follow, which the journal names. ``ETag`` is that number, and a
change with ``If-Match`` is made only while it holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Body, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

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
from acquirer.control.mistakes import RULE
from acquirer.control.problems import unknown_name, unusable_value
from acquirer.control.searching import Searching
from acquirer.scenario.rules import Rule
from acquirer.scenario.rules.engine import RuleError
from acquirer.scenario.rules.reading import make_rule
from acquirer.scenario.writing import rule_table

RuleBody: Final = Body(json_schema_extra=TABLE, description="A rule, with the keys of docs/rules.md.")
RulePatch: Final = Body(json_schema_extra=TABLE, description="The keys that change; null takes one away.")
RulesBody: Final = Body(json_schema_extra=TABLES, description="A rule, or a list of them.")


class ScenarioState(BaseModel):
    """The state of a scenario."""

    model_config = ConfigDict(extra="forbid")
    state: str = Field(min_length=1, max_length=80)


def rule_routes(running: Running, searching: Searching) -> APIRouter:
    """Return the routes about rules and scenarios."""
    found = APIRouter(tags=["rules"])
    rules = running.parts.rules

    def document(rule: Rule, used: Mapping[str, int]) -> dict[str, Any]:
        return {**rule_table(rule), "used": used.get(rule.name, 0)}

    async def read(tables: Sequence[tuple[str, Any]]) -> list[Rule]:
        return await read_tables_beside(
            searching, "rule", tables, lambda table: make_rule(table, running.parts.dialects), RULE
        )

    def rule_named(name: str) -> Rule | None:
        return next((rule for rule in rules.declared if rule.name == name), None)

    def known_rule(name: str) -> Rule:
        rule = rule_named(name)
        if rule is None:
            raise unknown_name("rule", name, [rule.name for rule in rules.declared], "/rules lists those there are")
        return rule

    @found.get("/rules", responses=answers("Rules", toml={}))
    async def listed(written_as: WrittenAs = "json") -> Response:
        """List the rules there are, in the order of their declaration, with how often each has fired."""
        if written_as == "toml":
            return as_toml("rule", map(rule_table, rules.declared), rules.generation.number)
        used, number = rules.used(), rules.generation.number
        documents = [document(one, used) for one in rules.declared]
        return JSONResponse({"generation": number, "rules": documents}, 200, tag(number, sum(used.values())))

    @found.post(
        "/rules",
        status_code=201,
        responses={**answers("Changed", 201), 409: {"description": "A name is taken"}},
    )
    async def added(body: Annotated[Any, RulesBody], if_match: IfMatch = None) -> JSONResponse:
        """Put rules in force, all at once, behind those there are."""
        check_generation(if_match, rules.generation.number)
        tables = tables_of(body, "rule")
        read_rules = await read(tables)
        check_generation(if_match, rules.generation.number)  # they may have changed while many were read
        refuse_taken("rule", rules.declared, zip((pointer for pointer, _ in tables), read_rules, strict=True))
        generation = rules.add(*read_rules)
        location = f"/rules/{quote(read_rules[0].name, safe='')}" if len(read_rules) == 1 else "/rules"
        return changed(generation, [rule.name for rule in read_rules], HTTPStatus.CREATED, location)

    @found.delete("/rules", status_code=204)
    async def cleared(if_match: IfMatch = None) -> Response:
        """Take all rules out of force, and bring every scenario back to its start."""
        check_generation(if_match, rules.generation.number)
        return Response(status_code=204, headers=tag(rules.clear()))

    @found.get("/rules/unused", responses=answers("Rules"))
    async def unused() -> JSONResponse:
        """List the rules that have never fired."""
        used, number = rules.used(), rules.generation.number
        never = [document(rule, used) for rule in rules.declared if not used.get(rule.name)]
        return JSONResponse({"generation": number, "rules": never}, 200, tag(number, sum(used.values())))

    @found.get("/rules/{name}", responses=answers("Rule"))
    async def one(name: str) -> JSONResponse:
        """Return one rule."""
        found = document(known_rule(name), rules.used())
        return JSONResponse(found, 200, tag(rules.generation.number, found["used"]))

    @found.put("/rules/{name}", responses=answers("Changed") | answers("Changed", 201, "There was none of this name"))
    async def put(name: str, body: Annotated[Any, RuleBody], if_match: IfMatch = None) -> JSONResponse:
        """Put a rule in force in place of the one of this name; one that is the same stays, with its count."""
        check_generation(if_match, rules.generation.number)
        (rule,), before = await read([("", table_named(body, "rule", name))]), rule_named(name)
        if rule == before:
            return changed(rules.generation.number, [name], HTTPStatus.OK)
        if before is not None:
            rules.remove(name)
        status = HTTPStatus.CREATED if before is None else HTTPStatus.OK
        return changed(rules.add(rule), [name], status, f"/rules/{quote(name, safe='')}")

    @found.patch("/rules/{name}", openapi_extra=AS_MERGE_PATCH, responses=answers("Changed"))
    async def patch(name: str, body: Annotated[Any, RulePatch], if_match: IfMatch = None) -> JSONResponse:
        """Change some keys of a rule, as {"enabled": false}; it goes on counting."""
        check_generation(if_match, rules.generation.number)
        before = known_rule(name)
        (rule,) = await read([("", patched(rule_table(before), body, "rule"))])
        return changed(rules.generation.number if rule == before else rules.replace(rule), [name], HTTPStatus.OK)

    @found.delete("/rules/{name}", status_code=204)
    async def removed(name: str, if_match: IfMatch = None) -> Response:
        """Take a rule out of force; one that is not there changes nothing."""
        check_generation(if_match, rules.generation.number)
        generation = rules.generation.number if rule_named(name) is None else rules.remove(name)
        return Response(status_code=204, headers=tag(generation))

    @found.get("/scenarios", tags=["scenarios"], responses=answers("Scenarios"), response_model=None)
    async def scenarios() -> dict[str, Any]:
        """Return the state of each scenario that a rule in force belongs to."""
        return {"generation": rules.generation.number, "scenarios": dict(rules.states())}

    @found.put("/scenarios/{name}", tags=["scenarios"], responses=answers("Scenarios"), response_model=None)
    async def gone(name: str, body: ScenarioState) -> dict[str, Any]:
        """Bring a scenario to a state that one of its rules knows, as 'state' or 'next', or to 'start'."""
        states = rules.states()
        if name not in states:
            raise unknown_name("scenario", name, states, "a rule names the scenario that it belongs to")
        try:
            generation = rules.go(name, body.state)
        except RuleError as exc:
            raise unusable_value("/state", str(exc)) from None
        return {"generation": generation, "scenarios": dict(rules.states())}

    @found.post("/scenarios/reset", tags=["scenarios"], responses=answers("Scenarios"), response_model=None)
    async def reset() -> dict[str, Any]:
        """Bring every scenario back to its start."""
        return {"generation": rules.restart_scenarios(), "scenarios": dict(rules.states())}

    return found
