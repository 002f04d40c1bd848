"""``scripts/power-cuts``: some of its cuts, and that it notices what it is there to notice."""

from __future__ import annotations

import random
import sqlite3
import threading
from asyncio import AbstractEventLoop
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from acquirer.store import checkpoints, database
from acquirer.store.batch_writer import ThreadWriter
from acquirer.store.checkpoints import Checkpoints
from acquirer.store.database import connect_writing
from acquirer.store.location import DatabaseLock
from acquirer.store.transaction_writer import TransactionWriter
from scripts import power_cuts
from scripts.power_cuts import Work, cut, work
from scripts.recorded_files import Disk, Operation, record_files

try:
    with record_files(Path()):
        pass
except LookupError as exc:
    pytest.skip(str(exc), allow_module_level=True)

Recording = Callable[..., Work]


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    """Have a store work in a folder of its own."""
    return lambda groups: work(tmp_path, groups, random.Random(7))


def test_nothing_acknowledged_is_lost_at_a_power_cut(recording: Recording) -> None:
    done = recording(24)
    assert {one.kind for one in done.operations} == {"create", "write", "truncate", "sync", "delete", "mark"}
    assert {one.state for one in done.commits} == {"approved", "reversed"}
    assert any(one.image for one in done.commits)
    assert cut(done, 150, seed=1) == []


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_at_thousands_of_power_cuts(recording: Recording) -> None:
    """The log is put away meanwhile, more than once."""
    done = recording(90)
    held = [one for one in done.operations if one.name == power_cuts.DATABASE and one.kind == "sync"]
    assert len(held) > power_cuts.STARTS
    assert cut(done, 600, seed=2) == []


class CheckpointingWriter(ThreadWriter):
    """Writes over a connection of its own and checkpoints beside its groups, as the process that writes does."""

    def __init__(self, database: Path, _lock: DatabaseLock, loop: AbstractEventLoop, keep_days: int) -> None:
        self._connection = connect_writing(database, check=False)
        self._checkpoints = Checkpoints(database, self._connection)
        super().__init__(self._connection, threading.Lock(), loop.call_soon_threadsafe, lambda _rows: None, keep_days)
        self._writer = TransactionWriter(self._connection, lambda _rows: None, checkpoints=self._checkpoints)

    def close(self) -> None:
        super().close()
        self._checkpoints.close()
        self._connection.close()


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_at_power_cuts_during_checkpoints(tmp_path: Path, monkeypatch: Any) -> None:
    """One is under way nearly always, and the log begins anew every few groups."""
    monkeypatch.setattr(checkpoints, "CHECKPOINT_EXCHANGES", 1)
    monkeypatch.setattr(checkpoints, "FULL_LOG_PAGES", 100)
    done = work(tmp_path, 60, random.Random(7), CheckpointingWriter)
    held = [one for one in done.operations if one.name == power_cuts.DATABASE and one.kind == "sync"]
    assert len(held) > 30
    begun = [one for one in done.operations if one.kind == "write" and one.name.endswith("-wal") and one.offset == 0]
    assert len(begun) > power_cuts.STARTS
    assert cut(done, 600, seed=3) == []


def test_cuts_are_divided_among_processes_without_a_rest(recording: Recording, monkeypatch: Any) -> None:
    seen: list[str] = []
    monkeypatch.setattr(power_cuts, "_problem_after", lambda *_args: "seen")
    done = recording(3)
    for share in range(3):
        seen += cut(done, 1000, seed=1, share=(share, 3))
    assert sorted(int(one.split()[1]) for one in seen) == list(range(1, 1001))


@pytest.fixture(params=["NORMAL", "OFF"])
def careless(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that does not wait for its disk."""
    durable = database._make_durable

    def less(connection: sqlite3.Connection, path: Path) -> None:
        durable(connection, path)
        connection.execute(f"PRAGMA synchronous = {request.param}")

    monkeypatch.setattr(database, "_make_durable", less)


@pytest.mark.usefixtures("careless")
def test_a_store_that_does_not_sync_loses_what_it_acknowledged(recording: Recording) -> None:
    assert len(cut(recording(12), 60, seed=1)) > 10


def test_an_answer_before_its_commit_is_noticed(recording: Recording) -> None:
    done = recording(12)
    early = [one._replace(offset=one.offset + 1) if one.kind == "mark" else one for one in done.operations]
    assert any("not in the journal" in found for found in cut(Work(done.commits, early), 60, seed=1))


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE card SET spent_minor = spent_minor + 1", "cards have spent other sums"),
        ("UPDATE session SET last_stan = '1'", "sessions are others"),
        ("DELETE FROM signature", "signatures are others"),
        ("DELETE FROM transaction_row", "sales are others"),
        ("UPDATE meta SET value = '0' WHERE name = 'rrn'", "a reference number would be given twice"),
    ],
)
def test_what_is_lost_is_noticed(recording: Recording, tmp_path: Path, statement: str, sentence: str) -> None:
    done = recording(12)
    with closing(sqlite3.connect(tmp_path / power_cuts.DATABASE, isolation_level=None)) as connection:
        assert connection.execute(statement).rowcount > 0
    left = {
        name: bytearray((tmp_path / name).read_bytes()) for name in (power_cuts.DATABASE, f"{power_cuts.DATABASE}.key")
    }
    (place := tmp_path / "cut").mkdir()
    assert sentence in power_cuts._problem_after(place, left, done, len(done.commits))


def test_a_disk_keeps_what_was_synced_and_any_of_the_rest() -> None:
    disk = Disk()
    page = b"a" * 4096
    for one in (Operation("create", "x", 1), Operation("write", "x", 1, 0, page), Operation("sync", "x", 1)):
        disk.take(one)
    disk.take(Operation("write", "x", 1, 0, b"b" * 4096))
    disk.take(Operation("write", "x", 1, 4096, b"c" * 4096))
    left = {bytes(disk.after_power_cut(random.Random(seed))["x"]) for seed in range(200)}
    assert {page, b"b" * 4096 + b"c" * 4096, page + b"c" * 4096, b"b" * 4096} <= left
    assert any(one[:512] != one[512:1024] for one in left), "a page is never torn"
    assert all(len({*one[at : at + 512]}) == 1 for one in left for at in range(0, len(one), 512)), "a sector is torn"


def test_a_removed_file_whose_name_comes_again_gets_nothing_of_the_old_one() -> None:
    disk = Disk()
    for one in (
        Operation("create", "log", 1),
        Operation("sync", "log", 1),
        Operation("write", "log", 1, 0, b"old"),
        Operation("delete", "log", 1),
        Operation("create", "log", 2),
        Operation("write", "log", 2, 0, b"new"),
    ):
        disk.take(one)
    left = {bytes(disk.after_power_cut(random.Random(seed)).get("log", b"none")) for seed in range(200)}
    assert left == {b"", b"old", b"none", b"new"}
