"""Opening the SQLite database: settings that are set and read back, its schema made or brought up to date.

WAL with ``synchronous=FULL``: a commit is on disk before it returns. The writing connection alone checkpoints, every
thousand pages, right after a commit: more often costs rate, less often makes a stall of tens of milliseconds. A process
that writes groups checkpoints beside them instead (`store.checkpoints`).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from acquirer.errors import StoreError
from acquirer.store import schema
from acquirer.store.location import check_companion, check_kind, key_path, make_private
from acquirer.store.schema import StoreTable, sql_name
from acquirer.store.soundness import check_opened, damaged, explained, missing_part
from acquirer.store.statements import query

CHECKPOINT_PAGES: Final = 1_000
LOG_BYTES: Final = 64 << 20  # what the log shrinks to after a slow reader has kept it from being put away
LOG_PAGES: Final = 16_000  # LOG_BYTES hold so many, with what the log says of each
BUSY_S: Final = 5.0  # a sqlite3 shell may hold the file for a moment
LOCK_WAIT_S: Final = 1.5  # for exchanges: less than what stops the reading of sockets (`group_committer.CONGESTED_S`)
LOCKED_WAIT_S: Final = 0.1  # once it is known that another program holds the file: every group tries again
PREPARED: Final = 256  # statements kept by a connection: every shape of those that write groups, and the queries

_FULL: Final = 2  # what PRAGMA synchronous reads back


def connect_writing(database: Path | None, *, check: bool = True) -> sqlite3.Connection:
    """Return the one connection that writes, its schema up to date; None is a database in memory.

    A new file is made readable by its owner alone, and SQLite gives its log the same mode.

    Args:
        check: whether its tables and pages are looked at; a host's process has done so before that of its writer.

    Raises:
        StoreError: not a database, not ours, damaged, of another version, or on a drive that cannot keep a write-ahead
            log.
    """
    new = database is None or not database.exists()
    if database is not None and new:
        make_private(database)
    try:
        connection = _connect(":memory:" if database is None else str(database))
    except sqlite3.Error as exc:
        raise StoreError(f"{database} cannot be opened: {exc}; choose a place you may write to") from None
    try:
        version = revision(connection)
        if version == "?" or (version == "" and not new):  # before anything of it is changed
            check_empty(connection, database, version)
        if database is not None:
            _make_durable(connection, database)
        _prepare_schema(connection, database, version)
        if check and not new:
            check_opened(connection, database)
    except sqlite3.Error as exc:
        connection.close()
        raise explained(database, exc) from None
    except StoreError:
        connection.close()
        raise
    return connection


def connect_reading(database: Path, wait_s: float = BUSY_S) -> sqlite3.Connection:
    """Return a connection that only reads: while a host serves, when none does, and after one was killed.

    An older store is read as it is: columns that it does not have yet are empty.

    Args:
        wait_s: how long each of its queries waits while another program holds the database.

    Raises:
        StoreError: no such file, not ours, damaged, or of a later version.
    """
    connection, version = _open(database)
    try:
        if version in ("", "?"):
            check_empty(connection, database, version)
        if version not in schema.REVISIONS:
            raise _unsupported(database, version)
        if what := missing_part(connection, of_any_version=version != schema.REVISION):
            raise damaged(database, what)
        if version != schema.REVISION:
            _add_views(connection)
        wait_when_busy(connection.cursor(), wait_s)
    except sqlite3.Error as exc:
        connection.close()
        raise explained(database, exc) from None
    except StoreError:
        connection.close()
        raise
    return connection


def _open(database: Path) -> tuple[sqlite3.Connection, str]:
    """Return a connection that reads a store of any version, and that version."""
    if not check_kind(database):
        raise StoreError(f"there is no store at {database}: start 'acquirer serve' once, or name the right one")
    for suffix in ("-wal", "-shm"):
        check_companion(database, suffix)
    try:
        connection = _connect_read_only(database)
        try:
            return connection, revision(connection)
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as exc:
        raise explained(database, exc) from None


def _add_views(connection: sqlite3.Connection) -> None:
    """Put views of today's tables before those of an older store; they exist for this connection alone."""
    for table in schema.RELATIONS:
        old = {row[1] for row in connection.execute(f"PRAGMA main.table_info({sql_name(table.name)})")}
        if set(table.names) <= old:
            continue
        former = schema.FORMER.get(table.name, {})
        columns = []
        for column in table.columns:
            name = column.name if column.name in old else former.get(column.name, "")
            columns.append(f"{sql_name(name) if name in old else schema.empty(column)} AS {sql_name(column.name)}")
        source = f"main.{sql_name(table.name)}" if old else "(SELECT 1) WHERE 0"
        connection.execute(f"CREATE TEMP VIEW {sql_name(table.name)} AS {query(', '.join(columns), source)}")


def connect_beside(database: Path, table: StoreTable) -> sqlite3.Connection:
    """Return a connection that writes one table that no host keeps in memory, while one may serve.

    It leaves checkpoints to the host. An older store is written as it is, if it has that table as it is today.

    Raises:
        StoreError: no such file, not ours, of a version without that table, or not to be written.
    """
    reading, version = _open(database)
    names = tuple(row[1] for row in reading.execute(f"PRAGMA table_info({sql_name(table.name)})"))
    reading.close()
    if version not in schema.REVISIONS or (names != table.names and version != schema.REVISION):
        raise _unsupported(database, version)
    if names != table.names:
        raise damaged(database, f"it has no table {table.name} as it should be")
    try:
        return connect_again(database)
    except sqlite3.Error as exc:
        raise explained(database, exc) from None


def connect_again(database: Path) -> sqlite3.Connection:
    """Return a connection that may write a store that is there, and checkpoints only when it is asked to."""
    connection = _connect(f"{database.absolute().as_uri()}?mode=rw", uri=True)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    return connection


def _connect_read_only(database: Path) -> sqlite3.Connection:
    uri = database.absolute().as_uri()
    connection = _connect(f"{uri}?mode=ro", uri=True)
    try:
        connection.execute("SELECT 1 FROM sqlite_master")
    except sqlite3.OperationalError as exc:
        if is_busy(exc):
            raise
        # In a directory we may not write to, SQLite cannot make its shared index. Without a write-ahead log there is
        # none to share: everything is in the one file, and no process writes it.
        connection.close()
        if not os.access(database, os.R_OK, effective_ids=os.access in os.supports_effective_ids):
            raise StoreError(f"{database} may not be read by this user: read it as its owner") from None
        if database.with_name(f"{database.name}-wal").exists():
            raise StoreError(
                f"{database} was not closed, and what its log still holds can only be read by a user who may "
                f"write {database.parent}: read it as its owner, or start 'acquirer serve' on it once"
            ) from None
        return _connect(f"{uri}?mode=ro&immutable=1", uri=True)
    return connection


def revision(connection: sqlite3.Connection) -> str:
    """Return which migration a database stands at; "" when it has no tables, ``"?"`` when they are not ours."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return ""
    if "alembic_version" not in tables:
        return "?"
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else "?"


def check_empty(connection: sqlite3.Connection, database: Path | None, version: str) -> None:
    """Return when a database may become a store: a file without tables that was never one.

    Raises:
        StoreError: it is another program's, or a store that was emptied.
    """
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if version == "?" and tables <= {table.name for table in schema.RELATIONS} | {"alembic_version"}:
        raise damaged(database, "it does not say which version it is of")
    if version == "?":
        raise StoreError(f"{database} is a database of another program: name another file")
    if database is not None and (key := key_path(database)).exists():
        raise StoreError(
            f"{database} is empty, but there is a key file {key}, so it held a store: put a backup back, "
            "or remove the empty file to begin a new store with that key"
        )


def is_busy(exc: sqlite3.Error) -> bool:
    """Return whether an error only means that another program holds the database."""
    return (getattr(exc, "sqlite_errorcode", 0) & 0xFF) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def wait_when_busy(cursor: sqlite3.Cursor, wait_s: float) -> None:
    """Have a connection wait so long while another program holds the database."""
    cursor.execute(f"PRAGMA busy_timeout = {int(wait_s * 1000)}").fetchall()


@contextmanager
def suppress_busy() -> Iterator[None]:
    """Leave out what another program that holds the database prevents."""
    try:
        yield
    except sqlite3.OperationalError as exc:
        if not is_busy(exc):
            raise


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


def _prepare_schema(connection: sqlite3.Connection, database: Path | None, version: str) -> None:
    if version == schema.REVISION:
        return
    if version == "":
        create(connection)
        return
    if version not in schema.REVISIONS:
        raise _unsupported(database, version)
    if what := missing_part(connection, of_any_version=True):  # before a migration stumbles over it
        raise damaged(database, what)
    from acquirer.store.migrate import upgrade  # SQLAlchemy and Alembic take half a second to import

    upgrade(connection)


def create(connection: sqlite3.Connection) -> None:
    """Make all tables at once, as the migrations would have made them one by one."""
    connection.execute("BEGIN IMMEDIATE")
    for table in schema.RELATIONS:
        for statement in table.create():
            connection.execute(statement)
    connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    connection.execute("INSERT INTO alembic_version VALUES (?)", (schema.REVISION,))
    connection.execute("COMMIT")


def _unsupported(database: Path | None, version: str) -> StoreError:
    if version == "":
        return StoreError(f"{database} is empty: start 'acquirer serve' on it once, or name the right one")
    if version in schema.REVISIONS:  # too old for what is wanted
        return StoreError(
            f"{database} is of version {version}, this program of {schema.REVISION}: start 'acquirer serve' once "
            "to bring it up to date"
        )
    return StoreError(
        f"{database} is of version {version}, this program knows up to {schema.REVISION}: a later one wrote it; "
        "install that one, put a backup from before it back, or name another store"
    )
