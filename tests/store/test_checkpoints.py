"""Checkpoints beside groups: the log is put away and begins anew, also beside slow readers and after failures."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from acquirer.model.effects import Changes
from acquirer.store import checkpoints, transaction_writer
from acquirer.store.checkpoints import Checkpoints
from acquirer.store.database import connect_again, connect_reading, connect_writing
from acquirer.store.location import companion
from acquirer.store.purge import empty_log
from acquirer.store.transaction_writer import TransactionWriter
from tests.store.packing import pack

EVERY = 5  # groups of one exchange
FULL_PAGES = 60
GROUP_PAGES = 5  # at most: 8,000 bytes and what leads to them
FRAME_BYTES = 4096 + 24


class BesideConnection:
    """The thread's connection: a test may hold it in a checkpoint, have one fail, or have a group written meanwhile."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.begun: SimpleQueue[str] = SimpleQueue()
        self.go_on = threading.Event()
        self.go_on.set()
        self.error: Exception | None = None
        self.meanwhile: Callable[[], AbstractContextManager[object]] = nullcontext

    def execute(self, statement: str) -> Any:
        self.begun.put(statement)
        assert self.go_on.wait(30)
        if self.error is not None:
            raise self.error
        with self.meanwhile():
            return self.connection.execute(statement)

    def close(self) -> None:
        self.connection.close()


class Trial:
    """A database with its checkpoints, and groups of one exchange that are written to it."""

    def __init__(self, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(checkpoints, "CHECKPOINT_EXCHANGES", EVERY)
        monkeypatch.setattr(checkpoints, "FULL_LOG_PAGES", FULL_PAGES)
        monkeypatch.setattr(checkpoints, "connect_again", self._connect)
        self.database = database
        self.log = companion(database, "-wal")
        self.connection = connect_writing(database)
        empty_log(self.connection.cursor())  # its tables are in the one file
        self.checkpoints = Checkpoints(database, self.connection)
        self.between = 0  # checkpoints of the connection that writes
        self.most_bytes = 0  # of the log
        self.connection.set_trace_callback(self._note)

    def _connect(self, database: Path) -> BesideConnection:
        self.beside = BesideConnection(connect_again(database))
        return self.beside

    def _note(self, statement: str) -> None:
        self.between += "wal_checkpoint" in statement

    def write(self, count: int = 1, *, until_ended: bool = False) -> None:
        for _ in range(count):
            insert(self.connection)
            self.checkpoints.follow(1)
            self.most_bytes = max(self.most_bytes, self.log.stat().st_size)
            if until_ended:
                self.checkpoints.wait()

    def generation(self) -> int:
        """How often the log has begun anew."""
        return int.from_bytes(self.log.read_bytes()[12:16], "big")

    def put_away(self) -> int:
        """How many groups are in the one file."""
        copy = shutil.copy(self.database, self.database.with_name("copy.db"))
        with closing(sqlite3.connect(copy)) as connection:
            return connection.execute("SELECT count(*) FROM blob").fetchone()[0]

    def close(self) -> None:
        self.beside.go_on.set()
        self.checkpoints.close()
        self.connection.close()


def insert(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO blob VALUES (hex(randomblob(16)), randomblob(8000))")


@pytest.fixture
def trial(database: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trial]:
    trial = Trial(database, monkeypatch)
    yield trial
    trial.close()
    assert not companion(database, "-wal").exists(), "the end puts everything into the one file"


def checkpointing() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "store-checkpoint"]


def test_groups_are_written_while_a_checkpoint_is_under_way(trial):
    trial.beside.go_on.clear()
    trial.write(EVERY)
    assert trial.beside.begun.get(timeout=30) == "PRAGMA wal_checkpoint"
    trial.write(EVERY - 1)
    assert trial.connection.execute("SELECT count(*) FROM blob").fetchone() == (2 * EVERY - 1,)
    assert trial.put_away() == 0
    trial.beside.go_on.set()
    trial.checkpoints.wait()
    assert trial.put_away() == 2 * EVERY - 1
    assert (trial.beside.begun.empty(), trial.between) == (True, 0)


def test_a_checkpoint_that_has_not_ended_is_waited_for_when_the_next_one_is_due(trial, monkeypatch):
    trial.beside.go_on.clear()
    wait, waits = trial.checkpoints.wait, []

    def go_on_and_wait() -> None:
        waits.append(len(checkpointing()))
        trial.beside.go_on.set()
        wait()

    trial.write(EVERY)
    monkeypatch.setattr(trial.checkpoints, "wait", go_on_and_wait)
    trial.write(EVERY - 1)
    assert waits == []
    trial.write()
    assert waits == [1]
    wait()
    assert trial.beside.begun.qsize() == 2


def test_under_constant_load_the_log_begins_anew(trial, database):
    """A group is written during each checkpoint, so that none of them meets the end of the log."""

    @contextmanager
    def a_group() -> Iterator[None]:
        with closing(connect_again(database)) as other, closing(connect_reading(database)) as reader:
            reader.execute("BEGIN").execute("SELECT count(*) FROM blob").fetchall()
            insert(other)  # what a reader does not see yet is not put away either
            yield

    trial.beside.meanwhile = a_group
    trial.write()
    before = trial.generation()
    trial.write(30 * EVERY, until_ended=True)
    begun_anew = trial.generation() - before
    assert trial.between - 1 <= begun_anew <= trial.between
    assert begun_anew >= 5
    assert trial.most_bytes < (FULL_PAGES + 2 * EVERY * GROUP_PAGES) * FRAME_BYTES


def test_a_slow_reader_is_not_tried_before_each_group(trial, database):
    with closing(connect_reading(database)) as reader:
        trial.write()
        reader.execute("BEGIN").execute("SELECT count(*) FROM blob").fetchall()
        before = trial.generation()
        trial.write(20 * EVERY, until_ended=True)
        assert trial.generation() == before
        assert 10 <= trial.between <= 20
    trial.write(2 * EVERY, until_ended=True)
    assert trial.generation() > before
    assert trial.put_away() >= 21 * EVERY


def test_a_log_that_is_put_away_begins_anew_by_itself(trial):
    trial.write(EVERY, until_ended=True)
    before = trial.generation()
    for number in range(1, 6):
        trial.write(EVERY, until_ended=True)
        assert (trial.generation() - before, trial.between) == (number, 0)


@pytest.mark.parametrize("error", [sqlite3.OperationalError("disk I/O error"), sqlite3.DatabaseError(), MemoryError()])
def test_a_checkpoint_that_fails_is_tried_between_two_groups_and_later_beside_them_again(trial, error):
    trial.beside.error = error
    trial.write(EVERY, until_ended=True)
    assert (trial.put_away(), trial.between) == (0, 0)
    trial.write()
    assert (trial.put_away(), trial.between) == (EVERY + 1, 1)
    trial.beside.error = None
    trial.write(EVERY, until_ended=True)
    trial.write()
    assert (trial.put_away(), trial.between) == (2 * EVERY + 1, 1)


def test_a_thread_that_dies_leaves_its_checkpoints_to_the_time_between_groups(trial, monkeypatch):
    ends: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: ends.append(args.exc_type))
    trial.beside.error = RuntimeError("dead")
    trial.write(20 * EVERY, until_ended=True)
    assert ends == [RuntimeError] * trial.between
    assert trial.between >= 10
    assert trial.most_bytes < 2 * EVERY * GROUP_PAGES * FRAME_BYTES


def test_without_a_thread_the_log_is_put_away_between_groups(trial, monkeypatch):
    def start(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    trial.write(20 * EVERY)
    assert trial.between >= 10
    assert trial.most_bytes < 2 * EVERY * GROUP_PAGES * FRAME_BYTES


def test_where_every_checkpoint_fails_groups_go_on(trial):
    """Within a transaction SQLite makes none over its connection."""
    trial.beside.error = sqlite3.OperationalError("disk I/O error")
    trial.connection.execute("BEGIN")
    trial.write(20 * EVERY, until_ended=True)
    trial.connection.execute("COMMIT")
    assert (trial.put_away(), trial.between, trial.beside.begun.qsize()) == (0, 16, 16)
    assert trial.connection.execute("SELECT count(*) FROM blob").fetchone() == (20 * EVERY,)


def test_purging_waits_for_a_checkpoint_that_is_under_way(trial, exchange, monkeypatch):
    """SQLite would refuse to empty the log meanwhile."""
    emptied = []

    def noted(cursor: sqlite3.Cursor) -> bool:
        emptied.append((len(checkpointing()), empty_log(cursor), trial.log.stat().st_size))
        return True

    monkeypatch.setattr(transaction_writer, "empty_log", noted)
    monkeypatch.setattr(transaction_writer, "delete_unused", lambda *_: 1)
    writer = TransactionWriter(trial.connection, lambda _rows: None, checkpoints=trial.checkpoints)
    trial.beside.go_on.clear()
    trial.write(EVERY)
    wait = trial.checkpoints.wait
    monkeypatch.setattr(trial.checkpoints, "wait", lambda: (trial.beside.go_on.set(), wait()))
    evidence = exchange()
    writer.write_group([pack(Changes(evidence))], (), None)
    assert len(checkpointing()) == 1
    writer.follow_up()
    assert emptied == [(0, True, 0)]


def test_exchanges_of_groups_are_counted(trial, exchange):
    writer = TransactionWriter(trial.connection, lambda _rows: None, checkpoints=trial.checkpoints)
    for size in (EVERY - 1, 0, 1):
        group = [exchange() for _ in range(size)]
        writer.write_group([pack(Changes(one)) for one in group], [(1, "sent")], None)
        assert trial.beside.begun.empty()
        writer.follow_up()
    assert trial.beside.begun.get(timeout=30)


def test_its_end_waits_for_what_has_begun(trial, monkeypatch):
    trial.beside.go_on.clear()
    trial.write(EVERY)
    wait = trial.checkpoints.wait
    monkeypatch.setattr(trial.checkpoints, "wait", lambda: (trial.beside.go_on.set(), wait()))
    trial.checkpoints.close()
    assert checkpointing() == []
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        trial.beside.connection.execute("SELECT 1")
    assert trial.put_away() == EVERY


def test_how_its_connections_are_set(trial):
    for connection in (trial.connection, trial.beside.connection):
        settings = [connection.execute(f"PRAGMA {name}").fetchone() for name in ("synchronous", "wal_autocheckpoint")]
        assert settings == [(2,), (0,)]


def test_a_database_that_is_not_there_is_an_error(database, connection):
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        Checkpoints(database, connection)
    assert not database.exists()
    assert connection.execute("PRAGMA wal_autocheckpoint").fetchone() == (1000,)
