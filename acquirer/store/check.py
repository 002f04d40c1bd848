"""Looking at all of a store: its pages, tables, rows, images and keys; beside a serving host too, as of one moment."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from acquirer.data.text import plural
from acquirer.data.types import Row
from acquirer.errors import StoreError
from acquirer.model.rows import TerminalConfig
from acquirer.security.vault import Vault, VaultError
from acquirer.store import schema
from acquirer.store.database import connect_reading
from acquirer.store.journal_reader import JournalReader
from acquirer.store.journal_writer import SEGMENT_DESCRIPTION, last_number, next_segment
from acquirer.store.key_file import check_value, master_key, remembered_key
from acquirer.store.location import key_path
from acquirer.store.schema import (
    CARD,
    DETAIL,
    REMARK,
    SEGMENT,
    SESSION,
    SETTLEMENT,
    SIGNATURE,
    SIGNATURE_PART,
    TERMINAL,
    Relation,
    sql_name,
)
from acquirer.store.soundness import explained, meta_number, unpack_whole
from acquirer.store.statements import joined, query, select
from acquirer.store.transaction_rows import unpack_transaction
from acquirer.store.upkeep import existing
from acquirer.store.wide_journal import TABLE, WideJournal

PAGES_SHOWN: Final = 10
"""Of broken pages: the first ones say where it is, and a thousand say no more."""

_ROWS: Final[tuple[tuple[Relation, Callable[[Row], object]], ...]] = (
    (schema.terminal, TERMINAL.unpack),
    (schema.session, SESSION.unpack),
    (schema.transaction, unpack_transaction),
    (schema.transaction_form, tuple),
    (schema.card, CARD.unpack),
    (schema.signature, SIGNATURE.unpack),
    (schema.signature_part, SIGNATURE_PART.unpack),
    (schema.settlement, SETTLEMENT.unpack),
    (schema.detail, DETAIL.unpack),
    (schema.exchange_form, tuple),
    (schema.exchange_segment, tuple),
    (schema.delivery, tuple),
    (schema.remark, REMARK.unpack),
    (schema.reprint, tuple),
    (schema.blob, tuple),
)


@dataclass(slots=True)
class CheckResult:
    """What was found; each problem is a sentence."""

    version: str = ""
    rows: dict[str, int] = field(default_factory=dict)  # of each table
    problems: list[str] = field(default_factory=list)


def check_store(url: str) -> CheckResult:
    """Return what is wrong with a store.

    Raises:
        StoreError: there is no store on disk, or another program holds it: nothing can be said then.
    """
    database = existing(url)
    result = CheckResult()
    try:
        connection = connect_reading(database)
    except StoreError as exc:
        if exc.busy:
            raise
        result.problems.append(str(exc))
        return result
    with closing(connection):
        connection.execute("BEGIN")  # everything as of one moment
        for look in (_version, _pages, _indexes, _rows, _old_journal, _segments, _images, _numbers, _keys):
            try:
                result.problems += look(connection, database, result)
            except StoreError as exc:
                result.problems.append(str(exc))
            except sqlite3.Error as exc:
                result.problems.append(str(explained(database, exc)))
    result.problems = list(dict.fromkeys(result.problems))
    return result


def _version(connection: sqlite3.Connection, _database: Path, result: CheckResult) -> Iterator[str]:
    (result.version,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    yield from ()


def _pages(connection: sqlite3.Connection, database: Path, _result: CheckResult) -> Iterator[str]:
    for (found,) in connection.execute(f"PRAGMA main.integrity_check({PAGES_SHOWN})").fetchall():
        if found != "ok":
            yield f"{database}: {' '.join(str(found).split())}: put a backup back"


def _indexes(connection: sqlite3.Connection, database: Path, result: CheckResult) -> Iterator[str]:
    found = {name for (name,) in connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'index'")}
    for table in schema.TABLES if result.version == schema.REVISION else ():
        for index in table.indexes:
            if index.name not in found:
                yield f"{database}: index {index.name} of table {table.name} is missing: put a backup back"


def _rows(connection: sqlite3.Connection, database: Path, result: CheckResult) -> Iterator[str]:
    journal = JournalReader(lambda sql, *values: connection.execute(sql, values).fetchall(), database)
    for table, unpack in (*_ROWS, (schema.exchange, lambda row: journal.unpack((*row, None)))):
        bad, first = 0, ""
        result.rows[table.name] = 0
        for row in connection.execute(select(table)):
            result.rows[table.name] += 1
            try:
                unpack_whole(unpack, row, table, database)
            except StoreError as exc:
                bad, first = bad + 1, first or str(exc)
        if bad:
            yield f"{first} ({plural(bad, 'such row')})"


def _old_journal(connection: sqlite3.Connection, database: Path, result: CheckResult) -> Iterator[str]:
    """Each exchange of before version 0006 can be read."""
    columns = [name for _, name, *_ in connection.execute("PRAGMA main.table_info(journal)")]
    if not columns:
        return
    old = WideJournal(lambda sql, *values: connection.execute(sql, values).fetchall(), database, columns)
    found = list(old.check())
    problems = [one for one in found if isinstance(one, str)]
    result.rows[TABLE] = len(found)
    if problems:
        yield f"{problems[0]} ({plural(len(problems), 'such row')})"


def _segments(connection: sqlite3.Connection, database: Path, _result: CheckResult) -> Iterator[str]:
    """What is said of full segments of exchanges is so: else exchanges would not be found."""
    source = sql_name(schema.exchange.name)
    end = next_segment(connection) * SEGMENT
    there = connection.execute(query(SEGMENT_DESCRIPTION, source, ["id < ?"]) + " GROUP BY 2, form", (end,)).fetchall()
    described = connection.execute(select(schema.exchange_segment)).fetchall()
    if sorted(there) != sorted(described):
        yield f"{database}: table {schema.exchange_segment.name} does not say what is in the journal: put a backup back"


def _images(connection: sqlite3.Connection, database: Path, _result: CheckResult) -> Iterator[str]:
    """Each image is what its digest says, and each signature has its own."""
    for digest, data in connection.execute(select(schema.blob)):
        if not isinstance(data, bytes) or hashlib.sha256(data).hexdigest() != digest:
            yield f"{database}: image {digest} is not what was kept under this name: put a backup back"
    for part in ("digest", "png"):
        source = joined(schema.signature, schema.blob, part, "digest")
        missing = [f"{sql_name(schema.blob.name)}.digest IS NULL", f"{sql_name(schema.signature.name)}.{part} <> ''"]
        names = ", ".join([f"{sql_name(schema.signature.name)}.{name}" for name in ("tid", "batch", "stan", "number")])
        for tid, batch, stan, number in connection.execute(query(names, source, missing)):
            yield (
                f"{database}: signature {number} of terminal {tid}, batch {batch}, STAN {stan} lacks its image: "
                "put a backup back"
            )


def _numbers(connection: sqlite3.Connection, database: Path, _result: CheckResult) -> Iterator[str]:
    """The limit of reference numbers lies above those that were given out: else they would be given out again."""
    kept: dict[str, Any] = dict(connection.execute("SELECT name, value FROM main.meta").fetchall())
    if "rrn" not in kept:
        if last_number(connection.cursor()):
            yield f"{database}: rrn is missing in table meta: put a backup back"
        return
    limit = meta_number(str(kept["rrn"]), "rrn", database)
    ((last,),) = connection.execute(query("coalesce(max(rrn), '')", sql_name(schema.transaction.name))).fetchall()
    if last.isdecimal() and int(last) > limit:
        given = f"reference numbers up to {int(last)} were given out"
        yield f"{database}: {given}, table meta says {limit}: put a backup back"


def _keys(connection: sqlite3.Connection, database: Path, _result: CheckResult) -> Iterator[str]:
    """The key file is the store's own, and opens the keys of each terminal."""
    known = remembered_key(connection)
    key = master_key(database, make=False, known=known)
    if known != check_value(key):
        yield f"{key_path(database)} is not the key of {database}: put its own back"
        return
    vault = Vault(key)
    for row in connection.execute(select(schema.terminal)):
        try:
            config = unpack_whole(TERMINAL.unpack, row, schema.terminal, database)
        except StoreError:  # it has been named
            continue
        if not _opens(config, vault):
            yield f"{database}: the keys of terminal {config.tid} cannot be opened: register it anew"


def _opens(config: TerminalConfig, vault: Vault) -> bool:
    try:
        if config.tmk:
            vault.open_secret(f"tmk:{config.tid}", config.tmk)
        if config.bdk is not None:
            vault.open_secret(f"bdk:{config.tid}", config.bdk)
        if config.fixed_keys is not None:
            vault.open_keys(f"fixed:{config.tid}", config.fixed_keys)
    except (VaultError, ValueError):
        return False
    return True
