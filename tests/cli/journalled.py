"""A store that a host holds open and has journalled some exchanges in."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from acquirer.model.effects import Changes, Commit, CommitOutcome
from acquirer.model.evidence import Evidence
from acquirer.settings.specs import load_dialect
from acquirer.store import open_store
from acquirer.wire.message import DecodeError, Message

PAN = "6212345678901232"
NEW_YEAR_US = 1_767_196_800_000_000  # 2026-01-01 00:00:00 in Shanghai


class Filled:
    """A store that a host holds open, and what it journals."""

    def __init__(self, url: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.store = open_store(url)
        self.store.start(self.loop, lambda _rows: None)
        self.dialect = load_dialect("unionpay-pos")

    def exchange(self, **known: object) -> None:
        evidence = Evidence(at_us=NEW_YEAR_US, dialect=self.dialect, **known)  # type: ignore[arg-type]
        answered: asyncio.Future[CommitOutcome] = self.loop.create_future()
        self.store.commit(Commit(Changes(evidence), time.monotonic() + 60), answered.set_result)
        assert self.loop.run_until_complete(asyncio.wait_for(answered, 30)) is CommitOutcome.DONE


@contextmanager
def filled_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Filled]:
    """Return a store in an empty directory, which the environment names, with four exchanges."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ACQUIRER_STORE", "sqlite:///acquirer.db")
    filled = Filled("sqlite:///acquirer.db")
    fill(filled)
    yield filled
    filled.store.close()
    filled.loop.close()


def fill(filled: Filled) -> None:
    """Journal four exchanges: a sign-on, a sale that is not delivered, a broken one, a repeated echo test."""
    sale = Message(b"", "0200", {2: PAN, 4: "000000001234", 35: f"{PAN}D2912", 41: "10000161"})
    filled.exchange(
        mti="0800", service="sign_on", tid="10000161", stan="000001", code="00", reason="approved", why="ok"
    )
    filled.exchange(
        mti="0200",
        service="sale",
        tid="10000161",
        stan="000002",
        code="A0",
        reason="mac_differs",
        why="MAC differs: the terminal kept its old key",
        message=sale,
        reply={39: "A0", 41: "10000161"},
        reply_mti="0210",
        notes=("skew 3 s",),
    )
    spans: dict[int | str, tuple[int, int]] = {"mti": (11, 13), "bitmap": (13, 21)}
    broken = DecodeError("digits expected", field=4, position=23, mti="0200", fields={}, spans=spans)
    filled.exchange(
        mti="0200",
        tid="10\x1b[2J61",
        code="30",
        failure=broken,
        frame=bytes.fromhex("60000300006031003100000200302004800020 ABCDEF1234567890"),
        frame_bytes=30,
        fault="silent:x",
    )
    filled.store.delivered(2, "undelivered")
    filled.exchange(mti="0820", service="echo", tid="10000162", code="00", reason="approved", replayed=True)
