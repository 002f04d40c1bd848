"""Schemas of documents: each answer of a host with something of everything has the keys that OpenAPI says."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import fastjsonschema
import pytest

from acquirer.app.terminal import Terminal
from tests.control.closed_schemas import closed
from tests.control.controlled import ControlledHost, controlled_host

TID, MID, TMK = "10000161", "880210010210162", "0123456789ABCDEFFEDCBA9876543210"  # published for tests
MAIN = ("Exchange", "Terminal", "Card", "Transaction", "Signature", "Batch", "Rule", "Fault")
RULES = [
    {"name": "a", "when": {"service": "sale"}, "then": {"hold": "10ms", "set": {"de.44": "x"}, "drop": ["de.37"]}},
    {"name": "b", "scenario": "s", "state": "start", "next": "t", "then": {"code": "51"}, "times": 1, "after": 99},
    {
        "name": "c",
        "when": "amount>9",
        "then": {"answers": ["00", "51"], "order": "random"},
        "seed": 3,
        "enabled": False,
    },
    {"name": "d", "when": {"service": "balance"}, "then": {"reason": "issuer_down", "faults": ["late:after=1s"]}},
    {"name": "e", "when": {"service": "balance"}, "priority": 9, "then": {"approve": True, "ask": "sign_on"}},
]
FAULTS = [
    {"kind": "late", "after": "5s", "tid": "10000169", "amount": "1.50", "probability": 0.5, "skip": 3, "seed": 9},
    {"kind": "wrong_mac", "how": "zero", "service": "balance", "times": 2, "when": "amount>10", "enabled": False},
    {"kind": "bit_flip", "bits": 3, "where": "anywhere", "peer": "127.0.0.9:*", "mid": "880210010210169"},
]


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlledHost]:
    """A host with something of everything."""
    folder = tmp_path_factory.mktemp("host")
    with controlled_host(trace=folder / "frames.txt", clock="virtual") as host:
        assert host.post("/rules", RULES).status == 201
        assert host.post("/faults", FAULTS).status == 201
        with Terminal(TID, host=host.address, state=folder, sign_upload="at-once") as terminal:
            terminal.sign_on()
            terminal.sale("12.34", "standard", pin="123456", sign="Ann")
            terminal.sale("5.00", "poor", entry="magstripe")
            terminal.settle()
            terminal.sign_on()
            terminal.sale("2.00", "standard", pin="123456")
            terminal.void(rrn=str(host.get(f"/transactions?tid={TID}").json["items"][-1]["rrn"]))
            terminal.echo()
        host.post("/exchanges/2/mark", {"mark": "flaky"})
        yield host


@pytest.fixture(scope="module")
def validators(rich: ControlledHost) -> Callable[[str], Callable[[Any], Any]]:
    components = closed(rich.get("/openapi.json").json["components"])

    def validator(name: str) -> Callable[[Any], Any]:
        return fastjsonschema.compile({"$ref": f"#/components/schemas/{name}", "components": components})

    return validator


def answer_name(operation: Any, status: int) -> str:
    return operation["responses"][str(status)]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]


def test_every_answer_in_json_names_its_document(rich: ControlledHost) -> None:
    paths = rich.get("/openapi.json").json["paths"]
    loose = [
        (method, path, status)
        for path, methods in paths.items()
        for method, operation in methods.items()
        for status, response in operation["responses"].items()
        if "$ref" not in json.dumps(response.get("content", {}).get("application/json", {"$ref": ""}))
    ]
    assert loose == []


def test_the_main_documents_have_their_keys_and_no_others(rich: ControlledHost) -> None:
    schemas = rich.get("/openapi.json").json["components"]["schemas"]
    for name in MAIN:
        assert len(schemas[name]["required"]) >= 3
        assert all(schemas[name]["properties"].values()), "each with its type"


REQUESTS: list[tuple[str, str, object]] = [
    *(("GET", path, None) for path in (
        "/version", "/rules", "/rules/a", "/rules/unused", "/scenarios", "/faults", "/faults/late", "/faults/kinds",
        "/journal?count=true", "/journal?order=newest&limit=2", "/journal/1", "/journal/2", "/journal/2/why",
        "/journal/1/bytes", "/terminals", f"/terminals/{TID}", "/cards", "/cards/poor", f"/transactions?tid={TID}",
        f"/signatures?tid={TID}", "/batches", f"/batches/{TID}/1", f"/batches/{TID}/1/report?every=true",
        f"/receipts?tid={TID}", "/held", "/clock", "/filter-help",
    )),
    ("POST", "/journal/count", {"when": "service=sale"}),
    ("POST", "/journal/wait", {"when": "service=sale", "count": 2}),
    ("POST", "/journal/wait", {"when": "service=balance", "timeout": 0}),
    ("POST", "/explain", {"exchange": 1}),
    ("POST", "/explain", {"exchange": 2}),
    ("POST", "/exchanges/2/replay", {}),
    ("POST", "/exchanges/1/mark", {"mark": "x"}),
    ("POST", "/exchanges/1/comment", {"comment": "x"}),
    ("POST", "/receipts", {"tid": TID, "stan": "000002"}),
    ("POST", "/terminals", {"tid": "77000001", "mid": MID, "tmk": TMK}),
    ("PATCH", f"/terminals/{TID}", {"name": "x"}),
    ("POST", f"/terminals/{TID}/rotate-keys", {}),
    ("POST", f"/terminals/{TID}/rotate-master-key", {"tmk": TMK}),
    ("POST", f"/terminals/{TID}/sign-off", {}),
    ("POST", f"/terminals/{TID}/fetch", {"downloads": ["capk"]}),
    ("PUT", "/scenarios/s", {"state": "t"}),
    ("PATCH", "/rules/a", {"times": 9}),
    ("PUT", "/faults/new", {"kind": "silent", "enabled": False}),
    ("POST", "/held/resume", {}),
    ("POST", "/clock", {"advance": "1s"}),
    ("POST", "/populate", {"rule": [{"name": "more", "then": {"code": "05"}, "enabled": False}]}),
    ("POST", "/reset?what=rules", {}),
]  # fmt: skip


def operation_of(paths: Any, method: str, path: str) -> Any:
    steps = path.partition("?")[0].split("/")
    best = [
        (sum(step.startswith("{") for step in known.split("/")), known)
        for known, methods in paths.items()
        if method.lower() in methods
        and len(known.split("/")) == len(steps)
        and all(a == b or a.startswith("{") for a, b in zip(known.split("/"), steps, strict=True))
    ]
    return paths[min(best)[1]][method.lower()]


def test_what_a_host_answers_is_what_it_describes(
    rich: ControlledHost, validators: Callable[[str], Callable[[Any], Any]]
) -> None:
    paths = rich.get("/openapi.json").json["paths"]
    seen = set()
    for method, path, body in REQUESTS:
        answer = rich.ask(method, path, body)
        assert answer.status in (200, 201), f"{method} {path}: {answer.text}"
        name = answer_name(operation_of(paths, method, path), answer.status)
        try:
            validators(name)(answer.json)
        except fastjsonschema.JsonSchemaValueException as exc:
            pytest.fail(f"{method} {path} is no {name}: {exc}")
        seen.add(name)
        for items in (answer.json.get(key) for key in ("items", "exchanges", "rules", "faults")):
            assert items is None or items or path.startswith(("/held", "/journal/wait", "/rules/unused")), path
    described = {
        answer_name(operation, int(status))
        for methods in paths.values()
        for operation in methods.values()
        for status, response in operation["responses"].items()
        if "application/json" in response.get("content", {})
    }
    assert described - seen == {"ResumedExchange", "ImportedSignatures"}, "which have tests of their own"


@pytest.mark.parametrize("name", MAIN)
def test_a_key_that_is_not_described_or_missing_or_of_another_type_is_noticed(
    rich: ControlledHost, validators: Callable[[str], Callable[[Any], Any]], name: str
) -> None:
    places = {
        "Exchange": "/journal/2", "Terminal": f"/terminals/{TID}", "Card": "/cards/standard",
        "Transaction": f"/transactions?tid={TID}", "Signature": f"/signatures?tid={TID}", "Batch": "/batches",
        "Rule": "/rules", "Fault": "/faults",
    }  # fmt: skip
    with controlled_host() as host:  # one of which nothing was reset
        host.post("/rules", RULES)
        host.post("/faults", FAULTS)
        found = (host if name in ("Rule", "Fault") else rich).get(places[name]).json
    document = next((found[key][0] for key in ("items", "rules", "faults") if key in found), found)
    validate = validators(name)
    validate(document)
    needed = rich.get("/openapi.json").json["components"]["schemas"][name]["required"]
    unlike: list[dict[str, Any]] = [{**document, "more": [1]}]
    for key in document:
        less = copy.deepcopy(document)
        del less[key]
        other = {**document, key: [{"x": 1}] if not isinstance(document[key], list) else 3}
        unlike += [other, *([less] if key in needed else [])]
    for one in unlike:
        with pytest.raises(fastjsonschema.JsonSchemaValueException):
            validate(one)
