"""What would be answered, without any effect; and a request that comes once more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acquirer.app.terminal import Terminal
from acquirer.inspect.trace_text import read_trace
from acquirer.terminal.card import card
from tests.control.controlled import ControlledHost, controlled_host


@pytest.fixture
def traced(tmp_path: Path) -> Iterator[ControlledHost]:
    """A host that keeps a trace, after a sign-on (1) and a sale (2) of 10.00."""
    with controlled_host(trace=tmp_path / "frames.txt") as host:
        with Terminal("10000161", host=host.address, state=tmp_path) as terminal:
            terminal.sign_on()
            terminal.sale("10.00", "standard", pin="123456")
        yield host


def state(host: ControlledHost) -> Any:
    """Return everything that an explanation might change."""
    return [
        host.get(path).json
        for path in ("/journal", "/transactions?tid=10000161", "/terminals/10000161", "/rules", "/faults", "/cards")
    ]


def frames(tmp_path: Path) -> list[str]:
    return [one.data.hex() for one in read_trace((tmp_path / "frames.txt").read_bytes())]


def test_an_exchange_is_explained_and_nothing_changes(traced: ControlledHost) -> None:
    traced.post("/rules", {"name": "poor", "when": {"service": "sale", "amount": ">20.00"}, "then": {"code": "51"}})
    before = state(traced)
    sign_on = traced.post("/explain", {"exchange": 1})
    assert sign_on.status == 200, sign_on.text
    assert (sign_on.json["code"], sign_on.json["answered"], sign_on.json["exchange"]["service"]) == (
        "00",
        True,
        "sign_on",
    )
    sale = traced.post("/explain", {"exchange": 2}).json
    assert (sale["code"], sale["exchange"]["replayed"], sale["sending"]) == ("00", True, ["sent"])
    (near,) = sale["rules"]
    assert (near["name"], near["fits"], near["differs"] != []) == ("poor", False, True)
    assert "id" not in sale["exchange"]
    assert state(traced) == before


def test_an_unsent_message_is_explained_with_what_would_be_booked(tmp_path: Path) -> None:
    trace, one = tmp_path / "frames.txt", tmp_path / "one"
    with controlled_host(trace=trace, seed=1) as other, Terminal("10000161", host=other.address, state=one) as terminal:
        terminal.sign_on()  # under the keys that a host of this seed gives out
        terminal.sale("10.00", card("6212345678901232", "4912"), entry="magstripe", pin="123456")
    sale = frames(tmp_path)[2]
    with controlled_host(seed=1) as fresh:
        with Terminal("10000161", host=fresh.address, state=tmp_path / "two") as terminal:
            terminal.sign_on()
            before = state(fresh)
            first = fresh.post("/explain", {"message": sale}).json
            books, rrn = first["transaction"], first["exchange"]["rrn"]
            assert (first["code"], books["amount"], books["kind"]) == ("00", "10.00", "sale")
            assert (first["exchange"]["replayed"], "1232" in books["card"]) == (False, True)
            assert fresh.post("/explain", {"message": sale}).json["exchange"]["rrn"] == rrn
            assert fresh.post("/explain", {"message": sale[4:]}).json["code"] == "00", "also without its length"
            damaged = fresh.post("/explain", {"message": sale[:-2] + f"{int(sale[-2:], 16) ^ 1:02x}"}).json
            assert (damaged["code"], damaged["reason"]) == ("A0", "mac_differs")
            assert state(fresh) == before
            done = terminal.sale("10.00", "standard", pin="123456")
        booked = fresh.get("/transactions?tid=10000161").json["items"][-1]
        assert (done.code, booked["rrn"]) == ("00", rrn), "the number was not taken"


def test_rules_and_faults_take_no_turn_for_an_explanation(traced: ControlledHost) -> None:
    traced.post("/reset?what=books", {})  # so that the sale is no repeat
    traced.post("/rules", {"name": "once", "when": {"service": "sale"}, "then": {"code": "61"}, "times": 1})
    traced.post("/faults", {"kind": "late", "after": "3s", "service": "sale", "times": 1})
    for _ in range(2):
        sale = traced.post("/explain", {"exchange": 2}).json
        assert (sale["code"], sale["rule"], sale["fault"]) == ("61", "once", "late")
        assert (sale["transaction"]["state"], sale["sending"]) == ("declined", ["sent after 3000 ms"])
    assert (traced.get("/rules/once").json["used"], traced.get("/faults/late").json["applied"]) == (0, 0)
    traced.post("/rules", {"name": "wait", "when": {"service": "sign_on"}, "then": {"hold": "for a person"}})
    assert traced.post("/explain", {"exchange": 1}).json["held"] == {"rule": "wait", "hold_ms": 0}
    assert traced.get("/held").json["held"] == []
    traced.post("/faults", {"kind": "silent", "service": "sign_on"})
    assert traced.post("/explain", {"exchange": 1}).json["sending"] == ["no reply: fault silent"]


def test_bytes_that_are_no_message_are_explained_too(shared: ControlledHost) -> None:
    found = shared.post("/explain", {"message": "6000030000 603100311005 0800 20"}).json
    assert (found["code"], found["transaction"]) == ("30", None)
    assert found["why"]
    assert shared.get("/journal").json["items"] == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"message": "60", "exchange": 1}, 422),
        ({"message": "xyz"}, 422),
        ({"message": "60", "dialect": "jpos"}, 422),
        ({"exchange": 99}, 404),
        ({"exchange": 0}, 422),
        ({"message": "0000"}, 200),
    ],
)
def test_what_cannot_be_explained(shared: ControlledHost, body: object, status: int) -> None:
    assert shared.post("/explain", body).status == status


def test_an_exchange_without_its_bytes_says_how_they_are_kept(host: ControlledHost, tmp_path: Path) -> None:
    with Terminal("10000161", host=host.address, state=tmp_path) as terminal:
        terminal.sign_on()
    for path, body in (("/explain", {"exchange": 1}), ("/exchanges/1/replay", {})):
        refused = host.post(path, body)
        assert (refused.status, refused.json["type"]) == (409, "urn:acquirer:problem:no-trace")
        assert "start it with --trace FILE" in refused.json["detail"]
    assert host.post("/exchanges/99/replay", {}).status == 404


def test_a_request_that_comes_once_more_gets_its_stored_answer(traced: ControlledHost) -> None:
    again = traced.post("/exchanges/2/replay", {})
    assert again.status == 200, again.text
    exchange = again.json["exchange"]
    assert (exchange["id"], exchange["replayed"], exchange["code"], exchange["peer"]) == (
        3,
        True,
        "00",
        again.json["peer"],
    )
    assert traced.get("/transactions?tid=10000161").json["total"] == 1, "it is booked once"
    sign_on = traced.post("/exchanges/1/replay", {}).json["exchange"]
    assert (sign_on["code"], sign_on["service"]) == ("00", "sign_on")
    assert traced.post("/exchanges/2/replay", {}).json["exchange"]["code"] == "00"
