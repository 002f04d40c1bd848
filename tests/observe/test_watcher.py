"""What the net reports is logged, but a flood of it is not."""

from __future__ import annotations

import io
import json

import pytest

from acquirer.observe import watcher
from acquirer.observe.lines import AsJson
from acquirer.observe.log import Log
from acquirer.observe.watcher import EXHAUSTED_EVERY_S, REFUSED_A_SECOND, LoggingWatcher


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(watcher, "time", clock)
    return clock


def test_a_flood_of_strangers_is_a_few_lines_a_second(clock: Clock) -> None:
    stream = io.StringIO()
    log = Log(stream, AsJson(), lambda: 0)
    watching = LoggingWatcher(log)
    for _ in range(1000):
        watching.refused("127.0.0.1:5", "not-iso8583", "this is HTTP")
    clock.now_s += 2
    watching.refused("127.0.0.1:6", "too-long", "65535 bytes")
    log.close()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert len(lines) == REFUSED_A_SECOND + 1
    assert (lines[-1]["event"], lines[-1]["reason"], lines[-1]["peer"]) == ("refused", "too-long", "127.0.0.1:6")


def test_missing_descriptors_are_logged_every_ten_seconds(clock: Clock) -> None:
    stream = io.StringIO()
    log = Log(stream, AsJson(), lambda: 0)
    watching = LoggingWatcher(log)
    for _ in range(100):
        watching.files_exhausted()
    clock.now_s += EXHAUSTED_EVERY_S + 1
    watching.files_exhausted()
    log.close()
    assert len(stream.getvalue().splitlines()) == 2


def test_a_fault_is_logged_with_its_class() -> None:
    stream = io.StringIO()
    log = Log(stream, AsJson(), lambda: 0)
    try:
        raise KeyError("secret")
    except KeyError:
        LoggingWatcher(log).fault("127.0.0.1:5")
    log.close()
    assert "KeyError" in stream.getvalue()
    assert "secret" not in stream.getvalue()
