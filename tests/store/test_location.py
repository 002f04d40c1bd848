"""Where a store lies: URLs, key files, locks, and the sentences when one of them cannot be used."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from acquirer.store import StoreError, location, open_reader, open_store
from acquirer.store.key_file import check_value, master_key
from acquirer.store.location import (
    DatabaseLock,
    add_holder,
    begins_anew,
    database_path,
)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "acquirer.db",
        "sqlite:",
        "sqlite://acquirer.db",
        "sqlite:///",
        "sqlite:///:memory:",
        "postgres:///x",
        "memory",
    ],
)
def test_other_urls_are_refused_with_those_that_are_not(url):
    with pytest.raises(StoreError, match=r"use memory:, sqlite:///relative\.db or sqlite:////absolute\.db"):
        database_path(url)


def test_a_path_may_hold_anything_that_files_do(tmp_path):
    path = tmp_path / "shop 50% #1?.db"
    url = f"sqlite:///{tmp_path}/shop%2050%25%20%231%3F.db"
    assert database_path(url) == path
    open_store(url).close()
    assert path.exists()
    open_reader(url).close()


def test_the_key_file_is_the_owners_alone(url, database):
    store = open_store(url)
    key = database.with_name("acquirer.db.key")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert bytes.fromhex(key.read_text()) == store.master_key
    assert not database.with_name("acquirer.db.key.new").exists()
    store.close()


def test_a_key_in_memory_is_another_each_time():
    first, second = open_store("memory:"), open_store("memory:")
    assert first.master_key != second.master_key
    first.close()
    second.close()


def test_a_store_does_not_start_without_its_own_key(url, database):
    open_store(url).close()
    key = database.with_name("acquirer.db.key")
    text = key.read_text()
    key.unlink()
    with pytest.raises(StoreError, match=r"acquirer\.db\.key is missing: .* put it back, or use a new store"):
        open_store(url)
    assert not key.exists()
    key.write_text("00" * 32)
    with pytest.raises(StoreError, match=r"is not the key of .*acquirer\.db"):
        open_store(url)
    key.write_text("not a key")
    with pytest.raises(StoreError, match="holds no key: expected 64 hex digits"):
        open_store(url)
    key.write_bytes(b"\xff")
    with pytest.raises(StoreError, match="holds no key: expected 64 hex digits"):
        open_store(url)
    key.write_text(text)
    open_store(url).close()


def test_a_key_that_a_killed_process_left_unfinished_is_written_again(database):
    draft = database.with_name("acquirer.db.key.new")
    draft.write_text("00")
    key = master_key(database, make=True)
    assert len(key) == 32
    assert not draft.exists()
    assert master_key(database, make=False) == key


def test_the_check_value_tells_keys_apart_and_reveals_nothing():
    one, other = bytes(32), bytes(31) + b"\x01"
    assert check_value(one) == check_value(bytes(32)) != check_value(other)
    assert len(check_value(one)) == 16


def test_a_lock_ends_with_its_release(database):
    lock = DatabaseLock(database)
    with pytest.raises(StoreError, match=f"in use by process {os.getpid()}"):
        DatabaseLock(database)
    lock.release()
    DatabaseLock(database).release()


def test_a_lock_file_that_served_nothing_is_removed(tmp_path):
    other = tmp_path / "other.db"
    other.write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError, match="is no SQLite database"):
        open_store(f"sqlite:///{other}")
    assert [path.name for path in tmp_path.iterdir()] == ["other.db"]
    lock = tmp_path / "other.db.lock"
    lock.touch()
    with pytest.raises(StoreError, match="is no SQLite database"):
        open_store(f"sqlite:///{other}")
    assert lock.exists()  # one that was there belongs to those who use it


@pytest.mark.slow
def test_a_lock_on_a_file_that_was_removed_meanwhile_is_none(database, monkeypatch):
    lock = DatabaseLock(database)
    waited = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 1:
            lock.release(remove=True)

    monkeypatch.setattr("acquirer.store.location.time.sleep", sleep)
    again = DatabaseLock(database)
    assert waited
    with pytest.raises(StoreError, match="in use by process"):
        DatabaseLock(database)
    again.release()


@pytest.mark.parametrize("opening", [open_store, open_reader])
def test_only_a_file_can_be_a_store(tmp_path, opening):
    (tmp_path / "folder.db").mkdir()
    os.mkfifo(tmp_path / "pipe.db")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.db"))
    before = sorted(tmp_path.iterdir())
    for name, kind in (("folder", "a directory"), ("pipe", "a named pipe"), ("socket", "a socket")):
        with pytest.raises(StoreError, match=rf"{name}\.db is {kind}: name a file for the store"):
            opening(f"sqlite:///{tmp_path}/{name}.db")
    with pytest.raises(StoreError, match="/dev/null is a device: name a file for the store"):
        opening("sqlite:////dev/null")
    assert sorted(tmp_path.iterdir()) == before
    assert not Path("/dev/null.lock").exists()


@pytest.mark.parametrize("opening", [open_store, open_reader])
@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
def test_a_pipe_in_the_place_of_a_log_is_waited_for_by_no_one(url, database, opening, suffix):
    open_store(url).close()
    os.mkfifo(f"{database}{suffix}")
    sentence = rf"acquirer\.db{suffix} is a named pipe: a file of .*acquirer\.db belongs there, move this away"
    with pytest.raises(StoreError, match=sentence):
        opening(url)


@pytest.mark.parametrize("put", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_a_key_file_that_is_no_file_is_not_read(url, database, put):
    open_store(url).close()
    key = Path(f"{database}.key")
    key.unlink()
    put(key)
    with pytest.raises(StoreError, match=r"acquirer\.db\.key is a \w.*: a file of .* belongs there, move this away"):
        open_store(url)


def test_of_a_key_file_that_is_too_long_the_beginning_is_read(url, database):
    open_store(url).close()
    with Path(f"{database}.key").open("r+b") as file:
        file.truncate(1 << 40)
    with pytest.raises(StoreError, match="holds no key: expected 64 hex digits"):
        open_store(url)


def test_a_database_that_is_missing_beside_its_key_file_is_worth_a_warning(url, database):
    assert begins_anew(url) == begins_anew("memory:") == ""
    open_store(url).close()
    assert begins_anew(url) == ""
    database.unlink()
    assert begins_anew(url).startswith(f"{database} was not there, though its key file is")


def test_a_directory_that_is_not_there(tmp_path):
    with pytest.raises(StoreError, match=r"there is no directory .*none; make it first"):
        open_store(f"sqlite:///{tmp_path}/none/acquirer.db")


def test_relative_paths_start_where_the_command_is_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    open_store("sqlite:///here.db").close()
    assert Path("here.db").exists()
    open_reader("sqlite:///here.db").close()


WITHOUT_LOCKS = """
import sys
sys.modules.update(dict.fromkeys(("fcntl", "resource"), None))  # as on Windows: importing them raises ImportError
from acquirer import cli
sys.exit(cli.run(sys.argv[1:]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("terminals", "list"), 0, ""),
        (("terminals", "show", "10000161"), 0, ""),
        (("journal", "list"), 0, ""),
        (("journal", "show", "1"), 2, "has no exchange 1"),
        (
            (
                "terminals",
                "add",
                "--tid",
                "10000162",
                "--mid",
                "880210010210162",
                "--tmk",
                "00112233445566778899AABBCCDDEEFF",
            ),
            2,
            "cannot be written: this system has no file locks as Unix has; "
            "serve and register terminals on Linux or macOS, reading a store works here.",
        ),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, tuple) else "",
)
def test_where_files_cannot_be_locked_a_store_is_read_and_not_written(opened, url, words, code, sentence):
    client = opened(url)
    client.register("10000161")
    client.store.close()
    command = [sys.executable, "-c", WITHOUT_LOCKS, *words, "--store", url]
    done = subprocess.run(command, text=True, capture_output=True, timeout=60)
    assert done.returncode == code, done.stderr
    assert sentence in done.stderr
    assert done.stderr.count("\n") == bool(sentence)


@pytest.mark.slow
def test_a_lock_that_another_process_holds_names_it(database):
    lock = DatabaseLock(database)
    try:
        assert lock.path.read_text() == f"{os.getpid()}\n"
        assert lock.created
        with pytest.raises(StoreError) as exc:
            DatabaseLock(database)
        assert str(exc.value) == f"{database} is in use by process {os.getpid()}: stop it, or name another store"
        os.truncate(lock.path, 0)
        with pytest.raises(StoreError) as exc:
            DatabaseLock(database)
        assert str(exc.value) == f"{database} is in use by another process: stop it, or name another store"
        os.pwrite(lock.file, b"999999999\n", 0)  # of a process that has ended, while its child has the lock
        add_holder(lock.file)
        assert lock.path.read_text() == f"999999999\n{os.getpid()}\n"
        with pytest.raises(StoreError, match=f"in use by process {os.getpid()}: "):
            DatabaseLock(database)
        os.truncate(lock.path, 10)
        with pytest.raises(StoreError, match="in use by process 999999999: "):
            DatabaseLock(database)
    finally:
        lock.release()
    assert lock.path.read_text() == ""
    again = DatabaseLock(database)
    assert not again.created
    again.release(remove=True)
    assert not lock.path.exists()


def test_where_there_are_no_locks_of_files(database, monkeypatch):
    monkeypatch.setattr("acquirer.store.location.fcntl", None)
    with pytest.raises(StoreError) as exc:
        DatabaseLock(database)
    assert str(exc.value) == (
        f"{database} cannot be written: this system has no file locks as Unix has; serve and register terminals on "
        "Linux or macOS, reading a store works here"
    )


def test_what_it_offers_is_there():
    assert [name for name in location.__all__ if not hasattr(location, name)] == []
