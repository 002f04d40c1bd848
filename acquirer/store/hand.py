"""The hand that writes: a group of items becomes one transaction, item by item when one of them cannot be written.

An item is all that one exchange changes, as plain values: it can be written here, or by a hand in another process
(`apart`). Journal, sessions, transactions, cards, uploads, deliveries and the reserve of reference numbers share the
transaction, so that a crash leaves all of a decision or nothing of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol

from acquirer.exchange.effects import Changes
from acquirer.journal.render import Facts, bare, facts, row_of
from acquirer.store import statements
from acquirer.store.tuples import card_row, session_row, transaction_row
from acquirer.store.uploads import UPLOADS, upload_row
from acquirer.wire.dialect import Dialect

Row = tuple[Any, ...]
Item = tuple[Any, Facts, Row | None, Row | None, Row | None, Row | None]
"""The dialect's name (`Writes.named`), evidence; rows of session, transaction, card and upload, each if it changes."""

CONFLICT: Final = 0  # in place of an exchange's number: it was decided on a row that changed
UNWRITABLE: Final = -1  # or it holds a value that cannot be written

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


class Writes(Protocol):
    """Whoever writes groups. For one thread at a time."""

    def named(self, dialect: Dialect) -> Any:
        """How this hand calls a dialect, in items."""

    def write(self, items: Sequence[Item], deliveries: Sequence[Row], limit: int | None) -> Written:
        """Make a group durable, with what travels along; `limit` is that of reference numbers, if there is a new one.

        Raises:
            Exception: the database cannot be written; what became of the group is unknown.
        """

    def end(self) -> None:
        """Let go of the database."""


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


class Hand:
    """Writes over one connection. `dialect_of` finds the dialect by the name that items give it."""

    def __init__(
        self, connection: sqlite3.Connection, dialect_of: Callable[[Any], Dialect] = lambda name: name
    ) -> None:
        self._cursor = connection.cursor()
        self._dialect_of = dialect_of

    def named(self, dialect: Dialect) -> Any:
        return dialect

    def write(self, items: Sequence[Item], deliveries: Sequence[Row], limit: int | None) -> Written:
        cursor = self._cursor
        try:
            cursor.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as wrong:
            if wrong.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            # Somebody else writes this file by hand: nothing of ours was begun.
            return Written(None, f"{wrong} by another program for longer than we wait")
        last = last_number(cursor)
        numbers = list(range(last + 1, last + 1 + len(items)))
        complaint = ""
        if not self._all_at_once(items, last):
            cursor.execute("ROLLBACK")
            cursor.execute("BEGIN IMMEDIATE")
            numbers, complaint = self._one_by_one(items)
        if deliveries:
            statements.DELIVERIES.write(cursor, deliveries)
        if limit is not None:
            set_meta(cursor, "rrn", str(limit))
        cursor.execute("COMMIT")
        return Written(numbers, complaint)

    def end(self) -> None:
        self._cursor.close()

    def _all_at_once(self, items: Sequence[Item], last: int) -> bool:
        """Write every row of the group; False when not all of them could be written."""
        try:
            return self._written(items, last)
        except _UNWRITABLE:
            return False

    def _one_by_one(self, items: Sequence[Item]) -> tuple[list[int], str]:
        cursor = self._cursor
        last = last_number(cursor)
        numbers: list[int] = []
        complaint = ""
        for item in items:
            cursor.execute("SAVEPOINT one")
            try:
                number = last + 1 if self._written([item], last) else CONFLICT
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

    def _written(self, items: Sequence[Item], last: int) -> bool:
        """Write rows of all kinds; False when fewer could be written than were given."""
        names, told, *changed = zip(*items, strict=True) if items else ((), ())
        journal = [
            (number, *rendered(one, self._dialect_of(name)))
            for number, (name, one) in enumerate(zip(names, told, strict=True), last + 1)
        ]
        statements.JOURNAL.write(self._cursor, journal)
        for many, rows in zip(_STATE, changed, strict=False):
            wanted = [row for row in rows if row is not None]
            if wanted and many.write(self._cursor, wanted) != len(wanted):
                return False
        return True


_STATE: Final[tuple[_Many, ...]] = (statements.SESSIONS, statements.TRANSACTIONS, statements.CARDS, UPLOADS)
"""What writes the rows of an item, in their order."""


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
