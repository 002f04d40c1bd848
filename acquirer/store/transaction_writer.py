"""The hand that writes: a group of items becomes one transaction, item by item when one of them cannot be written.

An item is all that one exchange changes, as plain values: it can be written here, or by a hand in another process
(`apart`). Journal, sessions, transactions, cards, uploads, deliveries and the reserve of reference numbers share the
transaction, so that a crash leaves all of a decision or nothing of it. Whoever has the hand also tells what it has
written, and clears up after it: both once the answer is on its way.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple, Protocol

from acquirer.data.types import Row
from acquirer.dialect.dialect import Dialect
from acquirer.journal.render import COLUMNS, Facts, bare, facts, row_of
from acquirer.model.effects import Changes
from acquirer.store import statements
from acquirer.store.tuples import card_row, session_row, transaction_row
from acquirer.store.uploads import FORGET_PARTS, UPLOADS, upload_row

DAY_US: Final = 24 * 3600 * 1_000_000
HOUR_US: Final = 3600 * 1_000_000

Item = tuple[Any, Facts, Row | None, Row | None, Row | None, Row | None]
"""The dialect's name (`BatchWriter.named`), evidence; changed rows of session, transaction, card and upload."""

Tell = Callable[[Sequence[Row]], None]
"""Is given the journal's new rows: the number of each exchange, then the columns of `journal.render.COLUMNS`."""

CONFLICT: Final = 0  # in place of an exchange's number: it was decided on a row that changed
UNWRITABLE: Final = -1  # or it holds a value that cannot be written

_AT_US: Final = 1 + COLUMNS.index("at_us")  # in a row that has its number

_UNWRITABLE: Final = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    OverflowError,
    TypeError,
    ValueError,
)
"""What one bad row raises. Any other error speaks of the disk or the database and is left to the caller."""


class Written(NamedTuple):
    """What became of a group: a number for each item; None when the database was busy, and nothing was begun."""

    numbers: list[int] | None
    complaint: str = ""


class _Many(Protocol):
    """Writes any number of rows; a smaller count than was given is a conflict."""

    def write(self, cursor: sqlite3.Cursor, rows: Sequence[Row], /) -> int: ...


def packed(changes: Changes, dialect: Any) -> Item:
    """Changes as an item; `dialect` is what the hand calls theirs."""
    session, transaction, card, upload = changes.session, changes.transaction, changes.card, changes.upload
    return (
        dialect,
        facts(changes.evidence),
        None if session is None else session_row(session),
        None if transaction is None else transaction_row(transaction),
        None if card is None else card_row(card),
        None if upload is None else upload_row(upload),
    )


class TransactionWriter:
    """Writes over one connection. `dialect_of` finds the dialect by the name that items give it."""

    def __init__(
        self, connection: sqlite3.Connection, tell: Tell, dialect_of: Callable[[Any], Dialect] = lambda name: name
    ) -> None:
        self._cursor = connection.cursor()
        self._tell = tell
        self._dialect_of = dialect_of
        self._broken = ""  # why nothing is written any more
        self._news: list[Row] = []  # what is journalled, and not told yet
        self._tidied_us = 0

    def try_to_write(self, items: Sequence[Item], deliveries: Sequence[Row], limit: int | None) -> Written | str:
        """Make a group durable, with what travels along: `limit` is that of reference numbers, if there is a new one.

        A sentence when the database cannot be written: nobody knows what became of the group; nothing more is tried.
        """
        if not self._broken:
            try:
                return self._write(items, deliveries, limit)
            except Exception as wrong:
                self._news.clear()
                self._broken = f"{type(wrong).__name__}: {wrong}"
        return self._broken

    def follow_up(self) -> None:
        """What can wait until a group is answered: tell of it, and once an hour forget what nobody can ask for."""
        if self._news:
            news, self._news = self._news, []
            self._tell(news)
            at_us = news[-1][_AT_US]  # the time that exchanges carry
            if at_us - self._tidied_us >= HOUR_US:
                self._tidied_us = at_us
                self._purge(at_us)

    def _write(self, items: Sequence[Item], deliveries: Sequence[Row], limit: int | None) -> Written:
        cursor = self._cursor
        journal: list[Row] = [rendered(item[1], self._dialect_of(item[0])) for item in items]
        try:
            cursor.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as wrong:
            if wrong.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            # Somebody else writes this file by hand: nothing of ours was begun.
            return Written(None, f"{wrong} by another program for longer than we wait")
        last = last_number(cursor)
        rows = [(number, *row) for number, row in enumerate(journal, last + 1)]
        numbers = [row[0] for row in rows]
        complaint = ""
        if not self._all_at_once(rows, items):
            cursor.execute("ROLLBACK")
            cursor.execute("BEGIN IMMEDIATE")
            numbers, complaint = self._one_by_one(last_number(cursor), journal, items)  # others may have written since
            rows = [(number, *row) for number, row in zip(numbers, journal, strict=True) if number > 0]
        if deliveries:
            statements.DELIVERIES.write(cursor, deliveries)
        if limit is not None:
            set_meta(cursor, "rrn", str(limit))
        cursor.execute("COMMIT")
        self._news = rows
        return Written(numbers, complaint)

    def _purge(self, now_us: int) -> None:
        """Forget transactions whose batch is closed and whose day is over.

        A terminal may repeat or reverse what is in its open batch for as long as it likes, and anything for a day.
        """
        cursor = self._cursor
        try:
            cursor.execute("BEGIN IMMEDIATE")
            cursor.execute(statements.PURGE, (now_us - DAY_US,))
            cursor.execute(FORGET_PARTS, (now_us - DAY_US,))
            cursor.execute("COMMIT")
        except sqlite3.Error as wrong:
            if getattr(wrong, "sqlite_errorcode", None) != sqlite3.SQLITE_BUSY:  # else there is time in an hour
                self._broken = f"{type(wrong).__name__}: {wrong}"
            with suppress(sqlite3.Error):  # others use this connection too
                cursor.execute("ROLLBACK")

    def _all_at_once(self, rows: Sequence[Row], items: Sequence[Item]) -> bool:
        """Write every row of the group; False when not all of them could be written."""
        try:
            return self._written(rows, items)
        except _UNWRITABLE:
            return False

    def _one_by_one(self, last: int, journal: Sequence[Row], items: Sequence[Item]) -> tuple[list[int], str]:
        cursor = self._cursor
        numbers: list[int] = []
        complaint = ""
        for row, item in zip(journal, items, strict=True):
            cursor.execute("SAVEPOINT one")
            try:
                number = last + 1 if self._written([(last + 1, *row)], [item]) else CONFLICT
            except _UNWRITABLE as wrong:
                complaint = f"an exchange could not be written: {type(wrong).__name__}: {wrong}"
                number = UNWRITABLE
            if number > 0:
                last = number
            else:
                cursor.execute("ROLLBACK TO one")
            cursor.execute("RELEASE one")
            numbers.append(number)
        return numbers, complaint

    def _written(self, rows: Sequence[Row], items: Sequence[Item]) -> bool:
        """Write the journal's rows and what the items change; False when fewer could be written than were given."""
        statements.JOURNAL.write(self._cursor, rows)
        for place, many in _STATE:
            changed = [row for item in items if (row := item[place]) is not None]
            if changed and many.write(self._cursor, changed) != len(changed):
                return False
        return True


_STATE: Final[tuple[tuple[int, _Many], ...]] = (
    (2, statements.SESSIONS),
    (3, statements.TRANSACTIONS),
    (4, statements.CARDS),
    (5, UPLOADS),
)
"""What writes the rows of an item, by their place in it."""


def rendered(told: Facts, dialect: Dialect) -> Row:
    """The journal's row; an exchange nobody can render is journalled without its fields, never lost or unmasked."""
    try:
        return row_of(told, dialect)
    except Exception as wrong:
        return row_of(bare(told, f"its fields could not be rendered: {type(wrong).__name__}"), dialect)


def last_number(cursor: sqlite3.Cursor) -> int:
    """The number of the last exchange in the journal; asked inside a transaction, it stays the last."""
    (last,) = cursor.execute("SELECT coalesce(max(id), 0) FROM journal").fetchone()
    return int(last)


def set_meta(cursor: sqlite3.Cursor, name: str, value: str) -> None:
    """Remember something about the store itself."""
    statements.META.write(cursor, [(name, value)])
