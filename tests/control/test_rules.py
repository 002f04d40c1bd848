"""Rules, faults and scenarios, changed while a host serves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from acquirer.app.terminal import Terminal
from acquirer.data.toml import Document
from acquirer.scenario.declaration import parse, read_fault
from acquirer.scenario.faults import Fault
from acquirer.scenario.registry import built_in_names
from acquirer.scenario.rules import Rule
from acquirer.scenario.rules.reading import make_rule
from acquirer.scenario.writing import fault_table, fault_text, rule_table
from tests.control.controlled import ControlledHost, controlled_host

POOR = {"name": "poor", "when": {"service": "sale", "amount": ">10.00"}, "then": {"code": "51"}, "times": 1}


def test_a_rule_decides_is_counted_and_is_gone_again(host: ControlledHost, tmp_path: Path) -> None:
    created = host.post("/rules", POOR)
    assert (created.status, created.headers["location"], created.headers["etag"]) == (201, "/rules/poor", '"1"')
    with Terminal("10000161", host=host.address, state=tmp_path) as terminal:
        terminal.sign_on()
        assert terminal.sale("12.00", "standard", pin="123456").code == "51"
        assert terminal.sale("12.00", "standard", pin="123456").code == "00"
    rule = host.get("/rules/poor").json
    assert rule == {**POOR, "when": "service=sale & amount>10.00", "used": 1}
    sale = host.post("/journal/wait", {"when": {"service": "sale", "rule": "poor"}}).json["exchanges"][0]
    assert (sale["generation"], sale["code"]) == (1, "51")
    assert host.ask("DELETE", "/rules/poor").status == 204
    assert host.ask("DELETE", "/rules/poor").status == 204, "also when it is not there"
    assert host.get("/rules/poor").status == 404


def test_put_is_idempotent(host: ControlledHost) -> None:
    rule = {name: value for name, value in POOR.items() if name != "name"}
    assert host.ask("PUT", "/rules/poor", rule).status == 201
    again = host.ask("PUT", "/rules/poor", {**rule, "name": "poor"})
    assert (again.status, again.json["generation"]) == (200, 1)
    other = host.ask("PUT", "/rules/poor", {**rule, "times": 2})
    assert (other.status, host.get("/rules/poor").json["times"]) == (200, 2)
    assert host.ask("PUT", "/rules/rich", {**rule, "name": "poor"}).pointers == ["/name"]


def test_a_patch_changes_some_keys_and_goes_on_counting(host: ControlledHost, tmp_path: Path) -> None:
    host.post("/rules", POOR)
    with Terminal("10000161", host=host.address, state=tmp_path) as terminal:
        terminal.sign_on()

        def sale() -> str:
            return terminal.sale("12.00", "standard", pin="123456").code

        assert sale() == "51"
        assert host.ask("PATCH", "/rules/poor", {"times": 2, "then": {"code": "61"}}).json["generation"] == 2
        assert (host.get("/rules/poor").json["used"], sale(), sale()) == (1, "61", "00")
        assert host.ask("PATCH", "/rules/poor", {"times": None}).status == 200
        assert ("times" in host.get("/rules/poor").json, sale()) == (False, "61")
        assert host.ask("PATCH", "/rules/poor", {"enabled": False}).status == 200
        assert (host.get("/rules/poor").json["enabled"], sale()) == (False, "00")
        assert host.ask("PATCH", "/rules/poor", {"enabled": False}).json["generation"] == 4, "it is so already"
        assert host.ask("PATCH", "/rules/poor", {"enabled": True}).status == 200
        assert sale() == "61"
    assert "enabled" not in host.get("/rules/poor").json


def test_a_fault_is_switched_off_and_on_and_goes_on_counting(host: ControlledHost, tmp_path: Path) -> None:
    host.post("/faults", {"kind": "wrong_kcv", "times": 2})
    with Terminal("10000161", host=host.address, state=tmp_path) as terminal:

        def answered() -> bool:
            return terminal.sign_on().ok

        assert (answered(), host.get("/faults/wrong_kcv").json["applied"]) == (False, 1)
        assert host.ask("PATCH", "/faults/wrong_kcv", {"enabled": False}).status == 200
        assert (answered(), host.get("/faults/wrong_kcv").json["enabled"]) == (True, False)
        assert host.ask("PATCH", "/faults/wrong_kcv", {"enabled": None}).status == 200
        assert (answered(), answered()) == (False, True), "it acts twice in all"
    assert host.ask("PATCH", "/faults/wrong_kcv", {"enabled": "perhaps"}).pointers == ["/enabled"]
    assert host.ask("PATCH", "/faults/wrong_kvc", {"enabled": False}).status == 404


def test_faults_that_contradict_each_other_may_be_there_while_one_is_switched_off(host: ControlledHost) -> None:
    silent = {"kind": "silent", "service": "sale"}
    host.post("/faults", {"kind": "late", "after": "5s"})
    assert host.post("/faults", silent).status == 409
    assert host.post("/faults", {**silent, "enabled": False}).status == 201
    refused = host.ask("PATCH", "/faults/silent", {"enabled": True})
    assert (refused.status, refused.json["type"]) == (409, "urn:acquirer:problem:contradiction")
    assert host.get("/faults/silent").json["enabled"] is False
    host.ask("DELETE", "/faults/late")
    assert host.ask("PATCH", "/faults/silent", {"enabled": True}).status == 200


def test_patches_that_cannot_be_used(host: ControlledHost) -> None:
    host.post("/rules", POOR)
    unusable: list[tuple[object, str]] = [([], ""), (None, ""), ({"name": "rich"}, "/name")]
    for body, pointer in [*unusable, ({"then": {"cod": "5"}}, "/then/cod")]:
        assert host.ask("PATCH", "/rules/poor", body).pointers == [pointer]
    assert host.ask("PATCH", "/rules/rich", {"times": 1}).status == 404
    assert host.ask("PATCH", "/rules/poor", {"times": 1}, If_Match='"0"').status == 412


def test_rules_and_faults_as_a_file_that_a_host_takes(host: ControlledHost, tmp_path: Path) -> None:
    odd = {"name": '银联 "x" \\ y', "then": {"set": {"de.44": "a b"}, "drop": ["de.37"]}, "enabled": False}
    fault = {"kind": "late", "name": "tunnel", "after": "2s", "when": "amount>10"}
    assert [host.post("/rules", [POOR, odd]).status, host.post("/faults", fault).status] == [201, 201]
    written = [host.get(f"/{what}?format=toml") for what in ("rules", "faults")]
    assert {one.headers["content-type"].partition(";")[0] for one in written} == {"application/toml"}
    pack = tmp_path / "mine.toml"
    pack.write_text("\n".join(one.text for one in written), "utf-8")
    with controlled_host(pack=[str(pack)]) as other:
        assert other.get("/rules").json["rules"] == host.get("/rules").json["rules"]
        assert other.get("/faults").json["faults"] == host.get("/faults").json["faults"]
    assert host.get("/rules?format=yaml").pointers == ["query/format"]


def test_a_change_of_what_has_changed_meanwhile_is_refused(host: ControlledHost) -> None:
    assert host.post("/rules", POOR, If_Match='"0"').status == 201
    late = host.ask("DELETE", "/rules", If_Match='"0"')
    assert (late.status, late.json["generation"]) == (412, 1)
    assert host.ask("DELETE", "/rules", If_Match='"1"').status == 204


def test_a_list_is_added_whole_or_not_at_all(host: ControlledHost) -> None:
    refused = host.post("/rules", [POOR, {"name": "other", "then": {"code": "Z9"}}])
    assert (refused.status, refused.pointers) == (422, ["/1/then/code"])
    assert host.post("/rules", [POOR, POOR]).status == 409
    assert host.get("/rules").json["rules"] == []
    many = [{"name": f"rule {number}", "then": {"code": "51"}} for number in range(1_001)]
    assert host.post("/rules", many[:1_000]).json["generation"] == 1
    assert "send at most 1000" in host.post("/rules", many).json["detail"]
    assert len(host.get("/rules/unused").json["rules"]) == 1_000


def test_many_are_read_beside_the_loop_and_added_only_while_their_generation_holds(host: ControlledHost) -> None:
    many = [{"name": f"rule {number}", "then": {"code": "51"}} for number in range(50)]
    assert host.post("/rules", many, If_Match='"1"').status == 412
    assert host.post("/rules", many, If_Match='"0"').json["generation"] == 1
    assert [one["name"] for one in host.get("/rules").json["rules"]] == [one["name"] for one in many]
    assert host.post("/faults", [{"kind": "silent", "name": f"f{n}"} for n in range(50)], If_Match='"1"').status == 201
    refused = host.post("/rules", [*many[:30], {"name": "x", "then": {"code": "Z9"}}])
    assert (refused.status, refused.pointers) == (422, ["/30/then/code"])
    assert len(host.post("/rules", many).pointers) == 20


def test_names_with_slashes_and_spaces_have_addresses(host: ControlledHost) -> None:
    created = host.post("/rules", {"name": "银联 & co", "then": {"code": "51"}})
    assert host.get(created.headers["location"]).json["name"] == "银联 & co"


@pytest.mark.parametrize(
    ("body", "pointer", "sentence"),
    [
        (3, "", "must be a rule, or a list of them"),
        ([], "", "must be a rule, or a list of them"),
        ([3], "/0", "must be a rule, with its keys"),
        ({"then": {"code": "51"}}, "/name", "is missing"),
        ({"name": "x"}, "/then", "is missing"),
        ({"name": "x", "then": {"cod": "51"}}, "/then/cod", "did you mean 'code'?"),
        ({"name": "x", "when": {"de.44": 3}, "then": {"code": "51"}}, "/when/de.44", ""),
        ({"name": "x", "when": {"service": "sael"}, "then": {"code": "51"}}, "/when/service", "sale"),
        ({"name": "x", "times": 0, "then": {"code": "51"}}, "/times", "must be a number from 1"),
    ],
)
def test_a_rule_that_cannot_be_used(shared: ControlledHost, body: object, pointer: str, sentence: str) -> None:
    answer = shared.post("/rules", body)
    assert answer.status == 422
    assert sentence in answer.json["detail"]
    assert answer.pointers == [pointer]


def test_scenarios(host: ControlledHost) -> None:
    rule = {"name": "keys lost", "scenario": "morning", "state": "start", "next": "lost", "then": {"code": "77"}}
    host.post("/rules", rule)
    assert host.get("/scenarios").json["scenarios"] == {"morning": "start"}
    assert host.ask("PUT", "/scenarios/morning", {"state": "lost"}).json["scenarios"] == {"morning": "lost"}
    assert host.post("/scenarios/reset", {}).json["scenarios"] == {"morning": "start"}
    missing = host.ask("PUT", "/scenarios/mornin", {"state": "lost"})
    assert (missing.status, "did you mean 'morning'?" in missing.json["detail"]) == (404, True)
    assert host.ask("PUT", "/scenarios/morning", {"state": ""}).pointers == ["/state"]
    for state, sentence in (("lots", "did you mean 'lost'?"), ("evening", "there are lost, start")):
        unknown = host.ask("PUT", "/scenarios/morning", {"state": state})
        assert (unknown.status, unknown.pointers) == (422, ["/state"])
        assert sentence in unknown.json["detail"]
    assert host.get("/scenarios").json["scenarios"] == {"morning": "start"}
    host.post("/rules", {**rule, "name": "later", "state": "evening", "enabled": False})
    assert host.ask("PUT", "/scenarios/morning", {"state": "evening"}).status == 200


def test_a_fault_acts_is_counted_and_is_gone_again(host: ControlledHost, tmp_path: Path) -> None:
    created = host.post("/faults", {"kind": "silent", "service": "sign_on", "times": 1})
    assert (created.status, created.json["names"], created.headers["location"]) == (201, ["silent"], "/faults/silent")
    with Terminal("10000161", host=host.address, state=tmp_path, timeout_s=0.2) as terminal:
        assert not terminal.sign_on().code
        assert terminal.sign_on().code == "00"
    fault = host.get("/faults/silent").json
    assert fault == {
        "name": "silent", "kind": "silent", "service": "sign_on", "count": 1, "stage": "sending", "applied": 1
    }  # fmt: skip
    assert host.ask("DELETE", "/faults").status == 204
    assert host.get("/faults").json == {"generation": 2, "faults": []}
    assert "did you mean" not in host.get("/faults/silent").json["detail"]


def test_faults_that_contradict_each_other_and_taken_names(host: ControlledHost) -> None:
    assert host.post("/faults", [{"kind": "silent"}, {"kind": "duplicate"}]).status == 409
    assert host.ask("PUT", "/faults/one", {"kind": "silent"}).status == 201
    assert host.ask("PUT", "/faults/one", {"kind": "silent"}).status == 200
    taken = host.post("/faults", {"name": "one", "kind": "late"})
    assert (taken.status, taken.pointers) == (409, ["/name"])
    assert host.ask("DELETE", "/faults/one").headers["etag"] == '"2"'


def test_a_fault_of_a_line_acts_on_connections(host: ControlledHost, tmp_path: Path) -> None:
    host.post("/faults", {"kind": "refuse"})
    with Terminal("10000161", host=host.address, state=tmp_path, timeout_s=0.5) as terminal:
        assert not terminal.sign_on().code
    assert host.get("/faults/refuse").json["applied"] >= 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [({}, "/kind"), ({"kind": "silnt"}, "/kind"), ({"kind": "late", "after": "x"}, "/after"), ({"kind": []}, "/kind"),
     ({"kind": "silent", "when": {"amount": "x"}}, "/when/amount"), ({"kind": "silent", "tid": "1"}, "/tid")],
)  # fmt: skip
def test_a_fault_that_cannot_be_used(shared: ControlledHost, body: object, pointer: str) -> None:
    answer = shared.post("/faults", body)
    assert (answer.status, answer.pointers) == (422, [pointer])


def test_the_kinds_of_faults(shared: ControlledHost) -> None:
    found = shared.get("/faults/kinds").json
    assert {one["name"] for one in found["kinds"]} >= set(built_in_names())
    assert "probability" in found["conditions"]


RULES: list[dict[str, Any]] = [
    POOR,
    {"name": "all", "then": {"approve": True}},
    {"name": "held", "then": {"hold": "for a person"}, "priority": 1, "after": 2},
    {"name": "long", "when": "tid=T00* & (amount>100 | code!=00)", "then": {"hold": "1500ms", "reason": "issuer_down"}},
    {"name": "turns", "then": {"answers": ["00", "51"], "order": "random"}, "seed": 7},
    {"name": "edits", "then": {"set": {"de.44": "x"}, "drop": ["de.37"], "ask": "sign_on"}},
    {"name": "damage", "then": {"faults": ["late:after=5s,name=slow", "wrong_mac:how=zero"], "code": "00"}},
    {"name": "state", "scenario": "a", "state": "start", "next": "b", "then": {"code": "91"}},
    {"name": "nth", "when": {"service": "sale", "nth": "2"}, "then": {"code": "05"}},
]


@pytest.mark.parametrize("table", RULES, ids=lambda table: str(table["name"]))
def test_a_rule_that_is_written_reads_as_the_same(table: dict[str, Any]) -> None:
    rule: Rule = make_rule(table)
    assert make_rule(rule_table(rule)) == rule


FAULTS = [
    "silent", "late:after=5s,tid=10000161,amount=1.50,probability=0.5,skip=3,seed=9", "wrong_mac:how=zero",
    "truncate:bytes=7", "bit_flip:bits=3,where=anywhere", "delay:uniform=100ms..2s", "missing:de=39,code=00",
    "prepend:hex=00FF", "refuse:peer=127.0.0.*", "wrong_amount:to=12.34", "wrong_length:by=-2",
]  # fmt: skip


@pytest.mark.parametrize("text", FAULTS)
def test_a_fault_that_is_written_reads_as_the_same(text: str) -> None:
    fault: Fault = parse(text)
    table = fault_table(fault)
    assert read_fault(Document("fault", table, {}), (), table, ()) == fault
    assert parse(fault_text(fault)) == Fault(fault.name, fault.kind, seed=fault.seed)
