"""Lines of the process that writes: the same as here, whole in a shared stream, and no commit waits for them."""

from __future__ import annotations

import fcntl
import io
import json
import os
import selectors
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo

import pytest

from acquirer.model.effects import Changes, CommitOutcome
from acquirer.observe import log as log_module
from acquirer.observe.lines import AsJson, AsText
from acquirer.observe.log import Log
from acquirer.process import channel
from acquirer.process.store_writer import process_writer
from acquirer.settings.specs import load_dialect
from acquirer.store import StoreError, open_store
from acquirer.store.statements import GROUP
from acquirer.wire.message import DecodeError, Message

PAN = "6212345678901232"
TRACK = f"{PAN}D29122010000123456789"
DONE = CommitOutcome.DONE


class Pipe:
    """A pipe of a page, as a stream for those who write and for a test that reads when it wants to."""

    def __init__(self) -> None:
        self._reads, writes = os.pipe()
        fcntl.fcntl(writes, fcntl.F_SETPIPE_SZ, 4096)
        self.stream: TextIO = os.fdopen(writes, "w")
        self.found = bytearray()
        self._stop_reads, self._stop_writes = os.pipe()
        self._thread: threading.Thread | None = None

    def begin_to_read(self) -> None:
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def everything(self) -> list[bytes]:
        """The lines that arrived until no process could write any more."""
        self.close_writing()
        assert self._thread is not None
        self._thread.join()
        return bytes(self.found).split(b"\n")[:-1]

    def close_writing(self) -> None:
        with suppress(OSError):  # the reader has gone, and something was left
            self.stream.close()

    def close_reading(self) -> None:
        if self._reads >= 0:
            os.close(self._reads)
        self._reads = -1

    def close(self) -> None:
        """End the thread, whether or not a process still writes; then close everything."""
        self.close_writing()
        os.close(self._stop_writes)
        if self._thread is not None:
            self._thread.join()
        os.close(self._stop_reads)
        self.close_reading()

    def _read(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._reads, selectors.EVENT_READ)
            selector.register(self._stop_reads, selectors.EVENT_READ)
            while self._stop_reads not in [key.fd for key, _ in selector.select()]:
                data = os.read(self._reads, 1000)  # never a whole number of lines
                if not data:
                    return
                self.found += data


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.close()


def logging_to(stream: TextIO | None, render: AsJson | AsText = AsJson()):  # noqa: B008  it keeps nothing
    return process_writer([("unionpay-pos", load_dialect("unionpay-pos"))], stream, render)


def exchanges(exchange) -> list[Changes]:
    """One of each kind, with card numbers wherever there may be any."""
    fields: dict[int, str | bytes] = {2: PAN, 4: "000000001234", 35: TRACK, 41: "10000161", 57: f"swiped {PAN}"}
    message = Message(b"", "0200", fields)
    broken = DecodeError("too short", field=64, position=99, mti="0200", fields=fields)
    return [
        Changes(one)
        for one in (
            exchange(mti="0800", service="sign_on", code="00", reason="approved", why="批准 \x1b[2J", took_us=1234),
            exchange(mti="0200", message=message, why=f"card {PAN} is unknown", reply=fields, reply_mti="0210"),
            exchange(
                mti="0200", failure=broken, notes=(f"seen {PAN}", "二"), fault="silent:x", peer='127.0.0.1 "quoted"'
            ),
            exchange(mti="0820", replayed=True, why="line\nbreak", reply={39: object()}, rrn="000000000001"),
        )
    ]


RENDERS = {"json": AsJson(), "readable": AsText(ZoneInfo("Asia/Shanghai"), colour=True)}


@pytest.mark.slow
@pytest.mark.parametrize("render", RENDERS.values(), ids=RENDERS)
def test_lines_are_the_same_as_here(opened, exchange, tmp_path: Path, render):
    texts = []
    for name in ("here", "apart"):
        with (tmp_path / name).open("w+", encoding="utf-8") as stream:
            log = Log(stream, render, lambda: 0)
            if name == "here":
                client = opened(f"sqlite:///{tmp_path / 'here.db'}")
                client.store._committer._writer._writer._on_written = log.exchanges
            else:
                client = opened(recorder=logging_to(stream, render))
            assert client.commit(*exchanges(exchange)) == [DONE] * 4
            client.close()  # by then the thread or the process has reported what it wrote
            log.close()
            stream.seek(0)
            texts.append(stream.read())
    assert texts[0] == texts[1]
    assert len(texts[1].splitlines()) == 4
    for secret in (PAN, TRACK, TRACK[16:]):
        assert secret not in texts[1]
    assert "621234******1232" in texts[1]


def test_each_exchange_is_logged_once_in_the_order_of_the_journal(opened, exchange, pipe):
    client = opened(recorder=logging_to(pipe.stream))
    pipe.begin_to_read()
    conflict = client.session()
    for _ in range(3):
        client.sign_on()
    answered = [client.queue(Changes(exchange(stan=f"{number:06}"))) for number in range(2 * GROUP)]
    assert client.commit(Changes(exchange(), conflict)) == [CommitOutcome.CONFLICT]
    assert set(client.wait(*answered)) == {DONE}
    client.close()
    lines = [json.loads(line) for line in pipe.everything()]
    assert [line["id"] for line in lines] == list(range(1, 2 * GROUP + 4))
    assert [line["stan"] for line in lines[3:]] == [f"{number:06}" for number in range(2 * GROUP)]


def test_a_log_that_is_not_read_stops_no_commit_and_loses_nothing_once_it_is_read(opened, exchange, pipe):
    client = opened(recorder=logging_to(pipe.stream))
    for _ in range(6):  # a hundred times what the pipe takes
        assert client.commit(*(Changes(exchange(why="x" * 300)) for _ in range(GROUP))) == [DONE] * GROUP
    pipe.begin_to_read()
    client.close()
    assert [json.loads(line)["id"] for line in pipe.everything()] == list(range(1, 6 * GROUP + 1))


def test_a_log_that_is_never_read_does_not_keep_a_store_from_closing(opened, exchange, pipe, monkeypatch):
    monkeypatch.setattr(channel, "ENDING_S", 0.01)
    client = opened(recorder=logging_to(pipe.stream))
    assert client.commit(*(Changes(exchange(why="x" * 300)) for _ in range(GROUP))) == [DONE] * GROUP
    client.close()
    with opened().store.reader() as reader:
        assert len(list(reader.every())) == GROUP


def test_a_log_whose_reader_has_gone_stops_no_commit(opened, exchange, pipe, started):
    client = opened(recorder=logging_to(pipe.stream))
    pipe.close_reading()
    for _ in range(3):
        assert client.commit(Changes(exchange())) == [DONE]
    client.close()
    assert started[0].returncode == 0


def test_a_stream_that_is_no_file_is_refused_in_one_sentence(opened, url, loop):
    store = open_store(url)
    with pytest.raises(StoreError, match="cannot be started: fileno"):
        store.start(loop, print, logging_to(io.StringIO()))
    store.close()


@pytest.mark.slow
def test_lines_of_host_and_process_in_one_pipe_never_mix(opened, exchange, pipe, monkeypatch):
    """Both write as much as they can, lines of all lengths up to the longest that goes in one piece."""
    monkeypatch.setattr(log_module, "GATHER_S", 0)
    client = opened(recorder=logging_to(pipe.stream))
    log = Log(pipe.stream, AsJson(), lambda: 0)
    pipe.begin_to_read()
    rounds, events = 12, 40
    for turn in range(rounds):
        evidence = [exchange(why="b" * (number * 37 % 3500)) for number in range(GROUP)]
        answered = [client.queue(Changes(one)) for one in evidence]
        for number in range(events):
            log.event("here", "a" * (number * 89 % 3900), number=turn * events + number)
        assert set(client.wait(*answered)) == {DONE}
    log.close()
    client.close()
    lines = [json.loads(line) for line in pipe.everything()]
    here = [line for line in lines if line["event"] == "here"]
    there = [line for line in lines if line["event"] == "exchange"]
    assert [line["number"] for line in here] == list(range(rounds * events))
    assert [line["id"] for line in there] == list(range(1, rounds * GROUP + 1))
    assert {*"".join(line.get("why", "") for line in here)} == {"a"}
    assert {*"".join(line.get("why", "") for line in there)} == {"b"}
