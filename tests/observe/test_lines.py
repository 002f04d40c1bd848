"""What is said of an exchange: complete for machines, readable for people, harmless for both."""

from __future__ import annotations

import asyncio
import io
import json
import threading
from datetime import UTC
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.journal.evidence import Evidence
from acquirer.observe import log as log_module
from acquirer.observe.faults import follow_loop
from acquirer.observe.lines import Event, Exchange, Readable, as_json, event_line, exchange_line
from acquirer.observe.log import Log

DIALECT: Any = SimpleNamespace(name="unionpay-pos")
AT_US = 1_767_254_400_000_000  # 2026-01-01 08:00:00 UTC
PAN = "6212345678901232"


def evidence(**fields: Any) -> Evidence:
    usual = {"reply": {39: "A0"}, "tid": "10000001", "mti": "0200", "service": "sale", "stan": "000007", "code": "A0"}
    return Evidence(
        at_us=AT_US, dialect=DIALECT, id=3, **{**usual, "reason": "mac_differs", "why": "MAC differs", **fields}
    )


def readable(exchange: Exchange, *, colour: bool = False) -> str:
    return Readable(UTC, colour=colour)(exchange_line(exchange))


def test_an_exchange_is_one_json_object_without_what_is_empty() -> None:
    line = json.loads(as_json(exchange_line(Exchange(evidence(took_us=1500), "sent"))))
    assert line == {
        "event": "exchange",
        "at": "2026-01-01T08:00:00.000Z",
        "id": 3,
        "dialect": "unionpay-pos",
        "mti": "0200",
        "service": "sale",
        "tid": "10000001",
        "stan": "000007",
        "code": "A0",
        "reason": "mac_differs",
        "why": "MAC differs",
        "delivery": "sent",
        "took_ms": 1.5,
    }


def test_an_exchange_is_one_line_for_eyes() -> None:
    line = readable(Exchange(evidence(notes=("clock is 2 h off",), fault="tunnel"), "undelivered"))
    expected = (
        "08:00:00  10000001  0200 sale      000007  A0  MAC differs; clock is 2 h off [fault: tunnel] [undelivered]"
    )
    assert line == expected


def test_an_exchange_without_an_answer_is_still_a_line() -> None:
    silent = evidence(tid="", mti="0210", service="", stan="", code="", reason="", why="a reply is never answered")
    assert readable(Exchange(silent, "sent")).split() == ["08:00:00", "0210", "a", "reply", "is", "never", "answered"]


@pytest.mark.parametrize(
    ("reason", "code", "colour"),
    [("approved", "00", "32"), ("mac_differs", "A0", "33"), ("system_fault", "96", "31"), ("", "", "90")],
)
def test_the_code_is_painted_on_a_terminal(reason: str, code: str, colour: str) -> None:
    line = readable(Exchange(evidence(reason=reason, code=code), "sent"), colour=True)
    assert f"\x1b[{colour}m{code:2}\x1b[0m" in line


@given(st.text(), st.text(max_size=8))
def test_nothing_from_the_wire_can_play_with_the_terminal(why: str, tid: str) -> None:
    exchange = Exchange(evidence(why=why, tid=tid), "sent")
    assert readable(exchange).isprintable()
    assert "批准" in readable(Exchange(evidence(why="批准"), "sent"))
    assert "\n" not in as_json(exchange_line(exchange))


def test_a_card_number_in_a_sentence_is_masked() -> None:
    exchange = Exchange(evidence(why=f"card {PAN} is blocked", notes=(f"also {PAN}",)), "sent")
    for text in (readable(exchange), as_json(exchange_line(exchange))):
        assert PAN not in text
        assert "621234******1232" in text


def test_an_event_has_its_sentence_and_fields() -> None:
    event = Event(AT_US, "refused", "this is HTTP", {"peer": "127.0.0.1:5", "n": 2})
    assert json.loads(as_json(event_line(event)))["peer"] == "127.0.0.1:5"
    assert Readable(UTC, colour=False)(event_line(event)) == "08:00:00  refused: this is HTTP peer=127.0.0.1:5 n=2"
    assert Readable(UTC, colour=False)(event_line(Event(AT_US, "bye", "", {}))) == "08:00:00  bye"


def test_a_log_writes_everything_by_the_time_it_is_closed() -> None:
    stream = io.StringIO()
    log = Log(stream, as_json, lambda: AT_US)
    for n in range(100):
        log.exchange(Exchange(evidence(stan=f"{n:06d}"), "sent"))
    log.event("stopped", exchanges=100)
    log.close()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line.get("stan") for line in lines] == [f"{n:06d}" for n in range(100)] + [None]
    assert lines[-1]["event"] == "stopped"
    log.event("too late")
    assert len(stream.getvalue().splitlines()) == 101


def test_lines_are_dropped_and_counted_when_nobody_writes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_module, "MOST_WAITING", 5)
    stuck, entered = threading.Event(), threading.Event()

    class Slow(io.StringIO):
        def write(self, text: str) -> int:
            entered.set()
            stuck.wait(5)
            return super().write(text)

    stream = Slow()
    log = Log(stream, as_json, lambda: AT_US)
    log.event("first")
    assert entered.wait(5)
    for _ in range(8):
        log.event("more")
    assert log.dropped == 3
    stuck.set()
    log.close()
    assert len(stream.getvalue().splitlines()) == 6


def test_a_reader_that_has_gone_does_not_stop_the_host() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    log = Log(Gone(), as_json, lambda: AT_US)
    log.event("hello")
    log.close()
    log.event("nobody there")


def test_no_stream_means_no_thread() -> None:
    before = threading.active_count()
    log = Log(None, as_json, lambda: AT_US)
    log.event("nothing")
    assert threading.active_count() == before
    log.close()


def test_a_fault_tells_its_kind_and_place_but_not_its_text() -> None:
    stream = io.StringIO()
    log = Log(stream, as_json, lambda: AT_US)
    log.fault("internal-fault")  # nothing is being handled: nothing to tell
    try:
        raise ValueError(f"track {PAN}")
    except ValueError:
        log.fault("internal-fault", "127.0.0.1:5")
    log.close()
    (line,) = [json.loads(text) for text in stream.getvalue().splitlines()]
    assert line["why"].startswith("ValueError at test_lines.py:")
    assert PAN not in stream.getvalue()


def test_what_escapes_from_a_callback_is_told() -> None:
    stream = io.StringIO()
    log = Log(stream, as_json, lambda: AT_US)

    async def fail() -> None:
        loop = asyncio.get_running_loop()
        follow_loop(loop, log)
        loop.call_soon(lambda: [][1])
        loop.call_exception_handler({"message": "a socket is odd"})
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(fail())
    log.close()
    told = [json.loads(line)["why"] for line in stream.getvalue().splitlines()]
    assert told[0] == "a socket is odd"
    assert told[1].startswith("IndexError at test_lines.py:")
