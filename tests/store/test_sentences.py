"""Whole sentences about stores that cannot be used: which file, what was found, what to do."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from acquirer.store import StoreError, open_reader, open_store, schema
from acquirer.store.backup import backup
from acquirer.store.database import BUSY_S, connect_beside, connect_reading, connect_writing
from acquirer.store.key_file import master_key
from acquirer.store.location import begins_anew, check_kind, make_private, readable_by_others, unusable
from acquirer.store.open_files import OpenFiles
from acquirer.store.soundness import damaged, explained
from acquirer.store.upkeep import existing, purge

DATABASE = Path("acquirer.db")


def sqlite_error(code: int, text: str) -> sqlite3.Error:
    exc = sqlite3.OperationalError(text)
    exc.sqlite_errorcode = code
    return exc


@pytest.mark.parametrize(
    ("database", "exc", "sentence"),
    [
        (DATABASE, sqlite_error(sqlite3.SQLITE_NOTADB, "file is not a database"),
         "acquirer.db is no SQLite database: name another file, or put a backup back"),
        (DATABASE, sqlite_error(sqlite3.SQLITE_CORRUPT, "database disk image is malformed"),
         "acquirer.db is damaged (database disk image is malformed): put a backup back, or use a new store"),
        (None, sqlite_error(sqlite3.SQLITE_ERROR, "no such table: card"),
         "the database is damaged (no such table: card): put a backup back, or use a new store"),
        (None, sqlite_error(sqlite3.SQLITE_ERROR, "no such column: rrn"),
         "the database is damaged (no such column: rrn): put a backup back, or use a new store"),
        (None, sqlite_error(sqlite3.SQLITE_ERROR, "table card has 3 columns"),
         "the database is damaged (table card has 3 columns): put a backup back, or use a new store"),
        (None, sqlite_error(sqlite3.SQLITE_ERROR, "malformed database schema"),
         "the database is damaged (malformed database schema): put a backup back, or use a new store"),
        (None, sqlite3.OperationalError("Could not decode to UTF-8 column 'why'"),
         "the database is damaged (Could not decode to UTF-8 column 'why'): put a backup back, or use a new store"),
        (None, sqlite3.OperationalError("Could not decode to UTF-8 column 'why' with text '\x1b[2J\nwith text 'x'"),
         "the database is damaged (Could not decode to UTF-8 column 'why'): put a backup back, or use a new store"),
        (DATABASE, sqlite_error(sqlite3.SQLITE_BUSY_RECOVERY, "database is locked"),
         "acquirer.db is held by another program (a transaction in a sqlite3 shell?): let it end first"),
        (None, sqlite_error(sqlite3.SQLITE_LOCKED, "database table is locked"),
         "the database is held by another program (a transaction in a sqlite3 shell?): let it end first"),
        (DATABASE, sqlite_error(sqlite3.SQLITE_FULL, "database or disk is full"),
         "acquirer.db cannot be used: database or disk is full"),
        (DATABASE, sqlite_error(sqlite3.SQLITE_READONLY, "table card is read only"),
         "acquirer.db cannot be used: table card is read only"),
    ],
)  # fmt: skip
def test_errors_of_sqlite(database: Path | None, exc: sqlite3.Error, sentence: str) -> None:
    assert str(explained(database, exc)) == sentence


def test_damage() -> None:
    sentence = "is damaged (it has no table card): put a backup back, or use a new store"
    assert str(damaged(DATABASE, "it has no table card")) == f"acquirer.db {sentence}"
    assert str(damaged(None, "it has no table card")) == f"the database {sentence}"


def test_places_that_cannot_be_used(tmp_path: Path) -> None:
    missing = tmp_path / "none" / "acquirer.db"
    there_is_none = f"{missing}: there is no directory {missing.parent}; make it first"
    assert str(unusable(missing, FileNotFoundError())) == there_is_none
    assert str(unusable(missing, NotADirectoryError())) == there_is_none
    assert str(unusable(DATABASE, FileNotFoundError())) == "acquirer.db: there is no directory .; make it first"
    refused = PermissionError(13, "Permission denied")
    sentence = "acquirer.db cannot be written: Permission denied; choose a place you may write to"
    assert str(unusable(DATABASE, refused)) == sentence
    with pytest.raises(StoreError) as exc:
        make_private(missing)
    assert str(exc.value) == there_is_none


def refusal(work: Callable[[], object]) -> str:
    with pytest.raises(StoreError) as exc:
        work()
    return str(exc.value)


def test_what_is_no_file(tmp_path: Path) -> None:
    assert refusal(lambda: check_kind(tmp_path)) == f"{tmp_path} is a directory: name a file for the store"
    device = Path(os.devnull)
    assert refusal(lambda: check_kind(device)) == f"{device} is a device: name a file for the store"
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert refusal(lambda: check_kind(pipe)) == f"{pipe} is a named pipe: name a file for the store"
    long = tmp_path / ("a" * 300)
    assert refusal(lambda: check_kind(long)) == f"{long} cannot be reached: File name too long"
    assert not check_kind(tmp_path / "none")
    (tmp_path / "file").touch()
    assert check_kind(tmp_path / "file")


def test_key_files(tmp_path: Path) -> None:
    database = tmp_path / "acquirer.db"
    key = tmp_path / "acquirer.db.key"
    assert refusal(lambda: master_key(database, make=False)) == (
        f"{key} is missing: without it the keys in {database} cannot be opened; put it back, or use a new store"
    )
    holds_no_key = f"{key} holds no key: expected 64 hex digits; put the right file back"
    for text in ("", "00" * 31, "00" * 33, "XY" * 32):
        key.write_text(text, encoding="ascii")
        assert refusal(lambda: master_key(database, make=True)) == holds_no_key
    for data in (b"\xff", "é".encode()):
        key.write_bytes(data)
        assert refusal(lambda: master_key(database, make=True)) == holds_no_key
    key.write_text(f" {'0A' * 32}\n", encoding="ascii")
    assert master_key(database, make=True) == b"\x0a" * 32


def test_key_files_that_others_may_read(tmp_path: Path) -> None:
    key = tmp_path / "acquirer.db.key"
    url = f"sqlite:///{tmp_path / 'acquirer.db'}"
    assert (readable_by_others("memory:"), readable_by_others(url)) == ("", "")
    key.touch()
    for mode in (0o600, 0o400, 0o700):
        key.chmod(mode)
        assert readable_by_others(url) == ""
    for mode, text in ((0o640, "0640"), (0o604, "0604"), (0o610, "0610")):
        key.chmod(mode)
        sentence = f"{key} has mode {text}, but it opens every key of the store: chmod 600 {key}"
        assert readable_by_others(url) == sentence


def test_a_database_that_is_missing_beside_its_key(tmp_path: Path) -> None:
    database, key = tmp_path / "acquirer.db", tmp_path / "acquirer.db.key"
    url = f"sqlite:///{database}"
    assert (begins_anew("memory:"), begins_anew(url)) == ("", "")
    key.touch()
    assert begins_anew(url) == (
        f"{database} was not there, though its key file is: a new store was begun; if it held one, put a backup back"
    )
    database.touch()
    assert begins_anew(url) == ""


def test_a_file_that_goes_away(tmp_path: Path) -> None:
    database = tmp_path / "acquirer.db"
    for suffix in ("", "-wal"):
        (tmp_path / f"acquirer.db{suffix}").touch()
    files = OpenFiles(database, "", "-wal", ".lock")
    assert files.gone() == ""
    (tmp_path / "acquirer.db-wal").unlink()
    sentence = (
        f"{database}-wal was removed or replaced while the store was in use: put it back as it was, or put a backup "
        "back, before you start again"
    )
    assert files.gone() == sentence
    (tmp_path / "acquirer.db-wal").touch()
    database.unlink()
    assert files.gone() == sentence.replace("acquirer.db-wal was", "acquirer.db was")


@pytest.fixture
def used(tmp_path: Path) -> Path:
    """A store that was used and closed."""
    database = tmp_path / "acquirer.db"
    open_store(f"sqlite:///{database}").close()
    return database


def change(database: Path, statement: str) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute(statement)


def test_databases_of_others_and_of_other_versions(used: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    change(other, "CREATE TABLE somewhere (else_ INTEGER)")
    assert refusal(lambda: connect_writing(other)) == f"{other} is a database of another program: name another file"
    change(used, "UPDATE alembic_version SET version_num = '0099'")
    sentence = (
        f"{used} is of version 0099, this program knows up to {schema.REVISION}: a later one wrote it; install that "
        "one, put a backup from before it back, or name another store"
    )
    assert refusal(lambda: connect_writing(used)) == sentence
    assert refusal(lambda: connect_reading(used)) == sentence
    change(used, "DELETE FROM alembic_version")
    assert refusal(lambda: connect_writing(used)) == (
        f"{used} is damaged (it does not say which version it is of): put a backup back, or use a new store"
    )
    used.write_bytes(b"")
    assert refusal(lambda: connect_writing(used)) == (
        f"{used} is empty, but there is a key file {used}.key, so it held a store: put a backup back, or remove the "
        "empty file to begin a new store with that key"
    )
    used.with_name("acquirer.db.key").unlink()
    assert refusal(lambda: connect_reading(used)) == (
        f"{used} is empty: start 'acquirer serve' on it once, or name the right one"
    )


def test_a_version_that_is_too_old_for_what_is_wanted(used: Path) -> None:
    change(used, "UPDATE alembic_version SET version_num = '0001'")
    change(used, "DROP TABLE reprint")
    assert refusal(lambda: connect_beside(used, schema.reprint)) == (
        f"{used} is of version 0001, this program of {schema.REVISION}: start 'acquirer serve' once to bring it up to "
        "date"
    )
    change(used, f"UPDATE alembic_version SET version_num = '{schema.REVISION}'")
    assert refusal(lambda: connect_beside(used, schema.reprint)) == (
        f"{used} is damaged (it has no table reprint as it should be): put a backup back, or use a new store"
    )


def test_stores_that_are_not_there(tmp_path: Path) -> None:
    missing = tmp_path / "acquirer.db"
    assert refusal(lambda: existing("memory:")) == "a memory: store ends with its process: name a sqlite: store"
    assert refusal(lambda: existing(f"sqlite:///{missing}")) == f"there is no store at {missing}: name the right one"
    for url in ("sqlite:///", "sqlite:///:memory:", "sqlite:///a.db?x=1", "postgres://a"):
        assert refusal(lambda url=url: open_store(url)) == (  # type: ignore[misc]
            f"unsupported store {url!r}: use memory:, sqlite:///relative.db or sqlite:////absolute.db"
        )


def test_tables_that_are_gone(used: Path) -> None:
    change(used, "ALTER TABLE card RENAME COLUMN day TO other")
    sentence = f"{used} is damaged (table card has no column day): put a backup back, or use a new store"
    assert refusal(lambda: connect_writing(used)) == sentence
    change(used, "DROP TABLE card")
    sentence = f"{used} is damaged (it has no table card): put a backup back, or use a new store"
    assert refusal(lambda: connect_writing(used)) == sentence
    assert refusal(lambda: open_store(f"sqlite:///{used}")) == sentence


def test_a_store_that_cannot_be_opened_gives_its_lock_back(used: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object) -> None:
        raise sqlite_error(sqlite3.SQLITE_BUSY, "database is locked")

    with monkeypatch.context() as patch:
        patch.setattr("acquirer.store.sqlite.DirectWriter", busy)
        sentence = f"{used} is held by another program (a transaction in a sqlite3 shell?): let it end first"
        assert refusal(lambda: open_store(f"sqlite:///{used}")) == sentence
    open_store(f"sqlite:///{used}").close()


def test_a_backup_that_finds_no_room(used: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url, target = f"sqlite:///{used}", tmp_path / "backup.db"

    def failing(code: int, text: str) -> str:
        def check(*_: object) -> None:
            raise sqlite_error(code, text)

        with monkeypatch.context() as patch:
            patch.setattr("acquirer.store.backup._check_copy", check)
            return refusal(lambda: backup(url, target))

    full = "database or disk is full"
    assert failing(sqlite3.SQLITE_FULL, full) == f"{target} cannot be used: {full}"
    assert failing(sqlite3.SQLITE_IOERR_WRITE, "disk I/O error") == f"{target} cannot be used: disk I/O error"
    assert failing(sqlite3.SQLITE_ERROR, "odd") == f"{used} cannot be used: odd"
    assert not target.exists()


def test_a_purge_of_a_store_that_another_program_holds(used: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object) -> int:
        raise sqlite_error(sqlite3.SQLITE_BUSY, "database is locked")

    monkeypatch.setattr("acquirer.store.upkeep.delete_unused", busy)
    sentence = f"{used} is held by another program (a transaction in a sqlite3 shell?): let it end first"
    assert refusal(lambda: purge(f"sqlite:///{used}", 0, 1)) == sentence


def test_how_a_writing_connection_is_set(used: Path) -> None:
    with closing(connect_writing(used)) as connection:
        settings = [
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "wal_autocheckpoint", "journal_size_limit", "secure_delete",
                         "busy_timeout")
        ]  # fmt: skip
        assert settings == ["wal", 2, 1000, 64 << 20, 1, int(BUSY_S * 1000)]
        assert connection.isolation_level is None
    with closing(connect_beside(used, schema.reprint)) as connection:
        settings = [
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "wal_autocheckpoint")
        ]
        assert settings == [2, 0]


def test_terminal_numbers_are_listed_in_order(used: Path) -> None:
    for tid in ("3", "1", "2"):
        change(used, f"INSERT INTO terminal (tid, {_others()}) VALUES ('{tid}', {_empty()})")
    with open_reader(f"sqlite:///{used}") as reader:
        assert reader.terminal_numbers() == ["1", "2", "3"]


def _others() -> str:
    return ", ".join(schema.sql_name(column.name) for column in schema.terminal.columns if column.name != "tid")


def _empty() -> str:
    return ", ".join(schema.empty(column) for column in schema.terminal.columns if column.name != "tid")
