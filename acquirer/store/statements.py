"""SQL, made of the tables of `schema`: the statements of every exchange, and what queries are put together from.

A group of commits is written with few statements of many rows each, because every statement gives the interpreter
lock away and must win it back. Groups are cut into powers of two, so that nine shapes of a statement serve any group
of up to 256 rows and stay prepared.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final

from acquirer.data.types import Row
from acquirer.model.rows import TransactionKey
from acquirer.store import schema
from acquirer.store.schema import Relation, StoreTable, listed, sql_name

GROUP: Final = 256
"""Most commits in one transaction: measured, larger ones gain nothing and make the first of a group wait longer."""


class ForEach:
    """One statement for any number of rows, whose text names each; when it raises, roll back what it has written.

    Args:
        head: its text before the rows.
        row: the text of one row, with a question mark for each of its values.
        tail: its text behind them.
    """

    def __init__(self, head: str, row: str, tail: str) -> None:
        self._head, self._row, self._tail = head, row, tail
        self._shapes: dict[int, str] = {}

    def write(self, cursor: sqlite3.Cursor, rows: Sequence[Row]) -> int:
        """Write `rows`, largest power of two first; return how many rows that changed."""
        changed = at = 0
        while at < len(rows):
            count = min(1 << (len(rows) - at).bit_length() - 1, GROUP)
            values = [*chain.from_iterable(rows[at : at + count])]
            changed += cursor.execute(self._shape(count), values).rowcount
            at += count
        return changed

    def _shape(self, count: int) -> str:
        shape = self._shapes.get(count)
        if shape is None:
            shape = self._shapes[count] = self._head + ", ".join([self._row] * count) + self._tail
        return shape


class Many(ForEach):
    """One statement that writes any number of rows of one table.

    Args:
        conflict: what becomes of a row whose key exists.
        columns: the order of values in rows; None: that of the table.
        usual: values of the last columns, which rows do not have: whole numbers, empty texts, None.
    """

    def __init__(
        self, table: StoreTable, conflict: str = "", columns: Sequence[str] | None = None, usual: Row = ()
    ) -> None:
        # Otherwise SQLite notes each page before it is changed, beyond 64 kB in a file that it makes for the statement:
        # half of what inserting a transaction costs. Where rows are updated it does so all the same.
        names = columns or table.names
        head = " ".join(("INSERT OR FAIL INTO", sql_name(table.name), f"({listed(names)})", "VALUES "))
        row = f"({', '.join([*['?'] * (len(names) - len(usual)), *map(_literal, usual)])})"
        super().__init__(head, row, f" {conflict}")


class MostlyUsual:
    """The same for rows whose last values are mostly the usual ones, which then stand in the statement.

    To bind a value costs a tenth of what it costs to find the row. A row may come without the usual values (`short`).
    """

    def __init__(self, table: StoreTable, conflict: str, usual: Row, columns: Sequence[str] | None = None) -> None:
        self._bound, self._usual = len(columns or table.names) - len(usual), usual
        self._whole = Many(table, conflict, columns)
        self._short = Many(table, conflict, columns, usual)

    def short(self, row: Row) -> Row:
        """Return a row without its usual values, if it has them all."""
        bound = self._bound
        return row[:bound] if row[bound:] == self._usual else row

    def write(self, cursor: sqlite3.Cursor, rows: Sequence[Row]) -> int:
        """Write `rows`; return how many rows that changed."""
        bound, usual = self._bound, self._usual
        short = [row[:bound] for row in rows if len(row) == bound or row[bound:] == usual]
        changed = self._short.write(cursor, short)
        if len(short) < len(rows):
            changed += self._whole.write(cursor, [row for row in rows if len(row) != bound and row[bound:] != usual])
        return changed


def _literal(value: int | str | None) -> str:
    """Return a whole number, an empty text or None as SQL has it."""
    return "NULL" if value is None else "''" if value == "" else str(int(value))


def inserted(table: StoreTable) -> Many:
    """Return what writes new rows; one that exists is an error."""
    return Many(table)


def added(table: StoreTable) -> Many:
    """Return what writes new rows; one that exists stays as it is and is not counted."""
    return Many(table, "ON CONFLICT DO NOTHING")


def founded(table: StoreTable, usual: Row, columns: Sequence[str]) -> MostlyUsual:
    """Return what writes the first version of rows; one whose key exists stays as it is and is not counted."""
    return MostlyUsual(table, f"ON CONFLICT ({listed(table.key)}) DO NOTHING", usual, columns)


def replaced(table: StoreTable, columns: Sequence[str] | None = None) -> Many:
    """Return what writes rows over those that exist."""
    return Many(table, _over(table), columns)


def versioned(table: StoreTable, columns: Sequence[str] | None = None) -> Many:
    """Return what writes rows that follow the version they were decided on: new ones have version 1.

    The number of rows written is smaller than the number given when one of them was decided on a version that is not
    the stored one. A row that was purged since is written again, whole, as it was decided.
    """
    return Many(table, followed(table), columns)


def followed(table: StoreTable) -> str:
    """Return what becomes of a row whose key exists: it is written over by the version that follows it."""
    return f"{_over(table)} WHERE {sql_name(table.name)}.version = excluded.version - 1"


def _over(table: StoreTable) -> str:
    others = ", ".join([f"{sql_name(name)} = excluded.{sql_name(name)}" for name in table.others])
    return f"ON CONFLICT ({listed(table.key)}) DO UPDATE SET {others}"


def select(table: Relation, *conditions: str, order: str = "", limit: bool = False) -> str:
    """Return a query for whole rows of a table that fulfil all conditions; with `limit`, a last ``?`` says how many."""
    return query(columns_of(table), sql_name(table.name), conditions, order=order, limit=limit)


def query(columns: str, source: str, conditions: Iterable[str] = (), *, order: str = "", limit: bool = False) -> str:
    """Return a query; `source` is what stands after FROM."""
    where = " AND ".join([condition for condition in conditions if condition])
    parts = ("SELECT", columns, "FROM", source, where and f"WHERE {where}", order and f"ORDER BY {order}")
    return " ".join([*filter(None, parts), *["LIMIT ?"] * limit])


FIRST_EXCHANGE: Final = query("min(id)", sql_name(schema.exchange.name))
LAST_EXCHANGE: Final = query("max(id)", sql_name(schema.exchange.name))
"""The lowest and the highest number in the table of exchanges; NULL where it is empty."""


def columns_of(*tables: Relation) -> str:
    """Return the columns of tables, one table after the other, as a query lists them."""
    return ", ".join([f"{sql_name(table.name)}.{sql_name(name)}" for table in tables for name in table.names])


def joined(table: StoreTable, other: StoreTable, left: str, right: str, kind: str = "LEFT JOIN") -> str:
    """Return the source of a query over two tables, whose columns `left` and `right` are equal."""
    on = f"{sql_name(other.name)}.{sql_name(right)} = {sql_name(table.name)}.{sql_name(left)}"
    return f"{sql_name(table.name)} {kind} {sql_name(other.name)} ON {on}"


def also_joined(table: StoreTable, other: StoreTable) -> str:
    """Return what joins one more table to a source that begins with `table`, by the number of an exchange."""
    return f"LEFT JOIN {sql_name(other.name)} ON {sql_name(other.name)}.exchange_id = {sql_name(table.name)}.id"


def having(*names: str) -> str:
    """Return the condition that columns have the values given for them.

    >>> having("mid", "tid")
    '"mid" = ? AND "tid" = ?'
    """
    return " AND ".join([f"{sql_name(name)} = ?" for name in names])


REMARK_COLUMNS: Final = ", ".join([f"{sql_name(schema.remark.name)}.{sql_name(name)}" for name in schema.remark.others])
MARKED: Final = f"id IN ({query('exchange_id', sql_name(schema.remark.name), [having('mark')])})"
"""The condition that an exchange has a mark."""

SESSIONS: Final = MostlyUsual(
    schema.session, followed(schema.session), schema.nothing(schema.session, after="last_stan")
)
"""As `versioned`. Most terminals have settled no batch, and downloaded nothing."""

LAST_STANS: Final = ForEach(
    "UPDATE session SET version = given.column2, last_stan = given.column3 FROM (VALUES ",
    "(?, ?, ?)",
    ") AS given WHERE session.tid = given.column1 AND session.version = given.column2 - 1",
)
"""Tid, version and STAN: the next version of a session of which only the STAN of its last transaction differs."""

CARDS: Final = versioned(schema.card)
SETTLEMENTS: Final = versioned(schema.settlement)
DELIVERIES: Final = replaced(schema.delivery)
TERMINALS: Final = replaced(schema.terminal)
META: Final = replaced(schema.meta)

TERMINALS_WITH_SESSION: Final = joined(schema.terminal, schema.session, "tid", "tid")
TERMINAL_BY_TID: Final = query(
    columns_of(schema.terminal, schema.session), TERMINALS_WITH_SESSION, ['"terminal"."tid" = ?']
)
TRANSACTION_BY_KEY: Final = select(schema.transaction, having(*TransactionKey._fields))
CARD_BY_TOKEN: Final = select(schema.card, having("token"))
META_BY_NAME: Final = select(schema.meta, having("name"))
