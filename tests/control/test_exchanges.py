"""What people do with exchanges: marks, comments, and letting one go on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from acquirer.app.terminal import Terminal
from tests.control.controlled import ControlledHost, controlled_host


@pytest.fixture(scope="module")
def sold(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlledHost]:
    """A host after a sign-on and two sales: exchanges 1, 2, 3."""
    with (
        controlled_host() as host,
        Terminal("10000161", host=host.address, state=tmp_path_factory.mktemp("pos")) as terminal,
    ):
        terminal.sign_on()
        for amount in ("10.00", "20.00"):
            terminal.sale(amount, "standard", pin="123456")
        yield host


def test_a_mark_finds_an_exchange_again(sold: ControlledHost) -> None:
    assert sold.post("/exchanges/2/mark", {"mark": "flaky"}).json == {"id": 2, "mark": "flaky", "comment": ""}
    assert [one["id"] for one in sold.get("/journal?filter=mark=flaky").json["items"]] == [2]
    assert [one["id"] for one in sold.get("/journal?filter=mark=f*").json["items"]] == [2]
    assert [one["id"] for one in sold.get("/journal?filter=service=sale%20%26%20mark!=flaky").json["items"]] == [3]
    assert sold.get("/journal/2").json["mark"] == "flaky"
    assert "[mark: flaky]" in sold.get("/journal/2", Accept="text/plain").text
    assert sold.post("/journal/count", {"when": {"mark": "?"}}).json["count"] == 1
    assert sold.post("/exchanges/2/mark", {"mark": ""}).json["mark"] == ""
    assert sold.get("/journal?filter=mark=flaky").json["items"] == []


def test_a_comment_stays_beside_the_mark_and_has_no_card_number(sold: ControlledHost) -> None:
    sold.post("/exchanges/3/mark", {"mark": "look"})
    answer = sold.post("/exchanges/3/comment", {"comment": "why 6212345678901232 here? 第二次"})
    assert answer.json == {"id": 3, "mark": "look", "comment": "why 621234******1232 here? 第二次"}
    entry = sold.get("/journal/3").json
    assert (entry["mark"], entry["comment"]) == ("look", answer.json["comment"])
    assert [one["id"] for one in sold.get("/journal?filter=comment=~here").json["items"]] == [3]
    assert "第二次" in sold.get("/journal/3", Accept="text/plain").text
    sold.post("/exchanges/3/comment", {"comment": ""})
    assert sold.get("/journal/3").json["mark"] == "look"
    sold.post("/exchanges/3/mark", {"mark": ""})


def test_a_wait_for_a_mark_ends_when_a_person_sets_it(sold: ControlledHost) -> None:
    answers = []

    def wait() -> None:
        answers.append(sold.post("/journal/wait", {"when": {"mark": "seen"}, "timeout": "30s"}))

    thread = threading.Thread(target=wait)
    thread.start()
    sold.post("/exchanges/1/mark", {"mark": "seen"})
    thread.join()
    assert [one["id"] for one in answers[0].json["exchanges"]] == [1]
    sold.post("/exchanges/1/mark", {"mark": ""})


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/exchanges/99/mark", {"mark": "x"}, 404),
        ("/exchanges/0/mark", {"mark": "x"}, 422),
        ("/exchanges/1/mark", {}, 422),
        ("/exchanges/1/mark", {"mark": "x" * 41}, 422),
        ("/exchanges/1/mark", {"mark": "a\nb"}, 422),
        ("/exchanges/1/mark", {"mark": 3}, 422),
        ("/exchanges/1/comment", {"comment": "x" * 1_001}, 422),
        ("/exchanges/1/resume", {}, 404),
        ("/exchanges/h1/resume", {}, 404),
    ],
)
def test_what_cannot_be_done(sold: ControlledHost, path: str, body: object, status: int) -> None:
    answer = sold.post(path, body)
    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")


def test_one_exchange_of_several_that_are_held_goes_on(host: ControlledHost, tmp_path: Path) -> None:
    host.post("/rules", {"name": "look", "when": {"service": "sign_on"}, "then": {"hold": "for a person"}})

    def sign_on(tid: str) -> None:
        with Terminal(tid, host=host.address, state=tmp_path) as terminal:
            terminal.sign_on()

    threads = [threading.Thread(target=sign_on, args=(tid,)) for tid in ("10000161", "10000162")]
    for thread in threads:
        thread.start()
    while len(held := host.get("/held").json.get("held", [])) < 2:
        pass
    second = next(one for one in held if one["tid"] == "10000162")
    went_on = host.post(f"/exchanges/{second['id']}/resume", {}).json
    assert (went_on["tid"], went_on["rule"]) == ("10000162", "look")
    threads[1].join()
    assert [one["tid"] for one in host.get("/held").json["held"]] == ["10000161"]
    assert host.post(f"/exchanges/{second['id']}/resume", {}).status == 404
    assert host.post("/held/resume", {}).json == {"resumed": 1}
    threads[0].join()
