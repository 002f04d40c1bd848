"""Whether a database is whole: what is looked at whenever one is opened, and sentences about one that is not.

SQLite finds damage where it reads, and keeps any kind of value in any column. So an opened database is looked at
before it is used: are its tables there, do its pages hang together (as far as that takes no time that anyone notices),
does each row hold what its columns say. `acquirer store check` looks at everything.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

from acquirer.data.types import Row
from acquirer.errors import StoreError
from acquirer.model.columns import Column
from acquirer.store import schema
from acquirer.store.schema import Relation

T = TypeVar("T")

CHECKED_AT_START_BYTES: Final = 32 << 20
"""Databases up to this size have all their pages checked when a host opens them: that takes a tenth of a second."""

LATEST_US: Final = 253_370_764_800_000_000
"""The year 9999: later times are no dates of Python."""

_KINDS: Final = {"TEXT": str, "INTEGER": int, "BLOB": bytes}

_LATER_TABLES: Final = frozenset(
    {
        *("signature", "signature_part", "blob", "reprint", "exchange", "exchange_form", "exchange_segment"),
        *("settlement", "detail", "transaction_row", "transaction_form", "remark"),
    }
)
"""Tables that the first version did not have."""


def damaged(database: Path | None, what: str) -> StoreError:
    """Return the error that says what is wrong with a database, and what to do."""
    return StoreError(f"{database or 'the database'} is damaged ({what}): put a backup back, or use a new store")


def explained(database: Path | None, exc: sqlite3.Error) -> StoreError:
    """Return what an error of SQLite means for a database, and what to do."""
    name = database or "the database"
    code = getattr(exc, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_NOTADB:
        return StoreError(f"{name} is no SQLite database: name another file, or put a backup back")
    if code == sqlite3.SQLITE_CORRUPT or (code in (0, sqlite3.SQLITE_ERROR) and str(exc).startswith(_NOT_THERE)):
        return damaged(database, _QUOTED_TEXT.sub("", str(exc)))
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreError(
            f"{name} is held by another program (a transaction in a sqlite3 shell?): let it end first",
            busy=True,
        )
    return StoreError(f"{name} cannot be used: {exc}")


_QUOTED_TEXT: Final = re.compile(" with text '.*", re.DOTALL)
"""What Python adds about a text that is no UTF-8: it may hold anything."""

_NOT_THERE: Final = ("no such table", "no such column", "table ", "malformed", "Could not decode")


def missing_part(connection: sqlite3.Connection, *, of_any_version: bool = False) -> str:
    """Return which table or column is not there; "" when all are.

    Args:
        of_any_version: look for the tables only that every version has.
    """
    found: dict[str, set[str]] = {}
    for table, column in connection.execute(
        "SELECT m.name, p.name FROM main.sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table'"
    ):
        found.setdefault(table, set()).add(column)
    if of_any_version and "journal" not in found and "exchange" not in found:
        return "it has no table journal"
    for table in schema.TABLES:
        if of_any_version and table.name in _LATER_TABLES:
            continue
        if table.name not in found:
            return f"it has no table {table.name}"
        if not of_any_version and (names := [name for name in table.names if name not in found[table.name]]):
            return f"table {table.name} has no column {names[0]}"
    there = "SELECT 1 FROM main.sqlite_master WHERE name = ?"  # a view, in earlier versions a table
    if not connection.execute(there, (schema.transaction.name,)).fetchall():
        return f"it has no table {schema.transaction.name}"
    return ""


def broken_page(connection: sqlite3.Connection) -> str:
    """Return what SQLite finds wrong with the pages of a database; "" for none, and for one too large to look at."""
    pages, page_bytes = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    if pages * page_bytes > CHECKED_AT_START_BYTES:
        return ""
    ((found,),) = connection.execute("PRAGMA quick_check(1)").fetchall()
    return "" if found == "ok" else " ".join(str(found).split())


def check_opened(connection: sqlite3.Connection, database: Path | None) -> None:
    """Check a database of this version that was opened to be written.

    Raises:
        StoreError: it is damaged.
    """
    if what := missing_part(connection) or broken_page(connection):
        raise damaged(database, what)


def misfit(columns: Sequence[Column], row: Row, *, any_time: bool = False) -> str:
    """Return which value of a row is none that its column may hold; "" when all fit.

    Args:
        any_time: a time may be any number: what only shows it shows the number.
    """
    for column, value in zip(columns, row, strict=False):
        if value is None and column.nullable:
            continue
        if not isinstance(value, _KINDS[column.type]) or (column.values and value not in column.values):
            return f"{column.name} holds {_described(value)}"
        if any_time or not column.name.endswith("_us") or not isinstance(value, int):
            continue
        if not 0 <= value <= LATEST_US:
            return f"{column.name} holds {value}, and is a time"
    return ""


def unpack_whole(
    unpack: Callable[[Row], T], row: Row, table: Relation, database: Path | None, *, any_time: bool = False
) -> T:
    """Return what a row holds; behind the columns of its table it may have others.

    Raises:
        StoreError: it holds something that no host writes.
    """
    try:
        if what := misfit(table.columns, row, any_time=any_time):
            raise ValueError(what)
        return unpack(row)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as exc:
        raise damaged(database, f"a row of table {table.name}: {exc}") from None


def meta_number(text: str, name: str, database: Path | None) -> int:
    """Return a number that a database keeps about itself; 0 for an empty text.

    Raises:
        StoreError: it is no number.
    """
    if text and (not (text.isascii() and text.isdecimal()) or len(text) > _NUMBER_DIGITS):
        raise damaged(database, f"{name} in table meta is {_described(text)}")
    return int(text or 0)


_NUMBER_DIGITS: Final = 18


def _described(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return f"{type(value).__name__} {str(value)[:20]!r}"
