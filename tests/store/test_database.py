"""Opening databases: durable settings, versions, files of other programs, reading where writing is not allowed."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.model.columns import row_format
from acquirer.model.rows import Transaction, TransactionKey
from acquirer.store import StoreError, migrations, open_reader, open_store, schema
from acquirer.store.database import connect_reading, connect_writing, create, revision
from acquirer.store.migrate import upgrade
from acquirer.store.schema import TRANSACTION, listed
from acquirer.store.soundness import unpack_whole
from acquirer.store.statements import select
from acquirer.store.transaction_rows import TransactionRows, unpack_transaction

TEXTS = st.sampled_from(["00", "000000000001", "A00001", "1130", 'a\x1fb\n"', ""])


def objects(connection: sqlite3.Connection, but: str = "") -> set[tuple[str, ...]]:
    """Every table and index with every column, but those of one table; how a statement is laid out does not count."""
    found = set()
    for kind, name, table in connection.execute("SELECT type, name, tbl_name FROM sqlite_master"):
        for column in connection.execute(f"SELECT * FROM pragma_table_xinfo('{table}')"):
            found.add((kind, name, table, *map(str, column)))
        for column in connection.execute(f"SELECT * FROM pragma_index_xinfo('{name}')"):
            found.add((kind, name, "index", *map(str, column)))
    for name, without_rowid in connection.execute("SELECT name, wr FROM pragma_table_list WHERE schema = 'main'"):
        found.add((name, str(without_rowid)))
    return {one for one in found if but not in one} if but else found


@pytest.fixture
def fresh() -> Iterator[sqlite3.Connection]:
    """A new database of this version, not opened by a store."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    create(connection)
    yield connection
    connection.close()


@pytest.mark.slow
@pytest.mark.parametrize("version", ["", *schema.REVISIONS])
def test_an_upgrade_from_any_released_version_makes_the_tables_of_today(version, fresh):
    old = sqlite3.connect(":memory:", isolation_level=None)
    if version:
        upgrade(old, version)
        assert revision(old) == version
    upgrade(old)
    assert objects(old) == objects(fresh)
    assert revision(old) == revision(fresh) == schema.REVISION
    old.close()


def test_every_migration_is_a_version_that_can_be_opened():
    versions = (Path(migrations.__file__).parent / "versions").glob("v*.py")
    assert tuple(sorted(path.name[1:5] for path in versions)) == schema.REVISIONS


@pytest.fixture(params=["0001", "0.1"])
def released(request, tmp_path) -> Iterator[sqlite3.Connection]:
    """A database that a released program wrote, as it was left."""
    connection = sqlite3.connect(tmp_path / "released.db", isolation_level=None)
    if request.param == "0001":
        connection.executescript(Path(__file__).with_name("v0001.sql").read_text(encoding="utf-8"))
    else:
        connection.close()
        shutil.copy(Path(__file__).parents[1] / "v01" / "store" / "acquirer.db", tmp_path / "released.db")
        connection = sqlite3.connect(tmp_path / "released.db", isolation_level=None)
    yield connection
    connection.close()


def test_an_upgraded_database_is_as_a_new_one_and_keeps_every_row(released, fresh):
    def counts() -> dict[str, int]:
        tables = [name for (name,) in released.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {name: released.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}
        return {"transactions" if name == "transaction_row" else name: count for name, count in found.items()}

    def sales() -> list[Transaction]:
        path = released.execute("PRAGMA database_list").fetchone()[2]
        with open_reader(f"sqlite:///{path}") as reader:
            return reader.transactions()

    before, sales_before = counts(), sales()
    terminals = released.execute("SELECT tid, mid, tmk, tmk_kcv, required FROM terminal").fetchall()
    upgrade(released)
    assert objects(released, but="journal") == objects(fresh)
    after = counts()
    assert {name: after[name] for name in before} == before
    assert sales() == sales_before
    assert len(sales_before) > 1
    assert all("code" in one.reply_elements or one.state == "tombstone" for one in sales_before)
    assert all(one.used_us == one.at_us for one in sales_before)
    assert released.execute(
        "SELECT DISTINCT mti, original_tid, original_batch, original_stan, refunded_minor FROM transactions"
    ).fetchall() == [("", "", "", "", 0)]
    assert released.execute("SELECT tid, mid, tmk, tmk_kcv, required FROM terminal").fetchall() == terminals
    assert released.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


WIDE = row_format(Transaction)
"""How a transaction was kept until version 0008."""


@given(
    st.lists(
        st.builds(
            Transaction,
            st.builds(TransactionKey, *[st.text("0123", min_size=1, max_size=2)] * 4),
            state=st.sampled_from(["approved", "reversed"]),
            rrn=st.sampled_from(["", "000000000001"]),
            auth_id=st.sampled_from(["", "A00001"]),
            business_date=st.sampled_from(["20261130", "20261201"]),
            reply_elements=st.dictionaries(st.sampled_from(["code", "time", "date", "rrn", "auth_id", "银联"]), TEXTS),
            reversal_elements=st.dictionaries(st.sampled_from(["code", "settlement_date", "rrn"]), TEXTS),
        ),
        unique_by=lambda one: one.key,
    )
)
@pytest.mark.slow
def test_transactions_of_wide_rows_are_the_same_in_narrow_ones(sales):
    connection = sqlite3.connect(":memory:", isolation_level=None)
    upgrade(connection, "0008")
    wide = f"INSERT INTO transactions ({listed(column.name for column in WIDE.columns)}) VALUES"
    for one in sales:
        connection.execute(f"{wide} ({', '.join('?' * len(WIDE.columns))})", WIDE.pack(one))
    upgrade(connection)

    def forms() -> list[tuple[object, ...]]:
        return connection.execute("SELECT * FROM transaction_form ORDER BY id").fetchall()

    written = forms()
    found = {row.key: row for row in map(unpack_transaction, connection.execute(select(schema.transaction)))}
    assert found == {one.key: replace(one, version=1) for one in sales}
    rows = [TRANSACTION.pack(one) for one in found.values()]
    assert TransactionRows().write(connection.cursor(), rows) == len(rows)
    assert forms() == written, "what is written today shares the forms of what was copied"
    connection.close()


def test_a_transaction_whose_elements_are_none_stays_damaged(database):
    connection = sqlite3.connect(database, isolation_level=None)
    upgrade(connection, "0008")
    wide = f"INSERT INTO transactions ({listed(column.name for column in WIDE.columns)}) VALUES"
    for number, elements in enumerate(["{", "7", '{"rrn":7}', "[" * 5000]):
        row = WIDE.pack(Transaction(TransactionKey("m", "t", "b", str(number))))
        values = [
            elements if column.name == "reply_elements" else value
            for column, value in zip(WIDE.columns, row, strict=True)
        ]
        connection.execute(f"{wide} ({', '.join('?' * len(WIDE.columns))})", values)
    upgrade(connection)
    for row in connection.execute(select(schema.transaction)).fetchall():
        with pytest.raises(StoreError, match="a row of table transactions"):
            unpack_whole(unpack_transaction, row, schema.transaction, database)
    connection.close()


def test_a_commit_is_on_disk_before_it_returns(database):
    connection = connect_writing(database)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA secure_delete").fetchone() == (1,)
    connection.close()


def test_a_reader_cannot_write(database):
    connect_writing(database).close()
    reader = connect_reading(database)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("DELETE FROM exchange")
    reader.close()


def test_reading_creates_no_file(url, database):
    with pytest.raises(StoreError, match="there is no store at"):
        open_reader(url)
    assert not database.exists()


def test_a_store_in_memory_cannot_be_read_by_others():
    with pytest.raises(StoreError, match="ends with its process"):
        open_reader("memory:")


def set_version(database: Path, version: str) -> None:
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("UPDATE alembic_version SET version_num = ?", (version,))
    connection.close()


@pytest.mark.parametrize("opening", [open_store, open_reader])
def test_a_database_of_a_later_program_is_refused(opening, url, database):
    open_store(url).close()
    set_version(database, "9999")
    with pytest.raises(
        StoreError,
        match=rf"is of version 9999, this program knows up to {schema.REVISION}: a later one wrote it; install that",
    ):
        opening(url)
    set_version(database, schema.REVISION)
    opening(url).close()  # the refused attempt left no lock behind


@pytest.mark.parametrize("opening", [open_store, open_reader])
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"this is no database, it only has its name" * 100, "is no SQLite database: name another file"),
        ("CREATE TABLE theirs (x)", "is a database of another program: name another file"),
    ],
)
def test_files_of_others_are_refused_and_left_alone(opening, content, sentence, url, database):
    if isinstance(content, bytes):
        database.write_bytes(content)
    else:
        other = sqlite3.connect(database)
        other.execute(content)
        other.close()
    before = database.read_bytes()
    with pytest.raises(StoreError, match=sentence):
        opening(url)
    assert database.read_bytes() == before
    assert not database.with_name("acquirer.db.key").exists()


def test_a_damaged_database_is_named(url, database):
    open_store(url).close()
    data = bytearray(database.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    database.write_bytes(data)
    with pytest.raises(StoreError, match=r"acquirer\.db is damaged .*: put a backup back, or use a new store"):
        open_store(url)


@pytest.fixture
def public():
    """A directory that others may look into."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory)
        path.chmod(0o755)
        yield path
        path.chmod(0o755)


@contextmanager
def as_a_stranger(directory: Path) -> Iterator[None]:
    """Run as a user who may read `directory` and its files and not write them; root has to become another user."""
    for path in directory.iterdir():
        if path.is_file():
            path.chmod(0o644)
    directory.chmod(0o555)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_a_closed_store_is_read_where_one_may_not_write(opened, public):
    url = f"sqlite:///{public}/acquirer.db"
    client = opened(url)
    client.sign_on()
    client.store.close()
    with as_a_stranger(public), open_reader(url) as reader:
        assert (len(reader.terminals()), len(reader.exchanges())) == (2, 1)


def test_a_served_store_is_read_where_one_may_not_write(opened, public):
    url = f"sqlite:///{public}/acquirer.db"
    client = opened(url)
    client.sign_on()
    with as_a_stranger(public), open_reader(url) as reader:
        assert len(reader.exchanges()) == 1
    client.sign_on()


def test_a_killed_store_says_who_can_read_it(opened, public):
    url = f"sqlite:///{public}/acquirer.db"
    client = opened(url)
    client.sign_on()
    (public / "killed").mkdir()
    for name in ("acquirer.db", "acquirer.db-wal"):
        shutil.copy(public / name, public / "killed" / name)  # as a kill leaves it, or a copy taken too early
    with as_a_stranger(public / "killed"), pytest.raises(StoreError, match="was not closed"):
        open_reader(f"sqlite:///{public}/killed/acquirer.db")


def test_a_store_where_one_may_not_write_is_refused(public):
    with (
        as_a_stranger(public),
        pytest.raises(StoreError, match=r"cannot be written: Permission denied; choose a place"),
    ):
        open_store(f"sqlite:///{public}/acquirer.db")
