"""The log: everything is written by the time it is closed, in pieces that never mix, and no exchange waits for it."""

from __future__ import annotations

import asyncio
import io
import json
import select
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.journal.render import render
from acquirer.model.evidence import Evidence
from acquirer.observe import log as log_module
from acquirer.observe.faults import follow_loop
from acquirer.observe.lines import AsJson
from acquirer.observe.log import Log
from acquirer.settings.specs import load_dialect

DIALECT = load_dialect("unionpay-pos")
AT_US = 1_767_254_400_000_000  # 2026-01-01 08:00:00 UTC
PAN = "6212345678901232"


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine takes longer to write the last lines than a host would wait."""
    monkeypatch.setattr(log_module, "CLOSING_S", 600)


def evidence(**fields: Any) -> Evidence:
    return Evidence(at_us=AT_US, dialect=DIALECT, **fields)


def logging(stream: Any) -> Log:
    return Log(stream, AsJson(), lambda: AT_US)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_log_writes_everything_by_the_time_it_is_closed() -> None:
    stream = io.StringIO()
    log = logging(stream)
    for turn in range(10):
        log.exchanges([(n, render(evidence(stan=f"{n:06d}"))) for n in range(10 * turn, 10 * turn + 10)])
    log.event("stopped", exchanges=100)
    log.close()
    found = lines(stream)
    assert [line.get("stan") for line in found] == [f"{n:06d}" for n in range(100)] + [None]
    assert [line["id"] for line in found[:-1]] == list(range(100))
    assert found[-1]["event"] == "stopped"
    log.event("too late")
    assert len(lines(stream)) == 101


def test_an_exchange_by_itself_is_logged_as_it_would_be_journalled() -> None:
    stream = io.StringIO()
    log = logging(stream)
    log.exchange(evidence(id=7, stan="000007", why=f"card {PAN}"))
    log.exchange(evidence(stan="000008"))
    log.close()
    assert [(line["id"], line["stan"], line.get("why")) for line in lines(stream)] == [
        (7, "000007", "card 621234******1232"),
        (0, "000008", None),
    ]


def test_lines_of_many_threads_are_all_logged_each_in_its_order() -> None:
    """The loop tells what happens, the thread that writes what it has written."""
    stream = io.StringIO()
    log = logging(stream)

    def tell(name: str) -> None:
        for number in range(2000):
            log.event(name, number=number)

    threads = [threading.Thread(target=tell, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()
    found = lines(stream)
    for name in "abc":
        assert [line["number"] for line in found if line["event"] == name] == list(range(2000))


class Held(io.StringIO):
    """A stream whose reader takes nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go, self.entered = threading.Event(), threading.Event()

    def write(self, text: str) -> int:
        self.entered.set()
        assert self.go.wait(600)
        return super().write(text)


def test_lines_are_dropped_and_counted_when_they_are_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_module, "MOST_WAITING", 5)
    stream = Held()
    log = logging(stream)
    log.event("first")
    assert stream.entered.wait(600)
    for _ in range(4):
        log.event("more")
    log.exchanges([(n, render(evidence())) for n in range(4)])
    assert log.dropped == 3
    stream.go.set()
    log.close()
    *written_lines, last = lines(stream)
    assert len(written_lines) == 6
    assert (last["event"], last["lines"]) == ("lines-dropped", 3)


def test_rows_that_make_no_line_stop_no_other() -> None:
    stream = io.StringIO()
    log = logging(stream)
    at_us, tid, form, _ = render(evidence())
    log.exchanges([(1, (at_us, tid, form, "a value more"))])
    log.event("after")
    log.close()
    assert [line["event"] for line in lines(stream)] == ["after", "lines-dropped"]


def test_an_event_that_makes_no_line_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    log = logging(stream)
    as_json = AsJson.event

    def event(render: AsJson, one: Any) -> str:
        if one.name == "large":
            raise MemoryError
        return as_json(render, one)

    monkeypatch.setattr(AsJson, "event", event)
    for name in ("one", "large", "two"):
        log.event(name)
    log.close()
    assert [line["event"] for line in lines(stream)] == ["one", "two", "lines-dropped"]
    assert log.dropped == 1


def test_a_log_that_is_not_read_does_not_keep_its_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_module, "CLOSING_S", 0.01)
    stream = Held()
    log = logging(stream)
    log.event("first")
    assert stream.entered.wait(600)
    log.close()
    stream.go.set()
    log._thread.join()


@pytest.mark.parametrize("error", [BrokenPipeError(), ValueError("I/O operation on closed file")])
def test_a_reader_that_has_gone_does_not_stop_the_host(error: Exception) -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise error

    log = logging(Gone())
    log.event("hello")
    log.close()
    log.event("too late")


def test_no_stream_means_no_thread() -> None:
    before = threading.active_count()
    log = Log(None, AsJson(), lambda: AT_US)
    log.event("nothing")
    log.exchange(evidence())
    assert threading.active_count() == before
    log.close()


# -- pieces ------------------------------------------------------------------------------------------------------------


class Written(io.RawIOBase):
    """What a system is asked to write, call by call."""

    def __init__(self) -> None:
        self.calls: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.calls.append(bytes(data))
        return len(data)


def written(texts: list[str], **options: Any) -> list[bytes]:
    """The calls that write these lines to a file."""
    raw = Written()
    stream = io.TextIOWrapper(io.BufferedWriter(raw), **options)
    log = Log(None, AsJson(), lambda: AT_US)
    log._stream = stream
    log._waiting.extend(texts)
    log._render = Plain()  # type: ignore[assignment]
    log._write()
    stream.close()
    return raw.calls


class Plain:
    """Lines that are given as they are."""

    def exchange(self, line: Any) -> str:
        return str(line)


line = st.builds(
    lambda text, times: text * times,
    st.sampled_from(["a", "批", "\x1b", "é", "𝄞", "\ud800", '{"a":1}']),
    st.integers(0, 40) | st.integers(0, 900) | st.just(5000),
)
streams = st.sampled_from(
    [
        {"encoding": "utf-8", "errors": "backslashreplace", "line_buffering": True},  # standard error, as it mostly is
        {"encoding": "utf-8", "errors": "surrogatepass"},  # a file
        {"encoding": "ascii", "errors": "backslashreplace", "line_buffering": True},  # under another locale
        {"encoding": "gb18030", "errors": "backslashreplace", "write_through": True},
    ]
)


@pytest.mark.slow
@settings(max_examples=300)
@given(st.lists(line, max_size=60), streams)
def test_no_call_writes_more_than_goes_in_one_piece_unless_it_is_one_line(texts: list[str], options: Any) -> None:
    calls = written(texts, **options)
    encoding, errors = options["encoding"], options["errors"]
    assert b"".join(calls) == "".join(f"{one}\n" for one in texts).encode(encoding, errors)
    for data in calls:
        assert data.endswith(b"\n") or len(data) > select.PIPE_BUF  # a long line may be divided: that cannot be helped
        if data.endswith(b"\n") and len(data) > select.PIPE_BUF:
            assert data.count(b"\n") == 1


def test_lines_that_fit_go_together() -> None:
    assert [len(data) for data in written(["x" * 99] * 100, encoding="utf-8")] == [4000, 4000, 2000]
    assert [len(data) for data in written(["x" * (select.PIPE_BUF - 1), "y"], encoding="utf-8")] == [4096, 2]
    assert [len(data) for data in written(["a", "x" * select.PIPE_BUF, "y"], encoding="utf-8")] == [2, 4097, 2]


# -- faults ------------------------------------------------------------------------------------------------------------


def test_a_fault_tells_its_kind_and_place_but_not_its_text() -> None:
    stream = io.StringIO()
    log = logging(stream)
    log.fault("internal-fault")  # nothing is being handled: nothing to tell
    try:
        raise ValueError(f"track {PAN}")
    except ValueError:
        log.fault("internal-fault", "127.0.0.1:5")
    log.close()
    (line,) = lines(stream)
    assert line["why"].startswith("ValueError at test_log.py:")
    assert PAN not in stream.getvalue()


def test_what_escapes_from_a_callback_is_logged() -> None:
    stream = io.StringIO()
    log = logging(stream)

    async def fail() -> None:
        loop = asyncio.get_running_loop()
        follow_loop(loop, log)
        loop.call_soon(lambda: [][1])
        loop.call_exception_handler({"message": "a socket is odd"})
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(fail())
    log.close()
    found = [line["why"] for line in lines(stream)]
    assert found[0] == "a socket is odd"
    assert found[1].startswith("IndexError at test_log.py:")
