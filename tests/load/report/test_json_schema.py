"""What ``--json`` prints, held to the schema that is shipped."""

from __future__ import annotations

import copy
import json
from importlib.resources import files
from typing import Any

import fastjsonschema
import pytest

from acquirer.load.records import RequestOutcome
from acquirer.load.report.comparison import comparison_json
from acquirer.load.report.judged_run import JudgedRun
from tests.load.recorded import drawn_records, footer, record
from tests.load.report.conftest import MakeRun

SCHEMA = json.loads(files("acquirer.load.report").joinpath("load-1.schema.json").read_text(encoding="utf-8"))
VALIDATE = fastjsonschema.compile(SCHEMA)


@pytest.fixture
def runs(judged: MakeRun) -> dict[str, JudgedRun]:
    return {
        "calm": judged(drawn_records(300, 1_000_000), ["p(99)<1s", "errors{phase:burst}<5%"], plan="file.toml"),
        "nothing": judged([], ["p(99)<1s", "rate>1/s"], end=None),
        "broken off": judged([record()], end=footer(interrupted=True, not_done={"not-due": 3}), shard="2/3"),
        "every outcome": judged([record(outcome=outcome) for outcome in RequestOutcome], ["max<1s", "count>1"]),
        "late": judged([record(50_000, service=1)], terminals=None, share=None, end=footer(sentinel=None)),
        "users": judged([record()], phases=[{"name": "a", "kind": "users", "begin_s": 0, "length_s": None}]),
    }


def described(schema: dict[str, Any], document: Any, at: str = "$") -> list[str]:
    """Return the keys of a document that its schema does not describe."""
    if "$ref" in schema:
        return described(SCHEMA["definitions"][schema["$ref"].rpartition("/")[2]], document, at)
    if isinstance(document, list):
        return [one for item in document for one in described(schema.get("items", {}), item, f"{at}[]")]
    if not isinstance(document, dict) or ("properties" not in schema and "allOf" not in schema):
        more = schema.get("additionalProperties")
        inner = document.values() if isinstance(document, dict) and isinstance(more, dict) else ()
        return [one for item in inner for one in described(more or {}, item, f"{at}.*")]
    known: dict[str, Any] = dict(schema.get("properties", {}))
    for part in schema.get("allOf", ()):
        whole = SCHEMA["definitions"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part
        known.update(whole["properties"])
    return [
        one
        for key, value in document.items()
        for one in (described(known[key], value, f"{at}.{key}") if key in known else [f"{at}.{key}"])
    ]


def test_every_output_is_valid_and_every_key_described(runs) -> None:
    outputs = {name: one.as_json() for name, one in runs.items()}
    outputs["compared"] = comparison_json([runs["calm"], runs["nothing"], runs["late"]])
    for name, found in outputs.items():
        document = json.loads(json.dumps(found))
        VALIDATE(document)
        kind = "comparison" if name == "compared" else "run"
        assert described(SCHEMA["definitions"][kind], document) == [], name


def test_the_schema_finds_what_is_not_so(runs) -> None:
    good = json.loads(json.dumps(runs["calm"].as_json()))
    for path, value in (
        (("schema",), "acquirer.load/2"),
        (("requests",), -1),
        (("latency_ms", "p99_9"), "5 ms"),
        (("error_share",), 1.5),
        (("thresholds", 0, "held"), None),
        (("verdict",), "good"),
        (("phases", 0, "codes", "00"), 1.5),
    ):
        damaged = copy.deepcopy(good)
        place: Any = damaged
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
        with pytest.raises(fastjsonschema.JsonSchemaValueException):
            VALIDATE(damaged)
        del place[path[-1]]
        with pytest.raises(fastjsonschema.JsonSchemaValueException):
            VALIDATE(damaged) if path[-1] != "00" else VALIDATE({})


def test_verdicts(runs) -> None:
    assert {name: one.verdict for name, one in runs.items()} == {
        "calm": "passed",
        "nothing": "missed",
        "broken off": "not-judged",
        "every outcome": "missed",  # its longest time is a lower bound
        "late": "generator-limited",
        "users": "not-judged",
    }
