"""Purging, shrinking and copying stores: what is deleted leaves no bytes, what is copied is whole."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from acquirer.model.effects import Changes, CommitOutcome, Load
from acquirer.model.rows import SignaturePart, Transaction, TransactionKey, Upload
from acquirer.store import StoreError, open_reader, open_store
from acquirer.store.backup import _check_copy, backup
from acquirer.store.location import companion
from acquirer.store.purge import DAY_US, KEEP_DAYS
from acquirer.store.upkeep import purge, vacuum

TID = "10000161"
KEY = TransactionKey("880210010210162", TID, "000001", "000001")
NOW_US = 1_700_000_000_000_000  # as of the exchanges that tests make
MARK = "MARKED-FOR-DELETION"


def sale(stan: str, batch: str, unused_us: int | None) -> Transaction:
    used_us = 0 if unused_us is None else NOW_US - unused_us
    return Transaction(KEY._replace(batch=batch, stan=stan), reply_elements={"note": MARK + stan}, used_us=used_us)


@pytest.fixture
def sold(opened, exchange):
    """A served store with sales of a closed batch and of the open one."""
    client = opened()
    assert client.commit(Changes(exchange(), replace(client.session(), batch="000002"))) == [CommitOutcome.DONE]
    sales = [
        sale("000001", "000001", KEEP_DAYS * DAY_US + 1),
        sale("000002", "000001", KEEP_DAYS * DAY_US),
        sale("000003", "000002", KEEP_DAYS * DAY_US + 1),
        sale("000004", "000001", None),  # whose last use is not known
        sale("000005", "000002", None),
        sale("000006", "000001", 0),
    ]
    for one in sales:
        client.loop.run_until_complete(client.queue(Changes(exchange(), transaction=one)))
    return client


def stans(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return [stan for (stan,) in connection.execute("SELECT stan FROM transactions ORDER BY stan")]


def on_disk(database: Path) -> bytes:
    paths = [companion(database, suffix) for suffix in ("", "-wal")]
    return b"".join([path.read_bytes() for path in paths if path.exists()])


def test_what_was_last_used_long_ago_is_purged_unless_its_batch_is_open(sold, url, database):
    sold.close()
    assert purge(url, NOW_US, KEEP_DAYS) == 2
    assert stans(database) == ["000002", "000003", "000005", "000006"]
    assert purge(url, NOW_US, KEEP_DAYS) == 0
    assert purge(url, NOW_US + DAY_US, 1) == 1
    assert stans(database) == ["000003", "000005", "000006"]


def test_parts_of_a_signature_are_purged_after_a_day(opened, url, exchange):
    client = opened()
    part = SignaturePart(KEY, 1, False, b"a", at_us=NOW_US)
    client.commit(Changes(exchange(), upload=Upload(KEY, part=part)))
    client.close()
    for now_us, left in ((NOW_US + DAY_US, 1), (NOW_US + DAY_US + 1, 0)):
        purge(url, now_us, KEEP_DAYS)
        with open_reader(url) as reader:
            assert len(reader.signature_parts()) == left


def test_what_was_purged_is_nowhere_in_the_files(sold, url, database):
    sold.close()
    assert f"{MARK}000001".encode() in on_disk(database)
    purge(url, NOW_US, KEEP_DAYS)
    kept = on_disk(database)
    assert [f"{MARK}00000{n}".encode() in kept for n in range(1, 7)] == [False, True, True, False, True, True]


def test_what_a_serving_host_purges_is_nowhere_in_the_files_either(sold, url, database, exchange):
    """It purges once an hour; what it deletes is in its log, until that is cut."""
    later = exchange()
    later.at_us = NOW_US + DAY_US // 2
    assert f"{MARK}000002".encode() in on_disk(database)
    sold.commit(Changes(later))
    sold.close()  # the last group is followed up
    kept = on_disk(database)
    assert stans(database) == ["000003", "000005", "000006"]
    assert [f"{MARK}00000{n}".encode() in kept for n in range(1, 7)] == [False, False, True, False, True, True]


def test_shrinking_gives_back_the_room_of_deleted_rows(opened, url, database, exchange):
    client = opened()
    client.commit(Changes(exchange(), replace(client.session(), batch="000002")))
    for stan in range(300):
        one = replace(sale(f"{stan:06}", "000001", None), reply_elements={"note": "x" * 2000})
        client.queue(Changes(exchange(), transaction=one))
    client.close()
    purge(url, NOW_US, KEEP_DAYS)
    before, after = vacuum(url)
    assert after < before // 2
    assert database.stat().st_size == after
    assert not companion(database, "-wal").exists()
    with open_reader(url) as reader:
        assert len(list(reader.every())) == 301


@pytest.mark.parametrize("change", [lambda url: purge(url, NOW_US, 1), vacuum], ids=["purge", "vacuum"])
def test_a_served_store_is_not_changed(sold, url, database, change):
    with pytest.raises(StoreError, match=f"is in use by process {os.getpid()}: stop it, or name another store"):
        change(url)
    assert len(stans(database)) == 6
    sold.close()
    change(url)


@pytest.mark.parametrize("change", [lambda url: purge(url, NOW_US, 1), vacuum, lambda url: backup(url, Path("none"))])
def test_where_there_is_no_store_none_begins(url, database, change):
    with pytest.raises(StoreError, match="there is no store at"):
        change(url)
    with pytest.raises(StoreError, match="ends with its process"):
        change("memory:")
    assert list(database.parent.iterdir()) == []


# -- backups -----------------------------------------------------------------------------------------------------------


def test_a_backup_of_a_served_store_is_the_store_as_of_one_moment(sold, url, tmp_path, exchange):
    target = tmp_path / "backup.db"
    assert backup(url, target) == target.stat().st_size
    sold.commit(Changes(exchange()))  # the host goes on
    sold.close()
    assert sorted(path.name for path in tmp_path.iterdir() if "backup" in path.name) == ["backup.db", "backup.db.key"]
    again = open_store(f"sqlite:///{target}")
    assert again.master_key == sold.store.master_key
    assert again.load(Load(TID, KEY)).transaction == replace(
        sale("000001", "000001", KEEP_DAYS * DAY_US + 1), version=1
    )
    with again.reader() as reader:
        assert len(reader.exchanges()) == 7
    again.close()


def test_a_backup_is_its_owners_alone(sold, url, tmp_path):
    old = os.umask(0)
    try:
        backup(url, tmp_path / "backup.db")
    finally:
        os.umask(old)
    for name in ("backup.db", "backup.db.key"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_a_backup_replaces_nothing(sold, url, tmp_path):
    target = tmp_path / "backup.db"
    for suffix in ("", "-wal", "-journal"):
        path = companion(target, suffix)
        path.write_bytes(b"mine")
        with pytest.raises(StoreError, match=rf"{path} is there already: name another file"):
            backup(url, target)
        assert path.read_bytes() == b"mine"
        path.unlink()
    companion(target, ".key").write_text("11" * 32)
    with pytest.raises(StoreError, match=r"backup\.db\.key is another store's key file"):
        backup(url, target)
    companion(target, ".key").write_text(sold.store.master_key.hex())
    backup(url, target)  # beside its own key file: it is put back


def test_a_backup_that_cannot_be_finished_leaves_nothing(sold, url, database, tmp_path, monkeypatch):
    with pytest.raises(StoreError, match="there is no directory"):
        backup(url, tmp_path / "none" / "backup.db")
    before = sorted(tmp_path.iterdir())
    key = companion(database, ".key")
    text = key.read_text()
    for content, sentence in (("22" * 32, "is not the key of"), ("x", "holds no key")):
        key.write_text(content)
        with pytest.raises(StoreError, match=sentence):
            backup(url, tmp_path / "backup.db")
    key.unlink()
    with pytest.raises(StoreError, match="is missing"):
        backup(url, tmp_path / "backup.db")
    key.write_text(text)

    def fail(_file: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StoreError, match=r"backup\.db cannot be written: Input/output error"):
        backup(url, tmp_path / "backup.db")
    monkeypatch.undo()
    companion(tmp_path / "backup.db", ".key.new").unlink(missing_ok=True)
    assert sorted(tmp_path.iterdir()) == before


def test_of_a_damaged_store_there_is_no_backup(sold, url, database, tmp_path):
    sold.close()
    with closing(sqlite3.connect(database)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'transaction_row'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with database.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xa5" * size)
    with pytest.raises(StoreError, match=r"acquirer\.db is damaged .*put a backup back"):
        backup(url, tmp_path / "backup.db")
    assert not (tmp_path / "backup.db").exists()


def test_a_copy_that_is_damaged_is_noticed(sold, database, tmp_path):
    sold.close()
    draft = tmp_path / "draft.db"
    data = bytearray(database.read_bytes())
    data[4096:8192] = bytes(4096)
    draft.write_bytes(data)
    with pytest.raises((StoreError, sqlite3.DatabaseError)):
        _check_copy(draft, database)
    draft.write_bytes(database.read_bytes())
    _check_copy(draft, database)
