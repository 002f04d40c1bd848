"""Stores that are damaged: each is one sentence that says what to do, for a host and for every command that reads."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from acquirer import cli
from acquirer.model.columns import Column
from acquirer.model.effects import Changes, Load, LoadCard, LoadOriginal
from acquirer.model.rows import Card, Transaction, TransactionKey
from acquirer.store import StoreError, open_reader, open_store, schema, soundness
from acquirer.store.direct_writer import DirectWriter
from acquirer.store.soundness import explained, meta_number, misfit

TID = "10000161"
KEY = TransactionKey("880210010210162", TID, "000001", "000001")

READING = [
    ("journal", "list"),
    ("journal", "show", "1"),
    ("terminals", "list"),
    ("terminals", "show", TID),
    ("signatures", "list"),
    ("signatures", "unsigned"),
    ("receipt", "--tid", TID, "--stan", "000001"),
]


@pytest.fixture
def used(opened, url, exchange):
    """A store that has seen a sale, closed."""
    client = opened()
    sale = Transaction(KEY, kind="sale", amount_minor=5, rrn="000000000001", used_us=1, at_us=1)
    client.store.load(Load(TID))
    client.commit(Changes(exchange(tid=TID), client.session(), sale, card=Card("c" * 32)))
    client.close()
    return url


def run(database: Path, *statements: str) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def spoil_pages(database: Path) -> None:
    data = bytearray(database.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    database.write_bytes(data)


def overwrite(database: Path) -> None:
    database.write_bytes(b"no database " * 1000)


BACKUP = "put a backup back"

DAMAGE: dict[str, tuple[Callable[[Path], None], str]] = {
    "emptied": (lambda path: os.truncate(path, 0), r"acquirer\.db is empty, but there is a key file"),
    "cut to a part of a page": (lambda path: os.truncate(path, 100), "is no SQLite database|is damaged"),
    "cut to a page": (lambda path: os.truncate(path, 4096), r"is damaged \("),
    "cut in half": (lambda path: os.truncate(path, path.stat().st_size // 2), r"is damaged \("),
    "pages overwritten": (spoil_pages, r"is damaged \("),
    "overwritten": (overwrite, "is no SQLite database"),
    "no version": (lambda path: run(path, "DELETE FROM alembic_version"), "does not say which version"),
    "no table of the version": (lambda path: run(path, "DROP TABLE alembic_version"), "does not say which version"),
    **{
        f"no table {name}": (
            lambda path, name=name: run(path, f'DROP TABLE "{name}"'),  # type: ignore[misc]
            rf"is damaged \(it has no table {name}\)",
        )
        for name in (
            "meta",
            "exchange",
            "exchange_form",
            "terminal",
            "session",
            "transaction_row",
            "transaction_form",
            "card",
            "signature",
            "blob",
            "delivery",
        )
    },
    "no column": (
        lambda path: run(path, "ALTER TABLE exchange DROP COLUMN data"),
        r"is damaged \(table exchange has no column data\)",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("opening", [open_store, open_reader])
def test_a_damaged_store_is_not_opened(used, database, opening, damage):
    spoil, sentence = DAMAGE[damage]
    spoil(database)
    with pytest.raises(StoreError, match=sentence) as refused:
        opening(used)
    assert BACKUP in str(refused.value)
    assert "Error" not in str(refused.value)


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["emptied", "cut in half", "pages overwritten", "no table exchange", "no version"])
def test_every_command_that_reads_says_so_in_one_sentence(used, database, damage, capsys):
    spoil, _ = DAMAGE[damage]
    spoil(database)
    for words in (*READING, ("serve", "--listen", "127.0.0.1:0")):
        assert cli.run([*words, "--store", used]) == 2, words
        shown = capsys.readouterr()
        assert (shown.out, shown.err.count("\n")) == ("", 1), words
        assert BACKUP in shown.err


def test_an_older_store_without_a_table_is_damaged_too(tmp_path):
    database = tmp_path / "old.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(Path(__file__).with_name("v0001.sql").read_text(encoding="utf-8"))
    open_reader(f"sqlite:///{database}").close()
    run(database, "DROP TABLE journal")
    for opening in (open_reader, open_store):
        with pytest.raises(StoreError, match=r"is damaged \(.*journal.*\): put a backup back"):
            opening(f"sqlite:///{database}")


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE meta SET value = 'many' WHERE name = 'rrn'", "rrn in table meta is str 'many'"),
        ("UPDATE meta SET value = '-1' WHERE name = 'rrn'", "rrn in table meta is str '-1'"),
        ("UPDATE meta SET value = '99999999999999999999' WHERE name = 'rrn'", "rrn in table meta is str '9"),
        ("DELETE FROM meta WHERE name = 'rrn'", "rrn is missing in table meta"),
        ("DELETE FROM meta WHERE name = 'vault'", "it does not say which key file is its own"),
        ("UPDATE meta SET value = x'ff' WHERE name = 'rrn'", "rrn in table meta is str"),
    ],
)
def test_a_bad_row_of_what_the_store_keeps_about_itself(used, database, statement, sentence):
    run(database, statement)
    with pytest.raises(StoreError) as refused:
        open_store(used)
    assert f"is damaged ({sentence}" in str(refused.value)
    assert BACKUP in str(refused.value)
    open_reader(used).close()  # what is there can be read


def test_numbers_of_the_store_itself():
    assert (meta_number("", "rrn", None), meta_number("0012", "rrn", None)) == (0, 12)
    with pytest.raises(StoreError, match=r"the database is damaged \(rrn in table meta is str '１'\)"):
        meta_number("１", "rrn", None)


@pytest.mark.parametrize(
    ("statement", "row"),
    [
        ("UPDATE session SET batch = x'05'", "session: batch holds 1 bytes"),
        ("UPDATE terminal SET name = x'ff'", "terminal: name holds 1 bytes"),
        ("UPDATE session SET signed_on_count = 'x'", "session: signed_on_count holds str 'x'"),
    ],
)
def test_a_row_of_a_terminal_that_no_host_writes_stops_host_and_reader(used, database, statement, row):
    run(database, statement)
    store = open_store(used)
    with pytest.raises(StoreError, match=BACKUP) as refused:
        store.load(Load(TID))
    assert row in str(refused.value)
    assert str(refused.value) == store.fatal_error
    store.close()
    with open_reader(used) as reader, pytest.raises(StoreError, match=BACKUP) as refused:
        reader.terminals()
    assert row in str(refused.value)


def test_other_rows_that_no_host_writes(used, database, capsys):
    run(
        database,
        "UPDATE transaction_form SET reply_elements = '{'",
        "UPDATE card SET spent_minor = 'much'",
        "UPDATE exchange SET data = 'x'",
    )
    store = open_store(used)
    for load in (
        lambda: store.load(Load(TID, KEY)),
        lambda: store.load_original(LoadOriginal(KEY.mid, KEY)),
        lambda: store.load_card(LoadCard("c" * 32)),
    ):
        with pytest.raises(StoreError, match=r"is damaged \(a row of table .*\): put a backup back"):
            load()
    store.close()
    with open_reader(used) as reader:
        for read in (reader.transactions, reader.exchanges, lambda: reader.exchange(1)):
            with pytest.raises(StoreError, match=r"is damaged \(a row of table .*\): put a backup back"):
                read()
    for words in (("journal", "list"), ("journal", "show", "1")):
        assert cli.run([*words, "--store", used]) == 2
        assert BACKUP in capsys.readouterr().err


def test_a_page_that_is_found_damaged_while_a_host_serves(used, database, monkeypatch):
    """One in a database that is too large to be looked at as a whole when it is opened."""
    monkeypatch.setattr(soundness, "CHECKED_AT_START_BYTES", 0)
    with closing(sqlite3.connect(database)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'transaction_row'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with database.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xa5" * size)
    store = open_store(used)
    with pytest.raises(StoreError, match=r"acquirer\.db is damaged \(database disk image is malformed\): put a backup"):
        store.load(Load(TID, KEY))
    assert "cannot be read any more" in store.fatal_error
    store.close()
    monkeypatch.undo()
    with pytest.raises(StoreError, match=r"is damaged \(\*\*\* in database main"):
        open_store(used)


def test_a_store_that_another_program_holds_for_good_is_not_opened(used, database, monkeypatch):
    monkeypatch.setattr("acquirer.store.database.BUSY_S", 0.01)
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("CREATE TABLE x (y)")
        for opening in (open_store, open_reader):
            with pytest.raises(StoreError, match="is held by another program"):
                opening(used)
        other.execute("ROLLBACK")
    open_store(used).close()


@pytest.mark.interpreted
def test_registering_while_another_program_holds_the_database(used, database, monkeypatch, capsys):
    words = ["terminals", "add", "--tid", "10000163", "--mid", KEY.mid, "--tmk", "258FB0AB70D025CDB99DF2C4D302D646"]
    monkeypatch.setattr(DirectWriter.transact, "__defaults__", (0.01,))
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert cli.run([*words, "--store", used]) == 2
    shown = capsys.readouterr()
    assert "is held by another program" in shown.err
    assert shown.err.count("\n") == 1
    assert cli.run([*words, "--store", used]) == 0


@pytest.mark.parametrize(
    ("row", "found"),
    [
        (("approved", 0), ""),
        (("odd", 0), "state holds str 'odd'"),
        (("", 0), "state holds str ''"),
        (("declined", soundness.LATEST_US), ""),
        (("declined", -1), "at_us holds -1, and is a time"),
        (("declined", soundness.LATEST_US + 1), "at_us holds 253370764800000001, and is a time"),
    ],
)
def test_words_and_times_that_no_host_writes(row, found):
    state = next(one for one in schema.transaction.columns if one.name == "state")
    assert misfit((state, Column("at_us", "INTEGER")), row) == found


@pytest.mark.parametrize(
    ("row", "found"),
    [
        (("x", 1, None), ""),
        (("x", 1, b"\0"), ""),
        ((1, 1, None), "a holds int '1'"),
        (("x", 1.5, None), "b holds float '1.5'"),
        (("x", None, None), "b holds nothing"),
        (("x", 1, "y"), "c holds str 'y'"),
        ((b"123", 1, "y"), "a holds 3 bytes"),
    ],
)
def test_what_a_column_cannot_hold(row, found):
    assert misfit((Column("a", "TEXT"), Column("b", "INTEGER"), Column("c", "BLOB", nullable=True)), row) == found


def test_other_errors_keep_their_words():
    with pytest.raises(sqlite3.OperationalError) as error, closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("SELECT FROM")
    assert str(explained(None, error.value)) == 'the database cannot be used: near "FROM": syntax error'
