"""A store in memory that processes share: as one on disk, and gone with its host, however that ends."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from acquirer.model.effects import Load
from acquirer.security.secret import Secret
from acquirer.security.vault import Vault
from acquirer.settings.registration import Registration
from acquirer.store import memory, open_store
from acquirer.store.batch_writer import BatchWriter, ThreadWriter
from acquirer.store.database import connect_writing
from acquirer.store.location import DatabaseLock, companion

TERMINAL = Registration(tid="10000161", mid="880210010210162", tmk=Secret.from_hex("258FB0AB70D025CDB99DF2C4D302D646"))


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder that stands for the system's memory."""
    monkeypatch.setattr(memory, "SHARED", tmp_path)
    monkeypatch.setattr(memory, "ROOM_BYTES", 0)
    yield tmp_path
    assert list(tmp_path.iterdir()) == [], "nothing stays"


def test_it_is_in_a_folder_of_its_owner_alone_without_a_key_file_and_gone_at_the_end(shared):
    store = open_store("memory:", shared=True)
    assert store.url == "memory:"
    (folder,) = shared.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not companion(folder / "store.db", ".key").exists()
    store.register([TERMINAL], Vault(store.master_key))
    store.check_files()
    assert (store.last_error, store.fatal_error) == ("", "")
    with store.reader() as reader:
        assert reader.terminal_numbers() == [TERMINAL.tid]
    assert store.load(Load(TERMINAL.tid)).terminal is not None
    store.close()


@pytest.mark.parametrize(("url", "pages"), [("memory:", 1_000), ("sqlite:///{}/disk/acquirer.db", 16_000)])
def test_only_on_disk_a_host_leaves_checkpoints_to_the_process_that_writes(shared, url, pages):
    (shared / "disk").mkdir()
    store = open_store(url.format(shared), shared=True)
    assert store._writing.execute("PRAGMA wal_autocheckpoint").fetchone() == (1_000,)
    loop = asyncio.new_event_loop()
    databases, connection = [], connect_writing(None)

    def process(database: Path, lock: DatabaseLock, loop_: asyncio.AbstractEventLoop, keep_days: int) -> BatchWriter:
        databases.append(memory.is_shared_memory(database))
        return ThreadWriter(connection, threading.Lock(), loop_.call_soon, lambda _rows: None)

    store.start(loop, lambda _rows: None, process)
    assert (databases, store._writing.execute("PRAGMA wal_autocheckpoint").fetchone()) == ([url == "memory:"], (pages,))
    store.close()
    connection.close()
    loop.close()
    shutil.rmtree(shared / "disk")


def test_two_of_them_know_nothing_of_each_other(shared):
    first, second = open_store("memory:", shared=True), open_store("memory:", shared=True)
    first.register([TERMINAL], Vault(first.master_key))
    with second.reader() as reader:
        assert reader.terminal_numbers() == []
    assert len(list(shared.iterdir())) == 2, "the one that is in use was not deleted"
    first.close()
    second.close()


def test_what_a_killed_host_left_is_deleted_by_the_next_one(shared):
    store = open_store("memory:", shared=True)
    (folder,) = shared.iterdir()
    shutil.copytree(folder, shared / "acquirer-memory-left")
    store.close()
    (shared / "acquirer-memory-just-begun").mkdir()
    open_store("memory:", shared=True).close()
    assert [path.name for path in shared.iterdir()] == ["acquirer-memory-just-begun"]
    (shared / "acquirer-memory-just-begun").rmdir()


def test_what_another_user_left_stays(shared, monkeypatch):
    left = shared / "acquirer-memory-left"
    left.mkdir()
    companion(left / "store.db", ".lock").touch()
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    open_store("memory:", shared=True).close()
    assert left.exists()
    shutil.rmtree(left)


def test_one_that_cannot_be_opened_leaves_nothing(shared, monkeypatch):
    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("acquirer.store.sqlite.OpenFiles", fail)
    with pytest.raises(KeyboardInterrupt):
        open_store("memory:", shared=True)


def test_without_room_it_stays_in_its_process(shared, monkeypatch):
    monkeypatch.setattr(memory, "ROOM_BYTES", 1 << 62)
    store = open_store("memory:", shared=True)
    assert list(shared.iterdir()) == []
    store.close()


def test_where_there_is_no_shared_memory_it_stays_in_its_process(shared, monkeypatch):
    monkeypatch.setattr(memory, "SHARED", shared / "none")
    store = open_store("memory:", shared=True)
    loop = asyncio.new_event_loop()

    def process(*_: object) -> BatchWriter:
        pytest.fail("no process could open it")

    store.start(loop, lambda _rows: None, process)
    store.close()
    loop.close()
