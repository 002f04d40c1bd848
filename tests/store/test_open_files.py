"""Whether the files of an open database are still there, and hold what they held."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from acquirer.store.database import connect_writing
from acquirer.store.location import companion
from acquirer.store.open_files import ALL_FILES, WRITTEN_FILES, FileContents, OpenFiles


@pytest.mark.parametrize("gone", ["", "-wal"])
@pytest.mark.parametrize("how", ["removed", "replaced", "moved with its folder"])
def test_a_file_that_is_gone_is_noticed(database, gone, how):
    database.parent.joinpath("store").mkdir()
    database = database.parent / "store" / "acquirer.db"
    paths = [companion(database, suffix) for suffix in WRITTEN_FILES]
    for path in paths:
        path.touch()
    files = OpenFiles(database, *WRITTEN_FILES)
    assert files.gone() == ""
    path = companion(database, gone)
    if how == "moved with its folder":
        database.parent.rename(database.parent.with_name("elsewhere"))
        path = paths[0]
    elif how == "removed":
        path.unlink()
    else:
        path.with_name("new").touch()
        path.with_name("new").replace(path)
    assert files.gone().startswith(f"{path} was removed or replaced while the store was in use: put it back")


def test_a_file_that_cannot_be_looked_at_is_not_gone(database, monkeypatch):
    database.touch()
    files = OpenFiles(database, "")

    def stat(_path: Path) -> os.stat_result:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", stat)
    assert files.gone() == ""


@pytest.mark.parametrize("suffix", ["-shm", ".lock"])
def test_a_file_that_holds_nothing_for_good_needs_no_backup(database, suffix):
    for path in [companion(database, one) for one in ALL_FILES]:
        path.touch()
    files = OpenFiles(database, *ALL_FILES)
    companion(database, suffix).unlink()
    assert files.gone() == (
        f"{database}{suffix} was removed or replaced while the store was in use: start again, and let 'acquirer store "
        "check' look at the store"
    )


@pytest.fixture
def connection(database: Path) -> Iterator[sqlite3.Connection]:
    """A database that was written and put away once, and written again."""
    with closing(connect_writing(database)) as connection:
        write(connection, 300)
        connection.execute("PRAGMA wal_checkpoint").fetchall()
        write(connection, 10)
        yield connection


@pytest.fixture
def contents(database: Path, connection: sqlite3.Connection) -> Iterator[FileContents]:
    found = FileContents(database)
    assert found.written_over() == ""
    yield found
    connection.close()
    found.close()


def write(connection: sqlite3.Connection, count: int) -> None:
    for _ in range(count):
        connection.execute("INSERT INTO blob VALUES (hex(randomblob(16)), randomblob(3000))")


def put_over(path: Path, content: bytes) -> None:
    """Write over a file as ``cp`` does: it stays the same one."""
    with path.open("r+b") as file:
        file.truncate(0)
        file.write(content)


SPOILED: dict[str, tuple[str, Callable[[Path], None]]] = {
    "database emptied": ("", lambda path: os.truncate(path, 0)),
    "database cut off": ("", lambda path: os.truncate(path, path.stat().st_size // 2)),
    "database cut off by a page": ("", lambda path: os.truncate(path, path.stat().st_size - 4096)),
    "database overwritten": ("", lambda path: put_over(path, os.urandom(path.stat().st_size))),
    "log emptied": ("-wal", lambda path: os.truncate(path, 0)),
    "log cut off": ("-wal", lambda path: os.truncate(path, 20_000)),
    "log overwritten": ("-wal", lambda path: put_over(path, os.urandom(path.stat().st_size))),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", SPOILED)
def test_a_file_that_was_written_over_is_noticed(what, database, contents):
    suffix, spoil = SPOILED[what]
    spoil(companion(database, suffix))
    assert contents.written_over() == (
        f"{database}{suffix} was written over or cut off while the store was in use: put it back as it was, or put a "
        "backup back, before you start again"
    )


def test_an_older_copy_that_is_put_over_a_database_is_noticed(database, connection, contents):
    copy = database.with_name("copy.db")
    shutil.copy(database, copy)
    write(connection, 300)
    connection.execute("PRAGMA wal_checkpoint").fetchall()
    assert contents.written_over() == ""
    os.truncate(copy, database.stat().st_size)  # as large as it is now
    put_over(database, copy.read_bytes())
    assert contents.written_over().startswith(f"{database} was written over")


def test_what_sqlite_does_itself_is_not_taken_for_it(database, connection, contents):
    """Checkpoints, a log that begins anew, one that is cut, and a database that is vacuumed and so gets smaller."""
    before = database.stat().st_size
    for mode in ("PASSIVE", "FULL", "RESTART", "TRUNCATE") * 2:
        write(connection, 20)
        assert contents.written_over() == ""
        connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
        assert contents.written_over() == ""
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("DELETE FROM blob")
        other.execute("VACUUM")
        assert contents.written_over() == ""
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert database.stat().st_size < before
    assert contents.written_over() == ""
    write(connection, 5)
    assert contents.written_over() == ""


@pytest.mark.slow
def test_looking_costs_a_database_none_of_its_locks(database, connection, contents):
    """A process that closes any descriptor of a file loses all its locks on it: then others could have it alone."""
    have_alone = (
        "import sqlite3, sys\n"
        "other = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)\n"
        "other.execute('PRAGMA locking_mode = EXCLUSIVE')\n"
        "other.execute('BEGIN EXCLUSIVE')\n"
    )
    for _ in range(3):
        assert contents.written_over() == ""
        tried = subprocess.run([sys.executable, "-c", have_alone, database], capture_output=True, text=True, timeout=60)
        assert "database is locked" in tried.stderr
    connection.close()
    contents.close()
    tried = subprocess.run([sys.executable, "-c", have_alone, database], capture_output=True, text=True, timeout=60)
    assert (tried.returncode, tried.stderr) == (0, "")


def test_files_that_cannot_be_looked_at_say_nothing(tmp_path):
    contents = FileContents(tmp_path / "none.db")
    assert contents.written_over() == ""
    contents.close()
    contents.close()
