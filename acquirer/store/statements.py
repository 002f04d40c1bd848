"""Statements of the hot path: described in SQLAlchemy Core, compiled once, run on the driver's own cursor.

A group of commits is written with few statements of many rows each, because every statement gives the interpreter
lock away and must win it back. Groups are cut into powers of two, so that nine shapes of a statement serve any group
of up to 256 rows and stay prepared.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Table, bindparam, delete, insert, literal_column, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql import ClauseElement

from acquirer.data.types import Row
from acquirer.store import schema

GROUP: Final = 256
"""Most commits in one transaction: measured, larger ones gain nothing and make the first of a group wait longer."""

DIALECT: Final = sqlite.dialect(paramstyle="qmark")


class Many:
    """One statement that writes any number of rows of one table; `write` returns how many rows it changed."""

    def __init__(self, statement: ClauseElement, columns: int) -> None:
        one = compiled(statement)
        row = f"({', '.join('?' * columns)})"
        self._head, found, self._tail = one.partition(row)
        if not found:
            raise ValueError(f"no row of {columns} placeholders in: {one}")
        self._row = row
        self._shapes: dict[int, str] = {}

    def write(self, cursor: sqlite3.Cursor, rows: Sequence[Row]) -> int:
        """Write `rows`, largest power of two first."""
        changed = at = 0
        while at < len(rows):
            count = min(1 << (len(rows) - at).bit_length() - 1, GROUP)
            values: list[Any] = []
            for row in rows[at : at + count]:
                values += row
            changed += cursor.execute(self._shape(count), values).rowcount
            at += count
        return changed

    def _shape(self, count: int) -> str:
        made = self._shapes.get(count)
        if made is None:
            made = self._shapes[count] = self._head + ", ".join([self._row] * count) + self._tail
        return made


def compiled(statement: ClauseElement) -> str:
    """SQL with ``?`` for each parameter."""
    return str(statement.compile(dialect=DIALECT))


def run(connection: sqlite3.Connection, statement: Select[Any]) -> Iterator[Row]:
    """Run a query that carries its own values; for everything that is not hot."""
    made = statement.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
    parameters: Mapping[str, Any] = made.params
    return iter(connection.execute(str(made), [parameters[name] for name in made.positiontup or ()]))


def inserted(table: Table) -> Many:
    """New rows; one that exists is an error."""
    return Many(insert(table).values(_bound(table)), len(table.c))


def versioned(table: Table) -> Many:
    """Rows that follow the version they were decided on: new ones with version 1, others over their predecessor.

    The number of rows written is smaller than the number given when one of them was decided on a version that is not
    the stored one. A row that was forgotten since (`PURGE`) is written again, whole, as it was decided.
    """
    new = sqlite.insert(table).values(_bound(table))
    rest = [column.name for column in table.c if not column.primary_key]
    statement = new.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={name: new.excluded[name] for name in rest},
        where=table.c.version == new.excluded.version - literal_column("1"),
    )
    return Many(statement, len(table.c))


def replaced(table: Table) -> Many:
    """Rows that are written over whatever was there."""
    new = sqlite.insert(table).values(_bound(table))
    rest = [column.name for column in table.c if not column.primary_key]
    statement = new.on_conflict_do_update(
        index_elements=list(table.primary_key), set_={name: new.excluded[name] for name in rest}
    )
    return Many(statement, len(table.c))


def by_key(table: Table, *joined: Table) -> str:
    """All columns of `table` (and of `joined` tables with the same key, if they have the row), found by primary key."""
    source: Any = table
    columns: list[ColumnElement[Any]] = list(table.c)
    for other in joined:
        key = next(iter(other.primary_key))
        source = source.outerjoin(other, table.c[key.name] == key)
        columns += list(other.c)
    found = select(*columns).select_from(source)
    for column in table.primary_key:
        found = found.where(column == bindparam(f"wanted_{column.name}"))
    return compiled(found)


def _bound(table: Table) -> dict[str, Any]:
    return {column.name: bindparam(column.name) for column in table.c}


SESSIONS: Final = versioned(schema.session)
TRANSACTIONS: Final = versioned(schema.transaction)
CARDS: Final = versioned(schema.card)
JOURNAL: Final = inserted(schema.journal)
DELIVERIES: Final = replaced(schema.delivery)
TERMINALS: Final = replaced(schema.terminal)
META: Final = replaced(schema.meta)

TERMINAL_BY_TID: Final = by_key(schema.terminal, schema.session)
TRANSACTION_BY_KEY: Final = by_key(schema.transaction)
CARD_BY_TOKEN: Final = by_key(schema.card)
META_BY_NAME: Final = by_key(schema.meta)

PURGE: Final = compiled(
    delete(schema.transaction).where(
        schema.transaction.c.at_us < bindparam("before_us"),
        schema.transaction.c.batch
        != select(schema.session.c.batch).where(schema.session.c.tid == schema.transaction.c.tid).scalar_subquery(),
    )
)
