"""Lines that a process of its own writes: the same ones, in order, and none is lost when it goes."""

from __future__ import annotations

import io
import json
from datetime import UTC
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from acquirer.exchange.reasons import Reason
from acquirer.journal.evidence import Evidence
from acquirer.observe.lines import Exchange, Readable, as_json
from acquirer.observe.log import Log

AT_US = 1_767_254_400_000_000  # 2026-01-01 08:00:00 UTC
PAN = "6212345678901232"
DIALECT: Any = SimpleNamespace(name="unionpay-pos")


def exchange(stan: int) -> Exchange:
    evidence = Evidence(AT_US, DIALECT, stan=f"{stan:06}", reason=Reason.APPROVED, why=f"card {PAN}", reply={39: "00"})
    return Exchange(evidence, "sent")


def test_lines_are_the_same_as_here_and_in_order(tmp_path: Path) -> None:
    texts = []
    for elsewhere in (False, True):
        with (tmp_path / "log").open("w+") as stream:
            log = Log(stream, as_json, lambda: AT_US, elsewhere=elsewhere)
            log.event("started", "as asked", port=8583)
            for stan in range(300):
                log.exchange(exchange(stan))
            log.event("stopped")
            log.close()
            stream.seek(0)
            texts.append(stream.read())
    assert texts[0] == texts[1]
    lines = [json.loads(line) for line in texts[1].splitlines()]
    assert [line.get("stan") for line in lines] == [None, *(f"{n:06}" for n in range(300)), None]
    assert PAN not in texts[1]


def test_lines_for_eyes_too(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w+") as stream:
        log = Log(stream, Readable(UTC, colour=False), lambda: AT_US, elsewhere=True)
        log.exchange(exchange(7))
        log.close()
        stream.seek(0)
        assert stream.read().startswith("08:00:00")


def test_when_the_process_goes_the_thread_does_it(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w+") as stream:
        log = Log(stream, as_json, lambda: AT_US, elsewhere=True)
        assert log._elsewhere is not None
        log._elsewhere._process.kill()
        log._elsewhere._process.wait()
        log.event("store-failed", "the disk is gone")
        log.close()
        stream.seek(0)
        assert json.loads(stream.read())["event"] == "store-failed"


def test_a_stream_that_is_no_file_is_written_here() -> None:
    stream = io.StringIO()
    log = Log(stream, as_json, lambda: AT_US, elsewhere=True)
    log.event("started")
    log.close()
    assert json.loads(stream.getvalue())["event"] == "started"
