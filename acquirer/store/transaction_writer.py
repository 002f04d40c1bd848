"""Writes groups of commits: each group as one SQLite transaction, commit by commit when one of them cannot be written.

What is written is packed: all that one exchange changes, as plain values, so that it can be written here or in another
process. Journal, sessions, transactions, cards, uploads, deliveries and the reserve of reference numbers share the
transaction: a crash leaves all of a decision or nothing of it. The writer also reports what it has written, purges, and
has the log put away: all of it once the outcome is on its way.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple, Protocol

from acquirer.data.types import Row
from acquirer.dialect.dialect import Dialect
from acquirer.journal.packed import NumberedExchange, PackedExchange
from acquirer.journal.render import Facts, pack_any
from acquirer.store import statements
from acquirer.store.checkpoints import Checkpoints
from acquirer.store.database import LOCK_WAIT_S, LOCKED_WAIT_S, is_busy, wait_when_busy
from acquirer.store.journal_writer import JournalWriter, last_number
from acquirer.store.open_files import OpenFiles
from acquirer.store.packed_changes import PackedChanges
from acquirer.store.purge import DAY_US, HOUR_US, KEEP_DAYS, delete_unused, empty_log
from acquirer.store.settlements import DETAILS
from acquirer.store.soundness import explained
from acquirer.store.transaction_rows import TransactionRows
from acquirer.store.uploads import UPLOADS

PURGE_US: Final = HOUR_US
"""How often is purged: rows may live an hour longer than they must."""

OnWritten = Callable[[Sequence[NumberedExchange]], None]
"""Receives what was journalled; nothing where only the deliveries of earlier ones were."""

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
"""What one bad row raises. Any other error concerns the disk or the database and is left to the caller."""


class GroupResult(NamedTuple):
    """What became of a group: a number for each commit; None while another program holds the database, and nothing was
    written."""

    numbers: list[int] | None
    last_error: str = ""


class _RowWriter(Protocol):
    """Writes any number of rows; a smaller count than was given is a conflict."""

    def write(self, cursor: sqlite3.Cursor, rows: Sequence[Row], /) -> int: ...


class TransactionWriter:
    """Writes over one connection.

    Args:
        connection: nothing else writes with it while a method runs.
        on_written: is called by `follow_up`.
        dialect_of: finds the dialect by the key that packed changes have.
        keep_days: how long a transaction outlives its last use, if its batch is closed.
        files: of the database on disk, which are looked at after each commit; None: it is in memory.
        checkpoints: that are made beside the groups; None: SQLite makes them in commits.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        on_written: OnWritten,
        dialect_of: Callable[[Any], Dialect] = lambda key: key,
        keep_days: int = KEEP_DAYS,
        files: OpenFiles | None = None,
        checkpoints: Checkpoints | None = None,
    ) -> None:
        self._cursor = connection.cursor()
        wait_when_busy(self._cursor, LOCK_WAIT_S)
        self._cursor.execute("PRAGMA temp_store = MEMORY")  # else pages as they were before a statement go to a file
        self._on_written = on_written
        self._dialect_of = dialect_of
        self._files = files
        self._checkpoints = checkpoints
        self._database = None if files is None else files.database
        self._keep_days = keep_days
        self._fatal_error = ""  # why nothing is written any more
        self._locked = False  # another program holds the database
        self._journal = JournalWriter()
        self._transactions = TransactionRows()
        self._state: tuple[tuple[int, _RowWriter], ...] = (  # what writes the rows of packed changes, by their place
            (2, statements.SESSIONS),
            (3, self._transactions),
            (4, self._transactions),
            (5, self._transactions),
            (6, statements.CARDS),
            (7, UPLOADS),
            (8, statements.SETTLEMENTS),
            (9, DETAILS),
            (10, statements.LAST_STANS),
        )
        self._unreported: list[NumberedExchange] = []  # journalled, and not reported yet
        self._delivered = False  # the same of what became of earlier replies
        self._purged_us = self._seen_us = 0

    def write_group(
        self, commits: Sequence[PackedChanges], deliveries: Sequence[Row], rrn_limit: int | None
    ) -> GroupResult | str:
        """Make a group durable.

        Args:
            commits: in the order in which they are numbered.
            deliveries: what became of earlier replies; they travel along.
            rrn_limit: the new limit of reference numbers, if there is one.

        Returns:
            A sentence when the database cannot be written: it is unknown what became of the group, and nothing more is
            tried.
        """
        if not self._fatal_error:
            try:
                result = self._write_group(commits, deliveries, rrn_limit)
                if self._files is not None:  # after the commit: what is answered was written to the named file
                    self._fatal_error = self._files.gone()
                if not self._fatal_error:
                    return result
            except sqlite3.Error as exc:
                self._fatal_error = str(explained(self._database, exc))
            except Exception as exc:
                self._fatal_error = f"{type(exc).__name__}: {exc}"
            self._unreported.clear()
        return self._fatal_error

    def follow_up(self) -> None:
        """Do what can wait until a group is answered: report it, purge once an hour what is out of use, checkpoint."""
        rows, self._unreported = self._unreported, []
        delivered, self._delivered = self._delivered, False
        if rows or delivered:
            self._on_written(rows)
        if rows:
            at_us = rows[-1][1][0]  # the time that exchanges carry
            last_us, self._seen_us = self._seen_us or at_us, at_us
            clock_was_set = abs(at_us - last_us) >= DAY_US  # nothing is deleted until a second group agrees with it
            if not clock_was_set and not 0 <= at_us - self._purged_us < PURGE_US:
                self._purged_us = at_us
                self._purge(at_us)
            if self._checkpoints is not None:
                self._checkpoints.follow(len(rows))

    def _write_group(
        self, commits: Sequence[PackedChanges], deliveries: Sequence[Row], rrn_limit: int | None
    ) -> GroupResult:
        cursor = self._cursor
        journal = [commit[0] or self._pack(commit[1]) for commit in commits]
        if not self._begin():
            return GroupResult(None)
        last = last_number(cursor)
        numbers = list(range(last + 1, last + 1 + len(journal)))
        last_error = ""
        if not self._all_at_once([*zip(numbers, journal, strict=True)], commits):
            cursor.execute("ROLLBACK")
            self._forget()
            if not self._begin():
                return GroupResult(None)
            numbers, last_error = self._one_by_one(last_number(cursor), journal, commits)  # others may have written
        if deliveries:
            statements.DELIVERIES.write(cursor, deliveries)
            self._delivered = True
        if rrn_limit is not None:
            set_meta(cursor, "rrn", str(rrn_limit))
        cursor.execute("COMMIT")
        self._unreported = [one for one in zip(numbers, journal, strict=True) if one[0] > 0]
        return GroupResult(numbers, last_error)

    def _pack(self, unusual: tuple[Any, Facts] | None) -> PackedExchange:
        assert unusual is not None
        dialect_key, facts = unusual
        return pack_any(facts, self._dialect_of(dialect_key))

    def _begin(self) -> bool:
        """Begin a transaction; return False when another program holds the database.

        The first group that finds it so waits longer: most programs hold it for a moment only.
        """
        try:
            self._cursor.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as exc:
            if not is_busy(exc):
                raise
            if not self._locked:
                self._locked = True
                wait_when_busy(self._cursor, LOCKED_WAIT_S)
            return False
        if self._locked:
            self._locked = False
            wait_when_busy(self._cursor, LOCK_WAIT_S)
        return True

    def _purge(self, now_us: int) -> None:
        """Delete what is out of use, and its traces in the log; see `store.purge`."""
        cursor = self._cursor
        try:
            if not self._begin():  # there is time in an hour
                return
            deleted = delete_unused(cursor, now_us, self._keep_days)
            cursor.execute("COMMIT")
            if deleted:  # a reader that prevents it keeps them in the log until the next purge, or the end
                if self._checkpoints is not None:
                    self._checkpoints.wait()
                empty_log(cursor)
                wait_when_busy(cursor, LOCK_WAIT_S)
        except sqlite3.Error as exc:
            self._fatal_error = str(explained(self._database, exc))
            with suppress(sqlite3.Error):  # others use this connection too
                cursor.execute("ROLLBACK")

    def _all_at_once(self, rows: Sequence[NumberedExchange], commits: Sequence[PackedChanges]) -> bool:
        """Write every row of the group; return False when not all of them could be written."""
        try:
            return self._write_rows(rows, commits)
        except _UNWRITABLE:
            return False

    def _one_by_one(
        self, last: int, journal: Sequence[PackedExchange], commits: Sequence[PackedChanges]
    ) -> tuple[list[int], str]:
        cursor = self._cursor
        numbers: list[int] = []
        last_error = ""
        for one, commit in zip(journal, commits, strict=True):
            cursor.execute("SAVEPOINT one")
            try:
                number = last + 1 if self._write_rows([(last + 1, one)], [commit]) else CONFLICT
            except _UNWRITABLE as exc:
                last_error = f"an exchange could not be written: {type(exc).__name__}: {exc}"
                number = UNWRITABLE
            if number > 0:
                last = number
            else:
                cursor.execute("ROLLBACK TO one")
                self._forget()
            cursor.execute("RELEASE one")
            numbers.append(number)
        return numbers, last_error

    def _write_rows(self, journal: Sequence[NumberedExchange], commits: Sequence[PackedChanges]) -> bool:
        """Write the journal's rows and what the commits change; return False when fewer were written than given."""
        self._journal.write(self._cursor, journal)
        places: list[tuple[Any, ...]] = [*zip(*commits, strict=True)]
        for place, writer in self._state if commits else ():
            rows: list[Row] = [*filter(None, places[place])]
            if rows and writer.write(self._cursor, rows) != len(rows):
                return False
        return True

    def _forget(self) -> None:
        """Forget the numbers of forms: those that were written are not there any more."""
        self._journal.forget()
        self._transactions.forget()


def set_meta(cursor: sqlite3.Cursor, name: str, value: str) -> None:
    """Write something that the store remembers about itself."""
    statements.META.write(cursor, [(name, value)])
