"""What HTTP itself promises of any resource: HEAD beside GET, 304 for what is known, which methods there are."""

from __future__ import annotations

from http.client import HTTPConnection
from pathlib import Path

import pytest

from acquirer.app.terminal import Terminal
from acquirer.control.conditional import tags_of
from tests.control.controlled import Answer, ControlledHost, controlled_host

POOR = {"name": "poor", "when": {"service": "sign_on"}, "then": {"code": "51"}}
MERGE = "application/merge-patch+json"


def without_date(answer: Answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name != "date"}


def test_head_is_answered_wherever_get_is_with_its_headers_and_no_body(host: ControlledHost, tmp_path: Path) -> None:
    with Terminal("10000161", host=host.address, state=tmp_path) as terminal:
        terminal.sign_on()
        terminal.sale("12.34", "standard", pin="123456")
        terminal.settle()
    host.post("/rules", {**POOR, "enabled": False})
    host.post("/faults", {"kind": "late", "enabled": False})
    named = {"{tid}": "10000161", "{batch}": "1", "{number}": "1", "{token}": "x"}
    paths = [path for path, methods in host.get("/openapi.json").json["paths"].items() if "get" in methods]
    answers = {}
    for path in paths:
        for key, value in {**named, "{name}": "poor" if "rules" in path else "late"}.items():
            path = path.replace(key, value)
        for query in ("", "?tid=10000161"):
            answers[path + query] = host.get(path + query)
    for path in ("/metrics", "/clock"):  # what they answer is another thing each time
        answers.pop(path)
    assert len([one for one in answers.values() if one.status == 200]) > 25
    for path, answer in answers.items():
        head = host.ask("HEAD", path)
        assert (head.status, without_date(head), head.body) == (answer.status, without_date(answer), b""), path
    for path in ("/metrics", "/clock", "/openapi.json"):
        assert (host.ask("HEAD", path).status, host.ask("HEAD", path).body) == (200, b"")


def test_head_goes_no_way_around_the_guard_and_of_what_has_no_get_there_is_none() -> None:
    with controlled_host("0.0.0.0:0") as host:
        host.host = "127.0.0.1"
        assert host.ask("HEAD", "/rules").status == 401
        assert host.ask("HEAD", "/livez").status == 200
        assert host.ask("HEAD", "/livez", Host="evil.example").status == 403
        token = {"Authorization": f"Bearer {host.ready['http_token']}"}
        assert host.ask("HEAD", "/explain", **token).status == 405


@pytest.mark.parametrize("path", ["/rules", "/rules/poor", "/rules/unused", "/faults", "/faults/late"])
def test_what_a_client_has_already_is_not_sent_again(host: ControlledHost, path: str) -> None:
    host.post("/rules", POOR)
    host.post("/faults", {"kind": "late"})
    tag = host.get(path).headers["etag"]
    for known in (tag, f'"other", W/{tag}', "*", f"{tag},"):
        answer = host.get(path, If_None_Match=known)
        assert (answer.status, answer.headers["etag"], answer.body) == (304, tag, b"")
        assert "content-length" not in answer.headers
    assert host.ask("HEAD", path, If_None_Match=tag).status == 304
    for known in ('"other"', tag.strip('"'), "", tag[:-2] + '"'):
        assert host.get(path, If_None_Match=known).status == 200
    host.ask("DELETE", "/faults")
    changed = host.get(path, If_None_Match=tag)
    assert changed.status == (404 if path == "/faults/late" else 200)


def test_counts_make_another_tag_and_keep_no_change_from_happening(host: ControlledHost, tmp_path: Path) -> None:
    host.post("/rules", POOR)
    before = {path: host.get(path).headers["etag"] for path in ("/rules", "/rules/poor", "/rules/unused", "/faults")}
    assert set(before.values()) == {'"1-0"'}
    with Terminal("10000161", host=host.address, state=tmp_path) as terminal:
        terminal.sign_on()
    after = {path: host.get(path, If_None_Match=tag) for path, tag in before.items()}
    assert {path: one.status for path, one in after.items()} == {
        "/rules": 200, "/rules/poor": 200, "/rules/unused": 200, "/faults": 304
    }  # fmt: skip
    assert (after["/rules"].json["rules"][0]["used"], after["/rules"].headers["etag"]) == (1, '"1-1"')
    assert host.ask("PATCH", "/rules/poor", {"times": 2}, If_Match='W/"1-0"').status == 412, "weak: perhaps another one"
    assert host.ask("PATCH", "/rules/poor", {"times": 2}, If_Match='"0", "1-0"').status == 200
    assert host.ask("PATCH", "/rules/poor", {"times": 3}, If_Match='"1-0"').status == 412


def test_a_terminal_is_not_sent_again_until_it_stands_otherwise(host: ControlledHost) -> None:
    tag = host.get("/terminals/10000161").headers["etag"]
    assert host.get("/terminals/10000161", If_None_Match=tag).status == 304
    host.ask("PATCH", "/terminals/10000161", {"name": "other"})
    assert host.get("/terminals/10000161", If_None_Match=tag).json["name"] == "other"
    assert host.ask("PATCH", "/terminals/10000161", {"name": "x"}, If_Match=f"W/{tag}").status == 412


def test_a_change_is_no_question_of_what_a_client_has(host: ControlledHost) -> None:
    assert host.post("/rules", POOR, If_None_Match="*").status == 201


def test_all_methods_of_a_path_are_named(shared: ControlledHost) -> None:
    allowed = {
        "/rules": "DELETE, GET, HEAD, POST",
        "/rules/x": "DELETE, GET, HEAD, PATCH, PUT",
        "/explain": "POST",
        "/terminals": "GET, HEAD, POST",
        "/openapi.json": "GET, HEAD",
    }
    for path, methods in allowed.items():
        answer = shared.ask("OPTIONS", path)
        assert (answer.status, answer.headers["allow"]) == (405, methods)
        assert methods in answer.json["detail"]


def test_a_merge_patch_takes_away_with_null(host: ControlledHost) -> None:
    host.post("/rules", {**POOR, "times": 1, "then": {"code": "51", "hold": "1s"}})
    host.post("/faults", {"kind": "late", "after": "5s", "times": 2})
    patches: list[tuple[str, dict[str, object]]] = [
        ("/rules/poor", {"times": None, "then": {"hold": None}}),
        ("/faults/late", {"after": None, "count": None}),
        ("/terminals/10000161", {"policy": {"grace_s": 7}, "name": None}),
    ]
    for path, patch in patches:
        assert host.ask("PATCH", path, patch, Content_Type=MERGE).status == 200
    assert host.get("/rules/poor").json == {
        "name": "poor", "when": "service=sign_on", "then": {"code": "51"}, "used": 0
    }  # fmt: skip
    fault, terminal = host.get("/faults/late").json, host.get("/terminals/10000161").json
    assert "count" not in fault
    assert (terminal["policy"]["grace_s"], terminal["name"]) == (7, "")
    host.ask("PATCH", "/terminals/10000161", {"policy": None}, Content_Type=MERGE)
    assert host.get("/terminals/10000161").json["policy"]["grace_s"] == 60
    assert host.ask("PATCH", "/rules/poor", {}, Content_Type=MERGE).json["generation"] == 4, "no change is none"


@pytest.mark.parametrize(
    ("path", "key"),
    [("/rules/poor", "name"), ("/rules/poor", "then"), ("/faults/late", "kind"), ("/faults/late", "name"),
     ("/terminals/10000161", "tid"), ("/terminals/10000161", "mid")],
)  # fmt: skip
def test_what_cannot_be_taken_away_is_named(host: ControlledHost, path: str, key: str) -> None:
    host.post("/rules", POOR)
    host.post("/faults", {"kind": "late"})
    refused = host.ask("PATCH", path, {key: None}, Content_Type=MERGE)
    assert (refused.status, refused.pointers) == (422, [f"/{key}"])
    assert "cannot be taken away" in refused.json["detail"]


def test_a_type_that_no_patch_has_is_answered_with_those_it_may_have(shared: ControlledHost) -> None:
    refused = shared.ask("PATCH", "/terminals/10000161", b"{}", Content_Type="application/json-patch+json")
    assert (refused.status, refused.headers["accept-patch"]) == (415, f"application/json, {MERGE}")
    put = shared.ask("PUT", "/rules/poor", b"{}", Content_Type=MERGE)
    assert (put.status, "accept-patch" in put.headers) == (415, False)


def test_tags_as_headers_have_them() -> None:
    assert tags_of('"a" , W/"b","c-1"') == ["a", "b", "c-1"]
    assert tags_of('W/"b","c-1"', strong=True) == ["c-1"]
    assert tags_of("a, b") == tags_of("") == []


def test_a_connection_goes_on_after_answers_without_a_body(shared: ControlledHost) -> None:
    connection = HTTPConnection(shared.host, shared.port, timeout=60)
    tag = shared.get("/rules").headers["etag"]
    statuses = []
    for method, headers in (
        ("GET", {"If-None-Match": tag}),
        ("HEAD", {}),
        ("HEAD", {"If-None-Match": tag}),
        ("GET", {}),
    ):
        connection.request(method, "/rules", headers=headers)
        local = connection.sock.getsockname()
        answer = connection.getresponse()
        statuses.append(
            (answer.status, bool(answer.read()), connection.sock and connection.sock.getsockname() == local)
        )
    connection.close()
    assert statuses == [(304, False, True), (200, False, True), (304, False, True), (200, True, True)]
