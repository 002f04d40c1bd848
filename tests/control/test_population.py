"""A host made ready for a run of tests, and brought back to how it began."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from acquirer.app.terminal import Terminal
from acquirer.terminal.card import card
from tests.control.controlled import ControlledHost, controlled_host

MID = "880210010210162"
TMK = "0123456789ABCDEFFEDCBA9876543210"  # published for tests
POOR = {"name": "poor", "when": {"service": "sale"}, "then": {"code": "51"}}
LATE = {"kind": "late", "after": "5s", "tid": "10000162"}
TERMINAL = {"tid": "77000001", "mid": MID, "tmk": TMK}
CARD = {"name": "mine", "pan": "6212345678901307", "pin": "123456", "balance": "50.00"}
PACK: dict[str, Any] = {"rule": [POOR], "fault": LATE, "terminal": [TERMINAL], "card": [CARD]}
NONE = {"added": 0, "changed": 0, "unchanged": 0}


def day(host: ControlledHost, folder: Path, amount: str = "10.00") -> str:
    """Have a terminal sign on and sell; return the code of the sale."""
    with Terminal("10000161", host=host.address, state=folder) as terminal:
        terminal.sign_on()
        return terminal.sale(amount, "standard", pin="123456").code


def test_the_same_pack_twice_changes_nothing_the_second_time(host: ControlledHost) -> None:
    first = host.post("/populate", PACK)
    assert first.status == 200, first.text
    assert {name: first.json[name]["added"] for name in ("rules", "faults", "terminals", "cards")} == {
        "rules": 1, "faults": 1, "terminals": 1, "cards": 1,
    }  # fmt: skip
    again = host.post("/populate", PACK).json
    assert again["generation"] == first.json["generation"]
    assert [again[name] for name in ("rules", "faults", "terminals", "cards")] == [{**NONE, "unchanged": 1}] * 4
    changed = host.post("/populate", {"rule": {**POOR, "times": 1}, "card": {**CARD, "status": "lost"}}).json
    assert (changed["rules"], changed["cards"]) == ({**NONE, "changed": 1}, {**NONE, "changed": 1})
    assert host.get("/cards/mine").json["status"] == "lost"


def test_what_is_put_in_force_acts(host: ControlledHost, tmp_path: Path) -> None:
    host.post("/populate", {**PACK, "rule": [], "pack": "issuer-down"})
    with Terminal("77000001", mid=MID, tmk=TMK, host=host.address, state=tmp_path) as terminal:
        assert terminal.sign_on().code == "00"
        assert terminal.sale("1.00", "standard", pin="123456").code == "91"
    host.ask("DELETE", "/rules")
    with Terminal("10000161", host=host.address, state=tmp_path) as terminal:
        terminal.sign_on()
        sales = [
            terminal.sale(amount, card(CARD["pan"], "4912"), entry="magstripe", pin="123456").code
            for amount in ("30.00", "30.00")
        ]
    assert sales == ["00", "51"], "the new card has 50.00"
    spent = host.get("/cards/mine").json
    assert (spent["pan"], spent["spent"], spent["left"]) == ("621234******1307", "30.00", "20.00")


def test_a_pack_in_toml_as_a_file_has_it(host: ControlledHost) -> None:
    text = '[[rule]]\nname = "poor"\nwhen = { service = "sale" }\nthen = { code = "51" }\n'
    toml = {"Content_Type": "application/toml"}
    assert host.ask("POST", "/populate", text.encode(), **toml).json["rules"]["added"] == 1
    refused = host.ask("POST", "/populate", text.replace('"51"', '"Z9"').encode(), **toml)
    assert (refused.status, refused.pointers) == (422, ["/rule/0/then/code"])
    assert "line 4: " in refused.json["detail"]
    assert host.ask("POST", "/populate", b"[[rule", **toml).status == 422
    assert host.ask("POST", "/populate", b"\xff", **toml).status == 422
    assert host.ask("POST", "/rules", text.encode(), **toml).status == 415, "elsewhere it is JSON"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (3, ""),
        ({}, ""),
        ({"rules": []}, "/rules"),
        ({"rule": [POOR, POOR]}, "/rule/1/name"),
        ({"fault": {"kind": "silnt"}}, "/fault/0/kind"),
        ({"terminal": {**TERMINAL, "tmk": "xx"}}, "/terminal/0/tmk"),
        ({"card": {**CARD, "pan": "6212345678901308"}}, "/card/0/pan"),
        ({"card": {**CARD, "name": "standard"}}, "/card/0/name"),
        ({"pack": "day-ed"}, "/pack"),
        ({"pack": "/etc/passwd.toml"}, "/pack"),
        ({"pack": 3}, "/pack"),
        ({"rule": [{**POOR, "name": f"poor {number}"} for number in range(1_001)]}, "/rule"),
        ({"terminal": {**TERMINAL, "tid": "77000001..77002002"}}, "/terminal"),
        ({"rule": 3}, "/rule"),
        ({"about": "nothing"}, ""),
    ],
)
def test_a_pack_that_cannot_be_used_changes_nothing(shared: ControlledHost, body: object, pointer: str) -> None:
    whole = {**PACK, **body} if isinstance(body, dict) and body and "about" not in body else body
    refused = shared.post("/populate", whole)
    assert (refused.status, refused.pointers) == (422, [pointer]), refused.text
    assert TMK not in refused.text
    assert shared.get("/rules").json["rules"] == shared.get("/faults").json["faults"] == []
    assert shared.get("/terminals/77000001").status == shared.get("/cards/mine").status == 404


def test_a_fault_that_contradicts_another_keeps_the_whole_pack_out(host: ControlledHost) -> None:
    host.post("/faults", {"kind": "silent", "service": "sale"})
    refused = host.post("/populate", {**PACK, "fault": {"kind": "late", "after": "1s"}})
    assert (refused.status, refused.json["type"]) == (409, "urn:acquirer:problem:contradiction")
    assert host.get("/rules").json["rules"] == []
    assert host.get("/terminals/77000001").status == host.get("/cards/mine").status == 404


def test_a_reset_brings_a_host_back_to_how_it_began(tmp_path: Path) -> None:
    with controlled_host(pack=["day-end"], fault=["late:after=5s,tid=10000163"]) as host:
        began = [host.get(f"/{what}").json[what] for what in ("rules", "faults")]
        host.ask("DELETE", "/rules")
        host.ask("DELETE", "/faults")
        host.post("/rules", POOR)
        assert day(host, tmp_path / "one") == "51"
        newest = host.get("/journal?order=newest&limit=1").json["items"][0]["id"]
        host.post(f"/exchanges/{newest}/mark", {"mark": "last"})
        done = host.post("/reset", {})
        assert done.json["reset"] == ["journal", "rules", "faults", "scenarios", "sessions", "books"]
        assert [host.get(f"/{what}").json[what] for what in ("rules", "faults")] == began
        assert host.get("/journal").json["items"] == []
        assert host.get("/transactions?tid=10000161").json["total"] == 0
        terminal = host.get("/terminals/10000161").json
        assert (terminal["signed_on_us"], terminal["keys"], terminal["batch"]) == (0, {}, "000001")
        host.post("/reset?what=rules", {})
        host.ask("DELETE", "/rules")
        assert day(host, tmp_path / "two") == "00", "as a terminal that has never been there"
        after = host.get("/journal").json["items"]
        assert after[0]["id"] == newest + 1, "numbers go on, so that who follows misses nothing"
        assert {one["mark"] for one in after} == {""}


def test_parts_are_reset_alone(host: ControlledHost, tmp_path: Path) -> None:
    host.post(
        "/rules", {"name": "lost", "scenario": "morning", "state": "start", "next": "lost", "then": {"code": "77"}}
    )
    host.ask("PUT", "/scenarios/morning", {"state": "lost"})
    assert day(host, tmp_path) == "00"
    assert host.post("/reset?what=scenarios", {}).json["reset"] == ["scenarios"]
    assert host.get("/scenarios").json["scenarios"] == {"morning": "start"}
    assert host.post("/reset?what=faults,rules", {}).json["reset"] == ["rules", "faults"]
    assert host.get("/rules").json["rules"] == []
    exchanges = host.post("/journal/count", {}).json["count"]
    host.post("/reset?what=sessions", {})
    terminal = host.get("/terminals/10000161").json
    assert (terminal["signed_on_us"], terminal["keys"], terminal["last_stan"] != "") == (0, {}, True)
    assert host.get("/transactions?tid=10000161").json["total"] == 1
    assert host.post("/journal/count", {}).json["count"] == exchanges
    host.post("/reset?what=books", {})
    assert host.get("/transactions?tid=10000161").json["total"] == 0
    host.post("/reset?what=journal", {})
    assert host.post("/journal/count", {}).json["count"] == 0
    assert host.post("/reset?what=book", {}).pointers == ["query/what"]


def test_what_cards_have_spent_is_reset_with_the_books(host: ControlledHost, tmp_path: Path) -> None:
    host.post("/populate", {"card": CARD})
    for folder in ("one", "two"):
        with Terminal("10000161", host=host.address, state=tmp_path / folder) as terminal:
            terminal.sign_on()
            assert terminal.sale("30.00", card(CARD["pan"], "4912"), entry="magstripe", pin="123456").code == "00"
        host.post("/reset?what=books,sessions", {})
    assert host.get("/cards/mine").json["left"] == "50.00"


def test_what_is_held_goes_on_before_a_reset(host: ControlledHost, tmp_path: Path) -> None:
    host.post("/rules", {"name": "look", "when": {"service": "sale"}, "then": {"hold": "for a person"}})
    codes: list[str] = []
    thread = threading.Thread(target=lambda: codes.append(day(host, tmp_path)))
    thread.start()
    while not host.get("/held").json.get("held"):
        pass
    assert host.post("/reset", {}).status == 200
    thread.join()
    assert (codes, host.get("/journal").json["items"]) == (["00"], [])
