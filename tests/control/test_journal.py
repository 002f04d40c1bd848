"""What was exchanged, as clients of any language ask for it."""

from __future__ import annotations

import io
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import dpkt
import pytest

from acquirer.app.terminal import Terminal
from acquirer.control import searching
from acquirer.journal.search import Bounds
from tests.control.controlled import Answer, ControlledHost, controlled_host


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlledHost]:
    """A host after a sign-on, a sale and a declined sale of one terminal."""
    with controlled_host() as host:
        with Terminal("10000161", host=host.address, state=tmp_path_factory.mktemp("pos")) as terminal:
            terminal.sign_on()
            terminal.sale("12.34", "standard", pin="123456")
            terminal.sale("5.00", "poor", entry="magstripe")
        yield host


def ids(answer: Answer) -> list[int]:
    return [one["id"] for one in answer.json["items"]]


def test_pages_from_the_oldest_and_from_the_newest(day: ControlledHost) -> None:
    first = day.get("/journal?limit=2")
    assert (ids(first), first.json["next"], first.json["more"], first.json["newest"]) == ([1, 2], 2, True, 3)
    second = day.get(f"/journal?limit=2&after={first.json['next']}")
    assert (ids(second), second.json["more"]) == ([3], False)
    assert ids(day.get("/journal?limit=2&order=newest")) == [3, 2]
    last = day.get("/journal?limit=2&order=newest&after=2")
    assert (ids(last), last.json["next"]) == ([1], None)


def test_how_many_there_are_in_all(day: ControlledHost, monkeypatch: pytest.MonkeyPatch) -> None:
    newest = day.get("/journal?order=newest&limit=1").json
    assert "total" not in newest
    for query in ("count=true&limit=1", "count=true&limit=2&after=1", "count=true&order=newest&after=2"):
        page = day.get(f"/journal?{query}").json
        assert (page["total"], page["total_note"]) == (newest["newest"], "")
    sales = len(day.get("/journal?filter=service%3Dsale").json["items"])
    page = day.get("/journal?filter=service%3Dsale&limit=1&after=2&count=true").json
    assert (page["total"], len(page["items"])) == (sales, 1)
    assert day.get("/journal?filter=code%3D99&count=true").json["total"] == 0
    assert day.get("/journal?filter=service%3Dsign_on&count=true").json["total"] == 1, "the first one there is"
    monkeypatch.setattr(searching, "Bounds", lambda: Bounds(1, None))
    bounded = day.get("/journal?filter=amount%3E0&count=true").json
    assert bounded["total"] < sales
    assert "were not looked at" in bounded["total_note"]


def test_a_filter_in_the_address(day: ControlledHost) -> None:
    assert ids(day.get("/journal?filter=service%3Dsale%20%26%20code!%3D00")) == [3]
    answer = day.get("/journal?filter=servic%3Dsale")
    assert (answer.status, answer.pointers) == (422, ["query/filter"])
    assert "did you mean 'service'?" in answer.json["detail"]


def test_other_forms(day: ControlledHost) -> None:
    lines = day.get("/journal", Accept="application/x-ndjson")
    assert [json.loads(line)["code"] for line in lines.text.splitlines()] == ["00", "00", "51"]
    assert lines.headers["next-after"] == "3"
    text = day.get("/journal", Accept="text/plain").text
    assert "0800 sign_on" in text
    assert "request 0200" in text
    capture = day.get("/journal", Accept="application/vnd.tcpdump.pcap").body
    assert len(list(dpkt.pcapng.Reader(io.BytesIO(capture)))) >= 6
    refused = day.get("/journal", Accept="text/html")
    assert (refused.status, refused.json["type"]) == (406, "urn:acquirer:problem:not-acceptable")


def test_one_exchange_and_why(day: ControlledHost) -> None:
    entry = day.get("/journal/3").json
    assert (entry["service"], entry["code"], entry["amount_minor"]) == ("sale", "51", 500)
    assert entry["at"].endswith("Z")
    assert "6222" in entry["pan_masked"] or "*" in entry["pan_masked"]
    day.post("/rules", {"name": "rich only", "when": {"service": "sale", "amount": ">100"}, "then": {"code": "61"}})
    why = day.get("/journal/3/why").json
    assert why["why"] == entry["why"]
    assert why["rules"] == [
        {"name": "rich only", "fits": False, "differs": ["amount: wanted above 100.00, was 5.00 ≠"], "not_kept": []}
    ]
    day.ask("DELETE", "/rules")
    messages = day.get("/journal/2/bytes").json
    assert messages["masked"] is True
    assert messages["request"]["hex"].startswith("6000")
    assert len(messages["request"]["hex"]) == 2 * messages["request"]["bytes"]
    frame, spans = bytes.fromhex(messages["request"]["hex"]), messages["request"]["spans"]
    assert frame[slice(*spans["11"])].hex() == day.get("/journal/2").json["stan"]
    assert frame[slice(*spans["mti"])].hex() == "0200"
    assert max(end for _, end in spans.values()) == len(frame), "nothing stands outside of them"


@pytest.mark.parametrize("path", ["", "/why", "/bytes"])
def test_an_exchange_that_is_not_there(day: ControlledHost, path: str) -> None:
    assert day.get(f"/journal/4711{path}").status == 404
    assert day.get(f"/journal/0{path}").status == 422
    assert day.get(f"/journal/99999999999999999999{path}").status == 422


def test_count(day: ControlledHost) -> None:
    assert day.post("/journal/count", {"when": {"service": "sale"}}).json == {"count": 2, "note": ""}
    assert day.post("/journal/count", {"when": "service=sale", "after": 2}).json["count"] == 1
    assert day.post("/journal/count", {}).json["count"] == 3


def test_wait_for_what_is_there_and_for_what_never_comes(day: ControlledHost) -> None:
    found = day.post("/journal/wait", {"when": {"service": "sale"}, "count": 2})
    assert (found.status, found.json["met"], found.json["count"]) == (200, True, 2)
    assert [one["id"] for one in found.json["exchanges"]] == [2, 3]
    never = day.post("/journal/wait", {"when": {"service": "reversal"}, "timeout": 0})
    assert (never.status, never.json["met"]) == (200, False)
    assert never.json["nearest"][0]["differs"] == ["service: wanted reversal, was sale ≠"]


def test_a_wait_ends_as_soon_as_the_exchange_is_there(host: ControlledHost, tmp_path: Path) -> None:
    found: list[Answer] = []
    waiting = threading.Thread(
        target=lambda: found.append(host.post("/journal/wait", {"when": {"service": "sign_on"}, "timeout": 60}))
    )
    waiting.start()
    with Terminal("10000161", host=host.address, state=tmp_path) as terminal:
        terminal.sign_on()
    waiting.join(timeout=60)
    assert [one.json["met"] for one in found] == [True]


def test_verify(day: ControlledHost) -> None:
    assert day.post("/journal/verify", {"when": {"service": "sale"}, "count": 2}).status == 204
    refused = day.post("/journal/verify", {"when": {"service": "sale"}, "count": 1, "within": "0s"})
    assert (refused.status, refused.json["type"]) == (409, "urn:acquirer:problem:not-verified")
    assert refused.json["detail"] == "expected exactly 1 sale, saw 2 of 3 exchanges"
    quiet = {"when": {"service": "reversal"}, "count": 0, "for": "10ms"}
    assert day.post("/journal/verify", quiet).status == 204


def test_verify_an_order(day: ControlledHost) -> None:
    order = ["sign_on", {"service": "sale", "code": "00"}, "service=sale & code=51"]
    assert day.post("/journal/verify", {"order": order, "strict": True}).status == 204
    back = day.post("/journal/verify", {"order": ["sale", "sign_on"], "within": 0})
    assert back.status == 409
    assert "missing: sign_on after #2" in back.json["text"]


@pytest.mark.parametrize(
    ("route", "body", "pointer"),
    [
        ("count", {"when": 3}, "/when"),
        ("count", {"when": ["a"]}, "/when"),
        ("count", {"when": {"amount": ">x"}}, "/when/amount"),
        ("count", {"when": {"service": "teleport"}}, "/when/service"),
        ("count", {"when": {"tid": "1"}}, "/when/tid"),
        ("count", {"wen": {}}, "/wen"),
        ("count", {"after": -1}, "/after"),
        ("count", {"after": 1 << 63}, "/after"),
        ("count", [], ""),
        ("wait", {"timeout": "61s"}, "/timeout"),
        ("wait", {"timeout": "soon"}, "/timeout"),
        ("wait", {"timeout": True}, "/timeout"),
        ("wait", {"timeout": 1e300}, "/timeout"),
        ("wait", {"count": 0}, "/count"),
        ("verify", {"count": "many"}, "/count"),
        ("verify", {"count": 1.5}, "/count"),
        ("verify", {"within": 40, "for": 40}, "/for"),
        ("verify", {"order": []}, "/order"),
        ("verify", {"order": [3]}, "/order/0"),
        ("verify", {"order": ["sale"], "count": 1}, "/count"),
        ("verify", {"strict": True}, "/strict"),
        ("verify", {"order": ["sale"] * 61}, "/order"),
    ],
)
def test_what_cannot_be_used_is_pointed_at(day: ControlledHost, route: str, body: object, pointer: str) -> None:
    answer = day.post(f"/journal/{route}", body)
    assert (answer.status, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.pointers[0] == pointer
    assert len(answer.json["detail"].splitlines()) == 1


def begin_wait(host: ControlledHost) -> socket.socket:
    body = b'{"when":{"service":"reversal"},"timeout":60}'
    sock = socket.create_connection((host.host, host.port), timeout=60)
    head = "POST /journal/wait HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json"
    sock.sendall(f"{head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    return sock


def status_of(sock: socket.socket) -> bytes:
    return sock.makefile("rb").readline().split()[1]


def test_more_waits_than_there_is_room_for_are_refused_and_others_go_on(
    host: ControlledHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "MOST_WAITS", 3)
    socks = [begin_wait(host) for _ in range(4)]
    with socks[3]:
        assert status_of(socks[3]) == b"429"
    assert host.get("/journal").status == 200
    socks[0].close()  # its client has gone: there is room again
    answers = [host.post("/journal/wait", {"when": {"service": "void"}, "timeout": 0}) for _ in range(1)]
    while answers[-1].status == 429:
        answers.append(host.post("/journal/wait", {"when": {"service": "void"}, "timeout": 0}))
    assert answers[-1].json["met"] is False
    for sock in socks:
        sock.close()


def test_the_end_of_a_host_answers_those_that_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "MOST_WAITS", 1)
    with controlled_host() as host:
        sock = begin_wait(host)
        while host.post("/journal/wait", {"when": {"service": "void"}, "timeout": 0}).status != 429:
            pass  # until the other one waits
    with sock, sock.makefile("rb") as answer:
        whole = answer.read()
    assert whole.split()[1] == b"503"
    assert b"urn:acquirer:problem:stopping" in whole, "by the host itself"


def test_filter_help_names_every_key(shared: ControlledHost) -> None:
    found = shared.get("/filter-help").json
    assert {"service", "tid", "amount", "delivery"} <= {one["key"] for one in found["keys"]}
    assert all(one["help"] for one in found["keys"])


@pytest.mark.parametrize(
    ("path", "name", "problem"),
    [
        ("/journal?fliter=service%3Dsale", "fliter", "unknown parameter; did you mean 'filter'?"),
        ("/journal/1?x=1", "x", "unknown parameter; there is none"),
        ("/transactions?tid=10000161&batches=000001", "batches", "unknown parameter; did you mean 'batch'?"),
    ],
)
def test_a_parameter_that_a_route_does_not_have_is_refused(
    shared: ControlledHost, path: str, name: str, problem: str
) -> None:
    answer = shared.get(path)
    assert answer.status == 422
    assert answer.json["errors"] == [{"pointer": f"query/{name}", "detail": problem}]
