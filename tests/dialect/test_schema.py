"""The schema for editors says what the loader reads: no more, no less."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

import pytest

from acquirer.data.table import Table
from acquirer.dialect.loading import load
from acquirer.dialect.schema import schema
from acquirer.host.services import SERVICES
from acquirer.model.reasons import Reason
from acquirer.settings.specs import dialect_names, document, finder, read_spec

WHOLE = schema(SERVICES, Reason)
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}


def complaints(value: Any, rule: Any, at: str = "") -> list[str]:
    """What a JSON Schema validator would say: the few keywords our schema uses."""
    if "anyOf" in rule:
        tried = [complaints(value, one, at) for one in rule["anyOf"]]
        return [] if any(not found for found in tried) else max(tried, key=lambda found: max(map(len, found)))
    if "const" in rule:
        return [] if (type(value), value) == (type(rule["const"]), rule["const"]) else [f"{at}: is not {rule['const']}"]
    kind = TYPES.get(rule.get("type", ""))
    if kind and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
        return [f"{at}: is no {rule['type']}"]
    found = []
    if "enum" in rule and value not in rule["enum"]:
        found.append(f"{at}: {value!r} is none of {rule['enum']}")
    if "pattern" in rule and not re.search(rule["pattern"], value):
        found.append(f"{at}: {value!r} does not match")
    if isinstance(value, list) and "items" in rule:
        found += [problem for i, item in enumerate(value) for problem in complaints(item, rule["items"], f"{at}[{i}]")]
    if isinstance(value, dict):
        for key, inner in value.items():
            below = _rule_of(key, rule)
            found += [f"{at}.{key}: unknown key"] if below is False else complaints(inner, below, f"{at}.{key}")
        found += [f"{at}.{key}: is missing" for key in rule.get("required", ()) if key not in value]
    return found


def _rule_of(key: str, rule: Any) -> Any:
    if key in rule.get("properties", ()):
        return rule["properties"][key]
    for pattern, inner in rule.get("patternProperties", {}).items():
        if re.search(pattern, key):
            return inner
    return rule.get("additionalProperties", {})


@pytest.mark.parametrize("name", dialect_names())
def test_every_dialect_that_ships_fits(name: str) -> None:
    assert complaints(tomllib.loads(read_spec(name)[0]), WHOLE, name) == []


def test_it_is_json() -> None:
    assert json.loads(json.dumps(WHOLE)) == WHOLE
    assert "sign_on" in json.dumps(WHOLE)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[framing]\nlenght = 'binary2'", "framing.lenght: unknown key"),
        ("[framing]\nlength = 'binary'", "framing.length: 'binary' does not match"),
        ("[encoding]\nmti = 'bdc'", "encoding.mti: 'bdc' is none of"),
        ("[fields]\n2 = { format = 'q' }", "fields.2.format: 'q' does not match"),
        ("[fields]\n1 = { format = 'n2' }", "fields.1: unknown key"),
        ("[routes.sale]\nmac = 'always'", "routes.sale.mac: 'always' is none of"),
        ("[reasons]\naproved = '00'", "reasons.aproved: unknown key"),
        ("[terminal]\nreply_timeout = 3", "terminal.reply_timeout: unknown key"),
        ("[elements]\nstan = 11", "elements.stan: is no string"),
    ],
)
def test_mistakes_are_seen(text: str, complaint: str) -> None:
    assert any(complaint in problem for problem in complaints({"dialect": "x", **tomllib.loads(text)}, WHOLE, "my"))


def test_false_takes_away_what_a_parent_says() -> None:
    text = "dialect = 'x'\nsamples = false\n[fields]\n48 = false\n[routes]\nsale = false\n[terminal]\nsignature = false"
    assert complaints(tomllib.loads(text), WHOLE) == []


def test_every_key_the_loader_asks_for_is_described(monkeypatch: pytest.MonkeyPatch) -> None:
    tables: list[Table] = []
    init = Table.__init__

    def noting(self: Table, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        tables.append(self)

    monkeypatch.setattr(Table, "__init__", noting)
    for name in dialect_names():
        load(document(name), finder(name))
    keys = {(*table.path, key) for table in tables for key in table._read}
    assert len(keys) > 500
    for path in sorted(keys, key=str):
        assert _described(path), path


def _described(path: tuple[str | int, ...]) -> bool:
    rule: Any = WHOLE
    for step in path:
        rules = rule.get("anyOf", [rule])
        if isinstance(step, int):
            rule = next(one["items"] for one in rules if "items" in one)
            continue
        found = [inner for one in rules if one.get("type") == "object" and (inner := _rule_of(step, one)) is not False]
        if not found:
            return False
        rule = found[0]
    return True
