"""Opening the SQLite database: settings that are set and read back, its schema made or brought up to date.

WAL with ``synchronous=FULL``: a commit is on disk before it returns. The writing connection alone checkpoints, every
thousand pages, right after a commit: more often costs rate, less often makes a stall of tens of milliseconds.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Column, Integer
from sqlalchemy.schema import CreateIndex, CreateTable

from acquirer.store import schema
from acquirer.store.location import StoreError
from acquirer.store.statements import DIALECT

CHECKPOINT_PAGES: Final = 1_000
LOG_BYTES: Final = 64 << 20  # what the log shrinks to after a slow reader has kept it from being put away
BUSY_S: Final = 5.0  # somebody's sqlite3 shell may hold the file for a moment
PREPARED: Final = 256  # statements kept by a connection: every shape of every hot one, and the queries

_FULL: Final = 2  # what PRAGMA synchronous reads back


def connect_writing(database: Path | None) -> sqlite3.Connection:
    """The one connection that writes, its schema up to date; None is a database in memory.

    Raises:
        StoreError: not a database, not ours, of another version, or on a drive that cannot do what we need.
    """
    try:
        connection = _connect(":memory:" if database is None else str(database))
    except sqlite3.Error as wrong:
        raise StoreError(f"{database} cannot be opened: {wrong}; choose a place you may write to") from None
    try:
        found = revision(connection)
        if found == "?":  # before anything of it is changed
            raise _foreign(database, found)
        if database is not None:
            _make_durable(connection, database)
        _prepare_schema(connection, database, found)
    except sqlite3.Error as wrong:
        connection.close()
        raise _explained(database, wrong) from None
    except StoreError:
        connection.close()
        raise
    return connection


def connect_reading(database: Path) -> sqlite3.Connection:
    """A connection that only reads: while a host serves, when none does, and after one was killed.

    An older store is read as it is: what it does not have yet is shown empty.

    Raises:
        StoreError: no such file, not ours, or of a later version.
    """
    connection, version = _opened(database)
    if version == schema.REVISION:
        return connection
    from acquirer.store.migrate import known  # alembic takes a fifth of a second to import

    if version not in known():
        connection.close()
        raise _foreign(database, version)
    _fill_up(connection)
    return connection


def _opened(database: Path) -> tuple[sqlite3.Connection, str]:
    """A store of any version for reading, and which one it is."""
    try:
        found = database.exists()
    except OSError as wrong:
        raise StoreError(f"{database} cannot be reached: {wrong.strerror}") from None
    if not found:
        raise StoreError(f"there is no store at {database}: start 'acquirer serve' once, or name the right one")
    try:
        connection = _reading(database)
        return connection, revision(connection)
    except sqlite3.Error as wrong:
        raise _explained(database, wrong) from None


def _fill_up(connection: sqlite3.Connection) -> None:
    """Put views of today's tables before those of an older store: the views are this connection's alone."""
    quoted = DIALECT.identifier_preparer.quote_identifier
    for table in schema.metadata.sorted_tables:
        there = {row[1] for row in connection.execute(f"PRAGMA main.table_info({quoted(table.name)})")}
        if lacking := set(table.columns.keys()) - there:
            columns = [f"{_empty(column)} AS " * (column.name in lacking) + quoted(column.name) for column in table.c]
            source = f"FROM main.{quoted(table.name)}" if there else "WHERE 0"
            connection.execute(f"CREATE TEMP VIEW {quoted(table.name)} AS SELECT {', '.join(columns)} {source}")


def _empty(column: Column[Any]) -> str:
    if column.nullable:
        return "NULL"
    return "0" if isinstance(column.type, Integer) else "''"


def connect_beside(database: Path) -> sqlite3.Connection:
    """A connection that writes what no host keeps in mind, while one may serve; it leaves checkpoints to the host.

    Raises:
        StoreError: no such file, not ours, of another version, or not to be written.
    """
    reading, version = _opened(database)  # says what may be wrong with it
    reading.close()
    if version != schema.REVISION:
        raise _foreign(database, version)
    try:
        connection = _connect(f"{database.absolute().as_uri()}?mode=rw", uri=True)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
    except sqlite3.Error as wrong:
        raise _explained(database, wrong) from None
    return connection


def _reading(database: Path) -> sqlite3.Connection:
    uri = database.absolute().as_uri()
    connection = _connect(f"{uri}?mode=ro", uri=True)
    try:
        connection.execute("SELECT 1 FROM sqlite_master")
    except sqlite3.OperationalError:
        # In a directory we may not write to, SQLite cannot make its shared index. Without a write-ahead log there is
        # none to share: everything is in the one file, and nobody is writing it.
        connection.close()
        if database.with_name(f"{database.name}-wal").exists():
            raise StoreError(
                f"{database} was not closed, and what its log still holds can only be read by somebody who may "
                f"write {database.parent}: read it as its owner, or start 'acquirer serve' on it once"
            ) from None
        return _connect(f"{uri}?mode=ro&immutable=1", uri=True)
    return connection


def revision(connection: sqlite3.Connection) -> str:
    """Which migration a database stands at; empty when it has no tables, ``"?"`` when they are not ours."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return ""
    if "alembic_version" not in tables:
        return "?"
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else "?"


def _connect(name: str, *, uri: bool = False) -> sqlite3.Connection:
    return sqlite3.connect(
        name,
        timeout=BUSY_S,
        isolation_level=None,  # transactions are ours: BEGIN IMMEDIATE, COMMIT
        check_same_thread=False,  # handed from the thread that opens to the one that writes
        cached_statements=PREPARED,
        uri=uri,
    )


def _make_durable(connection: sqlite3.Connection, database: Path) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    connection.execute("PRAGMA synchronous = FULL")  # some builds default to NORMAL, which forgets at a power cut
    (level,) = connection.execute("PRAGMA synchronous").fetchone()
    if mode != "wal" or level != _FULL:
        raise StoreError(
            f"{database}: SQLite cannot keep a write-ahead log there (journal {mode}, synchronous {level}); "
            "network drives cannot: choose a local one"
        )
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    connection.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")
    connection.execute("PRAGMA secure_delete = ON")  # what is deleted leaves no bytes behind


def _prepare_schema(connection: sqlite3.Connection, database: Path | None, found: str) -> None:
    if found == schema.REVISION:
        return
    if found == "":
        create(connection)
        return
    from acquirer.store.migrate import known, upgrade  # alembic takes a fifth of a second to import

    if found not in known():
        raise _foreign(database, found)
    upgrade(connection)


def create(connection: sqlite3.Connection) -> None:
    """Make all tables at once, as the migrations would have made them one by one."""
    connection.execute("BEGIN IMMEDIATE")
    for table in schema.metadata.sorted_tables:
        connection.execute(str(CreateTable(table).compile(dialect=DIALECT)))
        for index in table.indexes:
            connection.execute(str(CreateIndex(index).compile(dialect=DIALECT)))
    connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    connection.execute("INSERT INTO alembic_version VALUES (?)", (schema.REVISION,))
    connection.execute("COMMIT")


def _foreign(database: Path | None, found: str) -> StoreError:
    if found in ("", "?"):
        return StoreError(f"{database} is a database of another program: name another file")
    return StoreError(
        f"{database} is of version {found}, this program of {schema.REVISION}: use the program that wrote it, "
        "or start 'acquirer serve' once to bring an older one up to date"
    )


def _explained(database: Path | None, wrong: sqlite3.Error) -> StoreError:
    code = getattr(wrong, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_NOTADB:
        return StoreError(f"{database} is no SQLite database: name another file")
    if code == sqlite3.SQLITE_CORRUPT:
        return StoreError(f"{database} is damaged ({wrong}): put a backup back, or use a new store")
    return StoreError(f"{database} cannot be used: {wrong}")
