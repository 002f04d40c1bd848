"""Terminals: registered, listed, and changed while a host serves; by HTTP, and by the command line through it."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from acquirer import cli
from acquirer.app.terminal import Terminal
from acquirer.settings.door_file import HostDoor, door_path, read_door, write_door
from acquirer.settings.registration import Registration
from acquirer.settings.terminals import changed_terminal
from tests.control.controlled import Answer, ControlledHost, controlled_host

MID = "880210010210162"
TMK = "0123456789ABCDEFFEDCBA9876543210"  # published for tests
NEW = {"tid": "77000001", "mid": MID, "tmk": TMK}
CHANGE = "acquirer.control.terminals.changed_terminal"


def test_terminals_page_by_page(shared: ControlledHost) -> None:
    first = shared.get("/terminals?limit=2").json
    second = shared.get(f"/terminals?limit=2&after={first['next']}").json
    tids = [one["tid"] for one in (*first["items"], *second["items"])]
    assert tids == sorted(set(tids))
    assert len(tids) == 4
    assert shared.get("/terminals?limit=1000").json["next"] is None


def test_one_terminal_without_its_keys(shared: ControlledHost) -> None:
    document = shared.get("/terminals/10000161").json
    assert (document["tid"], document["mid"], len(document["tmk_kcv"])) == ("10000161", MID, 8)
    assert "tmk" not in document
    missing = shared.get("/terminals/1000016")
    assert missing.status == 404
    assert "did you mean '1000016" in missing.json["detail"]


def test_a_terminal_that_is_registered_signs_on_at_once(host: ControlledHost, tmp_path: Path) -> None:
    answer = host.post("/terminals", NEW)
    assert (answer.status, answer.json["added"], answer.json["warnings"]) == (201, 1, [])
    assert TMK not in answer.text
    again = host.post("/terminals", [NEW])
    assert (again.status, again.json["unchanged"]) == (200, 1)
    with Terminal("77000001", mid=MID, tmk=TMK, host=host.address, state=tmp_path) as terminal:
        assert terminal.sign_on().code == "00"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"mid": MID}, "/tid"),
        ({**NEW, "tid": "1"}, "/tid"),
        ([NEW, {**NEW, "tid": "77000002", "tmk": "xx"}], "/1/tmk"),
        ([NEW, NEW], "/1/tid"),
        ({"terminal": [{**NEW, "mad": 1}]}, "/terminal/0/mad"),
        ({"terminal": 3}, ""),
        ({**NEW, "tid": "77000001..77002002"}, ""),
        ([], ""),
        (3, ""),
    ],
)
def test_a_registration_that_cannot_be_used(shared: ControlledHost, body: object, pointer: str) -> None:
    before = shared.get("/terminals").json["total"]
    answer = shared.post("/terminals", body)
    assert (answer.status, answer.pointers) == (422, [pointer]), answer.text
    assert shared.get("/terminals").json["total"] == before


def test_other_keys_a_sign_on_by_force_and_a_sign_off(host: ControlledHost, tmp_path: Path) -> None:
    assert host.post("/terminals/10000161/rotate-keys", {}).status == 409
    with Terminal("10000161", host=host.address, state=tmp_path) as terminal:
        terminal.sign_on()
        kcvs = host.get("/terminals/10000161").json["keys"]["current"]
        assert host.post("/terminals/10000161/rotate-keys", {}).json["kcvs"] not in kcvs
        terminal.sale("1.00", "standard", pin="123456")
        assert host.post("/journal/verify", {"when": {"service": "sale", "reason": "mac_differs"}}).status == 204
        terminal.sign_on()
        assert host.post("/terminals/10000161/force-sign-on", {}).json["signed_on"] is None
        terminal.sale("1.00", "standard", pin="123456")
        refused = {"when": {"service": "sale", "reason": "sign_on_required"}}
        assert host.post("/journal/verify", {**refused, "count": 1}).status == 204
        terminal.sign_on()
        assert host.post("/terminals/10000161/sign-off", {}).json["signed_off"] is True
        terminal.sale("1.00", "standard", pin="123456")
        assert host.post("/journal/verify", {**refused, "count": 2}).status == 204
    assert host.post("/terminals/99999999/sign-off", {}).status == 404


def test_an_exchange_that_is_held_goes_on(host: ControlledHost, tmp_path: Path) -> None:
    host.post("/rules", {"name": "look", "when": {"service": "sign_on"}, "then": {"hold": "for a person"}})
    codes: list[str] = []

    def sign_on() -> None:
        with Terminal("10000161", host=host.address, state=tmp_path) as terminal:
            codes.append(terminal.sign_on().code)

    held: Answer
    working = threading.Thread(target=sign_on)
    working.start()
    while not (held := host.get("/held")).json["held"]:
        pass
    (hold,) = held.json["held"]
    assert (hold["rule"], hold["tid"], hold["service"]) == ("look", "10000161", "sign_on")
    assert host.post("/held/resume", {"tid": "10000162"}).json == {"resumed": 0}
    assert host.post("/held/resume", {"rule": "look"}).json == {"resumed": 1}
    working.join(timeout=60)
    assert codes == ["00"]


def test_the_command_line_registers_at_the_host_that_serves_the_store(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    door = door_path(tmp_path / "shop.db")
    words = ["terminals", "add", "--tid", "77000001", "--mid", MID, "--tmk", TMK, "--store", url]
    with controlled_host(store=url) as host:
        assert door.stat().st_mode & 0o777 == 0o600
        assert json.loads(door.read_text())["url"] == host.url
        assert cli.run(words) == 0
        assert "1 added, 0 changed, 0 as they were." in capsys.readouterr().out
        assert host.get("/terminals/77000001").json["tid"] == "77000001"
        (tmp_path / "more.toml").write_text(f'[[terminal]]\ntid = "77000002"\nmid = "{MID}"\ntmk = "{TMK}"\n')
        assert cli.run(["terminals", "import", str(tmp_path / "more.toml"), "--store", url]) == 0
        assert host.get("/terminals/77000002").status == 200
        assert cli.run(["terminals", "fetch", "77000001", "aid", "capk", "--store", url]) == 0
        assert "77000001: asked to download capk, aid." in capsys.readouterr().out
        assert host.get("/terminals/77000001").json["downloads"] == ["capk", "aid"]
        assert cli.run(["terminals", "fetch", "77000001", "none", "--registered-tmk", "--store", url]) == 0
        assert host.get("/terminals/77000001").json["downloads"] == []
        assert cli.run(["terminals", "fetch", "77000009", "all", "--store", url]) == 2
        assert "there is no terminal '77000009'" in capsys.readouterr().err
        (tmp_path / "many.toml").write_text(f'[[terminal]]\ntid = "78000001..78002001"\nmid = "{MID}"\ntmk = "{TMK}"\n')
        capsys.readouterr()
        assert cli.run(["terminals", "import", str(tmp_path / "many.toml"), "--store", url]) == 2
        assert "refuses: registers 2001 terminals; send at most 2000 at once." in capsys.readouterr().err
    assert not door.exists(), "it is gone with its host"
    assert cli.run(words) == 0
    assert "0 added, 0 changed, 1 as they were." in capsys.readouterr().out


def test_a_door_that_a_killed_host_left_behind_is_not_believed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = tmp_path / "shop.db"
    write_door(database, HostDoor("http://127.0.0.1:1", "", 1))
    words = ["terminals", "add", "--tid", "77000001", "--mid", MID, "--tmk", TMK, "--store", f"sqlite:///{database}"]
    assert cli.run(words) == 0
    assert "1 added" in capsys.readouterr().out
    assert read_door(database, 2) is None
    door_path(database).write_text("{")
    assert read_door(database, 1) is None


def test_a_policy_is_changed_and_the_keys_stay(host: ControlledHost, tmp_path: Path) -> None:
    host.post("/terminals", {**NEW, "policy": {"grace_s": 5}, "operators": ["01"]})
    with Terminal("77000001", mid=MID, tmk=TMK, host=host.address, state=tmp_path) as terminal:
        assert terminal.sign_on().code == "00"
        before = host.get("/terminals/77000001").json
        changes = {"policy": {"required": "per-transaction"}, "name": "门店 2", "operators": None}
        after = host.ask("PATCH", "/terminals/77000001", changes).json
        assert (after["policy"]["required"], after["policy"]["grace_s"]) == ("per-transaction", 5)
        assert (after["name"], after["operators"], after["keys"]) == ("门店 2", [], before["keys"])
        assert terminal.sale("1.00", "standard", pin="123456").code == "00"
        assert host.post("/terminals", NEW).json["changed"] == 1, "as registering it does"
        new_key = host.ask("PATCH", "/terminals/77000001", {"tmk": "258FB0AB70D025CDB99DF2C4D302D646"}).json
        assert (new_key["tmk_kcv"], new_key["keys"]) == ("D0E06F38", {})


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ([], ""),
        ({"tid": "77000002"}, "/tid"),
        ({"police": {}}, "/police"),
        ({"policy": {"required": "hourly"}}, "/policy/required"),
        ({"tmk": None}, ""),
        ({"tmk": "xx"}, "/tmk"),
        ({"tmk_cipher": "sm4"}, "/tmk_cipher"),
        ({"mid": None}, "/mid"),
        ({"fixed_keys": {"pik": TMK, "mak": TMK}}, "/fixed_keys"),
    ],
)
def test_changes_that_cannot_be_used(shared: ControlledHost, changes: object, pointer: str) -> None:
    before = shared.get("/terminals/10000162").json
    refused = shared.ask("PATCH", "/terminals/10000162", changes)
    if isinstance(changes, dict) and "fixed_keys" in changes and before["test"]:
        pytest.skip("terminals of the demo set may have fixed keys")
    assert (refused.status, refused.pointers) == (422, [pointer]), refused.text
    assert shared.get("/terminals/10000162").json == before


def test_a_change_of_a_terminal_that_changed_meanwhile_is_refused(host: ControlledHost) -> None:
    tag = host.get("/terminals/10000161").headers["etag"]
    changed = host.ask("PATCH", "/terminals/10000161", {"name": "one"}, If_Match=tag)
    assert (changed.status, changed.headers["etag"] != tag) == (200, True)
    paths = ("/terminals/10000161/sign-off", "/terminals/10000161/force-sign-on", "/terminals/10000161/rotate-keys")
    assert [host.post(path, {}, If_Match=tag).status for path in paths] == [412] * 3
    assert host.ask("PATCH", "/terminals/10000161", {"name": "two"}, If_Match=tag).status == 412
    assert host.get("/terminals/10000161").json["name"] == "one"
    assert host.post("/terminals/10000161/sign-off", {}, If_Match=changed.headers["etag"]).status == 200


def test_a_terminal_is_to_download(host: ControlledHost) -> None:
    path = "/terminals/10000161/fetch"
    assert host.post(path, {"downloads": ["aid", "capk"]}).json["downloads"] == ["capk", "aid"]
    assert len(host.post(path, {"downloads": "all"}).json["downloads"]) > 2
    assert host.post(path, {"downloads": []}).json["downloads"] == []
    assert host.post(path, {"registered_tmk": True}).json["keys"] == {}
    assert host.post(path, {}).status == 422
    assert host.post(path, {"downloads": ["capkk"]}).pointers == ["/downloads"]
    assert host.post("/terminals/1/fetch", {"downloads": "all"}).status == 404


def test_another_master_key_costs_a_terminal_that_is_at_work_no_exchange(host: ControlledHost, tmp_path: Path) -> None:
    """It sells while its master key is replaced again and again; its next sign-on is under the last one."""
    host.post("/terminals", NEW)
    selling, stop, outcomes, fresh = threading.Event(), threading.Event(), [], TMK

    def sell() -> None:
        with Terminal("77000001", mid=MID, tmk=TMK, host=host.address, state=tmp_path) as terminal:
            outcomes.append(terminal.sign_on().outcome)
            while not stop.is_set():
                outcomes.append(terminal.sale("1.00").outcome)
                selling.set()

    thread = threading.Thread(target=sell)
    thread.start()
    assert selling.wait(timeout=60)
    try:
        seen = []
        for number in range(12):
            fresh = f"{number:02X}" * 8 + "FEDCBA9876543210"
            answer = host.post("/terminals/77000001/rotate-master-key", {"tmk": fresh})
            assert answer.status == 200, answer.text
            assert fresh not in answer.text
            seen.append((answer.json["before_kcv"], answer.json["kcv"]))
            sold = len(outcomes)
            while len(outcomes) < sold + 2 and thread.is_alive():
                stop.wait(timeout=0.01)
    finally:
        stop.set()
        thread.join()
    assert set(outcomes) == {"approved"}
    assert len(outcomes) > 24
    assert host.get("/journal?filter=tid=77000001&limit=1000").json["items"]
    assert len(host.get("/journal?filter=tid=77000001%20%26%20service=sign_on").json["items"]) == 1
    assert [before for before, _ in seen[1:]] == [now for _, now in seen[:-1]]
    with Terminal("77000001", mid=MID, tmk=fresh, host=host.address, state=tmp_path) as terminal:
        assert terminal.sign_on().outcome == "approved"
        assert terminal.sale("2.00").outcome == "approved"
    with Terminal("77000001", mid=MID, tmk=TMK, host=host.address) as terminal:
        assert terminal.sign_on().outcome == "keys-differ"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (3, "/tmk"),
        ({}, "/tmk"),
        ({"tmk": 3}, "/tmk"),
        ({"tmk": "00"}, "/tmk"),
        ({"tmk": TMK, "tmk_cipher": "rc4"}, "/tmk_cipher"),
        ({"tmk": TMK, "key": 1}, "/key"),
    ],
)
def test_a_master_key_that_cannot_be_used_is_named_and_not_repeated(
    shared: ControlledHost, body: object, pointer: str
) -> None:
    answer = shared.post("/terminals/10000161/rotate-master-key", body)
    assert (answer.status, answer.pointers) == (422, [pointer])
    assert TMK not in answer.text


def test_another_master_key_from_the_command_line_while_a_host_serves(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path}/acquirer.db"
    words = ["--tmk", "FEDCBA98765432100123456789ABCDEF", "--store", url]
    with controlled_host(store=url) as host:
        before = host.get("/terminals/10000161").json["tmk_kcv"]
        assert cli.run(["keys", "rotate-tmk", "10000161", *words]) == 0
        now = host.get("/terminals/10000161").json["tmk_kcv"]
        assert capsys.readouterr().out == f"10000161: TMK KCV {before} before, {now} from its next sign-on on.\n"
        assert cli.run(["keys", "rotate-tmk", "77000009", *words]) == 2
    assert cli.run(["keys", "rotate-tmk", "10000161", *words]) == 0
    assert capsys.readouterr().out == f"10000161: TMK KCV {now} before, {now} from its next sign-on on.\n"


def test_two_changes_of_a_terminal_at_once_both_hold(host: ControlledHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the first one has read is old when it is written."""
    path = "/terminals/10000161"

    def slow(known: Registration, table: dict[str, Any]) -> Registration:
        monkeypatch.setattr(CHANGE, changed_terminal)
        assert host.ask("PATCH", path, {"name": "meanwhile"}).status == 200
        return changed_terminal(known, table)

    monkeypatch.setattr(CHANGE, slow)
    after = host.ask("PATCH", path, {"policy": {"grace_s": 7}}).json
    assert (after["name"], after["policy"]["grace_s"]) == ("meanwhile", 7)
