"""Time that is set ahead while a host serves."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from acquirer.app.terminal import Terminal
from tests.cli.served import START
from tests.control.controlled import Client, ControlledHost, controlled_host


@pytest.fixture
def virtual() -> Iterator[ControlledHost]:
    with controlled_host(clock="virtual") as host:
        yield host


def test_the_next_day_begins_and_terminals_sign_on_again(virtual: ControlledHost, tmp_path: Path) -> None:
    before = virtual.get("/clock").json
    assert (before["virtual"], before["ahead_ms"]) == (True, 0)
    with Terminal("10000161", host=virtual.address, state=tmp_path) as terminal:
        terminal.sign_on()
        assert terminal.sale("1.00", "standard", pin="123456").code == "00"
        after = virtual.post("/clock", {"advance": "1440min"}).json
        assert 86_400_000_000 <= after["now_us"] - before["now_us"] < 86_600_000_000
        terminal.sale("1.00", "standard", pin="123456")
    assert virtual.post("/journal/verify", {"when": {"service": "sale", "code": "77"}, "within": 0}).status == 204
    moments = [one["at_us"] for one in virtual.get("/journal").json["items"]]
    assert moments[-1] - moments[0] >= 86_400_000_000, "exchanges have the time that was set ahead"


def test_what_is_held_for_a_time_goes_on_at_its_time(virtual: ControlledHost, tmp_path: Path) -> None:
    virtual.post("/rules", {"name": "slow", "when": {"service": "sign_on"}, "then": {"hold": "20s"}})
    process = subprocess.Popen(
        [sys.executable, "-m", "acquirer", "terminal", "sign-on", "--host", virtual.address, "--state", str(tmp_path)],
        stdout=subprocess.DEVNULL,
    )
    while not virtual.get("/held").json.get("held"):
        pass
    virtual.post("/clock", {"advance": "15s"})
    assert virtual.get("/held").json["held"]
    virtual.post("/clock", {"advance": "10s"})
    assert process.wait(60) == 0
    assert virtual.get("/held").json["held"] == []


def test_a_wait_is_over_at_its_time(virtual: ControlledHost) -> None:
    answers = []
    waiting = threading.Thread(
        target=lambda: answers.append(virtual.post("/journal/wait", {"when": {"service": "void"}, "timeout": "60s"}))
    )
    waiting.start()
    while waiting.is_alive():
        virtual.post("/clock", {"advance": "30s"})
        waiting.join(0.1)
    assert answers[0].json["met"] is False


def test_a_real_clock_is_not_set_ahead(shared: ControlledHost) -> None:
    assert shared.get("/clock").json["virtual"] is False
    refused = shared.post("/clock", {"advance": "35s"})
    assert (refused.status, refused.json["type"]) == (409, "urn:acquirer:problem:real-clock")
    for advance in ("soon", "-1s", "2000min", ""):
        assert shared.post("/clock", {"advance": advance}).pointers == ["/advance"]


@pytest.mark.slow
def test_a_host_in_a_process_of_its_own_is_set_ahead(tmp_path: Path) -> None:
    command = [
        *START,
        "--http",
        "127.0.0.1:0",
        "--store",
        f"sqlite:///{tmp_path}/host.db",
        "--clock",
        "virtual",
        "--json",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        client = Client(ready["http"])
        for _ in range(2):
            with Terminal("10000161", host=ready["listen"], state=tmp_path / "pos") as terminal:
                assert terminal.sign_on().code == "00"
            assert client.post("/clock", {"advance": "1440min"}).status == 200
        assert client.get("/clock").json["ahead_ms"] > 2 * 86_300_000
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
