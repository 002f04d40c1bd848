"""Lines of the process that writes: the same as here, whole in a stream that is shared, and nobody waits for them."""

from __future__ import annotations

import fcntl
import io
import json
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo

import pytest

from acquirer.model.effects import Changes, CommitOutcome
from acquirer.observe import log as log_module
from acquirer.observe.lines import AsJson, Readable
from acquirer.observe.log import Log
from acquirer.process import channel as child
from acquirer.process import store_writer as apart_module
from acquirer.process.recorder import recorder
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
        self._thread = threading.Thread(target=self._read)

    def begin_to_read(self) -> None:
        self._thread.start()

    def everything(self) -> list[bytes]:
        """The lines that came until nobody could write any more."""
        self.close_writing()
        self._thread.join(30)
        assert not self._thread.is_alive()
        return bytes(self.found).split(b"\n")[:-1]

    def close_writing(self) -> None:
        with suppress(OSError):  # nobody reads, and something was left
            self.stream.close()

    def close_reading(self) -> None:
        if self._reads >= 0:
            os.close(self._reads)
        self._reads = -1

    def _read(self) -> None:
        while data := os.read(self._reads, 1000):  # never a whole number of lines
            self.found += data


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.close_writing()
    pipe.close_reading()


def told_by(stream: TextIO | None, render: AsJson | Readable = AsJson()):  # noqa: B008  it keeps nothing
    return recorder([("unionpay-pos", load_dialect("unionpay-pos"))], stream, render)


def exchanges(made) -> list[Changes]:
    """One of each kind, with card numbers wherever there may be any."""
    fields = {2: PAN, 4: "000000001234", 35: TRACK, 41: "10000161", 57: f"swiped {PAN}"}
    message = Message(b"", "0200", fields)
    broken = DecodeError("too short", field=64, position=99, mti="0200", fields=fields)
    return [
        Changes(one)
        for one in (
            made(mti="0800", service="sign_on", code="00", reason="approved", why="批准 \x1b[2J", took_us=1234),
            made(mti="0200", message=message, why=f"card {PAN} is unknown", reply=fields, reply_mti="0210"),
            made(mti="0200", failure=broken, notes=(f"seen {PAN}", "二"), fault="silent:x", peer='127.0.0.1 "quoted"'),
            made(mti="0820", replayed=True, why="line\nbreak", reply={39: object()}, rrn="000000000001"),
        )
    ]


RENDERS = {"json": AsJson(), "readable": Readable(ZoneInfo("Asia/Shanghai"), colour=True)}


@pytest.mark.parametrize("render", RENDERS.values(), ids=RENDERS)
def test_lines_are_the_same_as_here(opened, made, tmp_path: Path, render):
    texts = []
    for name in ("here", "apart"):
        with (tmp_path / name).open("w+", encoding="utf-8") as stream:
            if name == "here":
                log = Log(stream, render, lambda: 0)
                desk = opened(f"sqlite:///{tmp_path / 'here.db'}")
                desk.store._writer._hands._hand._tell = log.exchanges
            else:
                desk = opened(apart=told_by(stream, render))
            assert desk.commit(*exchanges(made)) == [DONE] * 4
            desk.close()  # by then whoever wrote has told
            log.close()
            stream.seek(0)
            texts.append(stream.read())
    assert texts[0] == texts[1]
    assert len(texts[1].splitlines()) == 4
    for secret in (PAN, TRACK, TRACK[16:]):
        assert secret not in texts[1]
    assert "621234******1232" in texts[1]


def test_each_exchange_is_told_once_in_the_order_of_the_journal(opened, made, pipe):
    desk = opened(apart=told_by(pipe.stream))
    pipe.begin_to_read()
    conflict = desk.session()
    for _ in range(3):
        desk.sign_on()
    answered = [desk.queue(Changes(made(stan=f"{number:06}"))) for number in range(2 * GROUP)]
    assert desk.commit(Changes(made(), conflict)) == [CommitOutcome.CONFLICT]
    assert set(desk.wait(*answered)) == {DONE}
    desk.close()
    lines = [json.loads(line) for line in pipe.everything()]
    assert [line["id"] for line in lines] == list(range(1, 2 * GROUP + 4))
    assert [line["stan"] for line in lines[3:]] == [f"{number:06}" for number in range(2 * GROUP)]


def test_a_log_that_nobody_reads_stops_no_commit_and_loses_nothing_once_it_is_read(opened, made, pipe):
    desk = opened(apart=told_by(pipe.stream))
    for _ in range(6):  # a hundred times what the pipe takes
        assert desk.commit(*(Changes(made(why="x" * 300)) for _ in range(GROUP))) == [DONE] * GROUP
    pipe.begin_to_read()
    desk.close()
    assert [json.loads(line)["id"] for line in pipe.everything()] == list(range(1, 6 * GROUP + 1))


def test_a_log_that_is_never_read_does_not_keep_a_store_from_closing(opened, made, pipe, monkeypatch):
    for module in (apart_module, child):
        monkeypatch.setattr(module, "ENDING_S", 0.01, raising=False)
    desk = opened(apart=told_by(pipe.stream))
    assert desk.commit(*(Changes(made(why="x" * 300)) for _ in range(GROUP))) == [DONE] * GROUP
    desk.close()
    with opened().store.reader() as reader:
        assert len(list(reader.every())) == GROUP


def test_a_log_whose_reader_has_gone_stops_nobody(opened, made, pipe, started):
    desk = opened(apart=told_by(pipe.stream))
    pipe.close_reading()
    for _ in range(3):
        assert desk.commit(Changes(made())) == [DONE]
    desk.close()
    assert started[0].returncode == 0


def test_a_stream_that_is_no_file_is_refused_in_one_sentence(opened, url, loop):
    store = open_store(url)
    with pytest.raises(StoreError, match="cannot be started: fileno"):
        store.start(loop, print, told_by(io.StringIO()))
    store.close()


def test_lines_of_host_and_process_in_one_pipe_never_mix(opened, made, pipe, monkeypatch):
    """Both write as much as they can, lines of all lengths up to the longest that goes in one piece."""
    monkeypatch.setattr(log_module, "GATHER_S", 0)
    desk = opened(apart=told_by(pipe.stream))
    log = Log(pipe.stream, AsJson(), lambda: 0)
    pipe.begin_to_read()
    rounds, events = 12, 40
    for turn in range(rounds):
        evidence = [made(why="b" * (number * 37 % 3500)) for number in range(GROUP)]
        answered = [desk.queue(Changes(one)) for one in evidence]
        for number in range(events):
            log.event("here", "a" * (number * 89 % 3900), number=turn * events + number)
        assert set(desk.wait(*answered)) == {DONE}
    log.close()
    desk.close()
    lines = [json.loads(line) for line in pipe.everything()]
    here = [line for line in lines if line["event"] == "here"]
    there = [line for line in lines if line["event"] == "exchange"]
    assert [line["number"] for line in here] == list(range(rounds * events))
    assert [line["id"] for line in there] == list(range(1, rounds * GROUP + 1))
    assert {*"".join(line.get("why", "") for line in here)} == {"a"}
    assert {*"".join(line.get("why", "") for line in there)} == {"b"}
