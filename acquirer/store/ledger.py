"""A group of commits becomes one transaction: all rows with few statements; item by item when one of them cannot be.

Journal, sessions, transactions, cards, deliveries and the reserve of reference numbers share the transaction, so that
a crash leaves all of a decision or nothing of it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final, Protocol

from acquirer.exchange.effects import Changes, Outcome
from acquirer.exchange.rows import Card, Session, Upload
from acquirer.journal.evidence import Evidence
from acquirer.journal.render import render
from acquirer.store import statements
from acquirer.store.kept import Kept
from acquirer.store.numbers import BLOCK, Numbers
from acquirer.store.tuples import card_row, session_row, transaction_row
from acquirer.store.uploads import FORGET_PARTS, UPLOADS, Developed, keep_picture

Row = tuple[Any, ...]

DAY_US: Final = 24 * 3600 * 1_000_000

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


class Writes(Protocol):
    """Writes any number of rows; a smaller count than was given is a conflict."""

    def write(self, cursor: sqlite3.Cursor, rows: Sequence[Any], /) -> int: ...


class Ledger:
    """The writing side of a store's database. Whoever uses the connection holds `turn`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.turn = threading.Lock()
        self._connection = connection
        self._cursor = connection.cursor()
        self.sessions: Kept[Session] = Kept()
        self.cards: Kept[Card] = Kept()
        self.numbers = Numbers(int(self.meta("rrn") or 0), self._reserve)
        self.complaint = ""
        (last,) = self._cursor.execute("SELECT coalesce(max(id), 0) FROM journal").fetchone()
        self._last_id: int = last

    def write(self, group: Sequence[Changes], deliveries: Sequence[Row] = ()) -> list[Outcome]:
        """Make a group durable; the outcome of each. At most one item may touch a row, later ones conflict at once.

        Raises:
            sqlite3.Error: the database cannot be written; what became of the group is unknown.
        """
        with self.turn:
            try:
                return self._write(group, deliveries)
            except BaseException:
                self.sessions.clear()
                self.cards.clear()
                raise

    def transact(self, work: Callable[[sqlite3.Cursor], None]) -> None:
        """Run `work` in a transaction of its own: all of it happens, or nothing."""
        with self.turn:
            self._transact(work)

    def settle(self) -> None:
        """Give back the reference numbers nobody took: after a clean end the next start goes on without a gap."""
        self.transact(lambda cursor: set_meta(cursor, "rrn", str(self.numbers.given)))

    def purge(self, now_us: int) -> int:
        """Forget transactions whose batch is closed and whose day is over; returns how many.

        A terminal may repeat or reverse what is in its open batch for as long as it likes, and anything for a day.
        """
        forgotten = 0

        def work(cursor: sqlite3.Cursor) -> None:
            nonlocal forgotten
            forgotten = cursor.execute(statements.PURGE, (now_us - DAY_US,)).rowcount
            cursor.execute(FORGET_PARTS, (now_us - DAY_US,))

        self.transact(work)
        return forgotten

    def develop(self, developed: Sequence[Developed]) -> None:
        """Write what decoding images of signatures came to, and what the journal says of them."""

        def work(cursor: sqlite3.Cursor) -> None:
            for one in developed:
                keep_picture(cursor, one)
                if one.evidence is not None:
                    self._last_id += 1
                    one.evidence.id = self._last_id
                    statements.JOURNAL.write(cursor, [(self._last_id, *_rendered(one.evidence))])

        self.transact(work)

    def meta(self, name: str) -> str:
        """A value the store keeps about itself; empty when there is none."""
        row = self._cursor.execute(statements.META_BY_NAME, (name,)).fetchone()
        return "" if row is None else str(row[1])

    def _write(self, group: Sequence[Changes], deliveries: Sequence[Row]) -> list[Outcome]:
        outcomes, chosen = self._rivals(group)
        try:
            self._begin()
        except sqlite3.OperationalError as wrong:
            if wrong.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            # Somebody else writes this file by hand: nothing of ours was begun.
            self.complaint = f"{wrong} by another program for longer than we wait"
            return [Outcome.OVERLOADED] * len(group)
        if not self._all_at_once(chosen):
            self._cursor.execute("ROLLBACK")
            self._begin()
            for at, changes in enumerate(group):
                if outcomes[at] is Outcome.DONE:
                    outcomes[at] = self._alone(changes)
        limit = self._top_up(deliveries)
        self._cursor.execute("COMMIT")
        self.numbers.limit = limit
        for changes, outcome in zip(group, outcomes, strict=True):
            self._keep(changes, outcome)
        return outcomes

    def _transact(self, work: Callable[[sqlite3.Cursor], None]) -> None:
        self._begin()
        try:
            work(self._cursor)
            self._cursor.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._cursor.execute("ROLLBACK")

    def _begin(self) -> None:
        self._cursor.execute("BEGIN IMMEDIATE")

    def _rivals(self, group: Sequence[Changes]) -> tuple[list[Outcome], list[Changes]]:
        """Of two items that touch one row, both decided on the same version of it: only the first can be right."""
        outcomes: list[Outcome] = []
        chosen: list[Changes] = []
        touched: set[object] = set()
        for changes in group:
            rows: list[object] = []
            if changes.session is not None:
                rows.append(changes.session.tid)
            if changes.transaction is not None:
                rows.append(changes.transaction.key)
            if changes.card is not None:
                rows.append((changes.card.token,))  # a tuple, so that no token is taken for a tid
            if changes.upload is not None:
                rows.append(("upload", changes.upload.key))
            if touched.isdisjoint(rows):
                touched.update(rows)
                chosen.append(changes)
                outcomes.append(Outcome.DONE)
            else:
                outcomes.append(Outcome.CONFLICT)
        return outcomes, chosen

    def _all_at_once(self, group: Sequence[Changes]) -> bool:
        """Write every row of the group; False when not all of them could be written."""
        try:
            rows = _rows(group, self._last_id)
            for many, wanted in rows:
                if wanted and many.write(self._cursor, wanted) != len(wanted):
                    return False
        except _UNWRITABLE:
            return False
        self._last_id += len(group)
        return True

    def _alone(self, changes: Changes) -> Outcome:
        self._cursor.execute("SAVEPOINT one")
        try:
            done = self._all_written(changes)
        except _UNWRITABLE as wrong:
            self.complaint = f"an exchange could not be written: {type(wrong).__name__}: {wrong}"
            outcome = Outcome.OVERLOADED
        else:
            outcome = Outcome.DONE if done else Outcome.CONFLICT
        if outcome is Outcome.DONE:
            self._last_id += 1
        else:
            self._cursor.execute("ROLLBACK TO one")
        self._cursor.execute("RELEASE one")
        return outcome

    def _all_written(self, changes: Changes) -> bool:
        return all(
            many.write(self._cursor, wanted) == len(wanted)
            for many, wanted in _rows([changes], self._last_id)
            if wanted
        )

    def _top_up(self, deliveries: Sequence[Row]) -> int:
        """What travels along: deliveries, and the next block of reference numbers; the limit once it is committed."""
        if deliveries:
            statements.DELIVERIES.write(self._cursor, deliveries)
        limit = self.numbers.limit
        if self.numbers.low:
            limit += BLOCK
            set_meta(self._cursor, "rrn", str(limit))
        return limit

    def _keep(self, changes: Changes, outcome: Outcome) -> None:
        session, card = changes.session, changes.card
        if session is not None:
            if outcome is Outcome.DONE:
                kept = session.copy()
                kept.version += 1  # as it was written
                self.sessions.put(session.tid, kept)
            else:
                self.sessions.forget(session.tid)
        if card is not None:
            if outcome is Outcome.DONE:
                self.cards.put(card.token, replace(card, version=card.version + 1))
            else:
                self.cards.forget(card.token)

    def _reserve(self) -> None:
        # The limit changes only by whoever has the turn: what two read at once, both would raise.
        with self.turn:
            if self.numbers.used_up:  # nobody topped up meanwhile
                limit = self.numbers.limit + BLOCK
                self._transact(lambda cursor: set_meta(cursor, "rrn", str(limit)))
                self.numbers.limit = limit


def set_meta(cursor: sqlite3.Cursor, name: str, value: str) -> None:
    """Remember something about the store itself."""
    statements.META.write(cursor, [(name, value)])


def _rows(group: Sequence[Changes], last_id: int) -> tuple[tuple[Writes, list[Any]], ...]:
    """Statements and the rows they write; gives each exchange its number."""
    journal: list[Row] = []
    sessions: list[Row] = []
    transactions: list[Row] = []
    cards: list[Row] = []
    uploads: list[Upload] = []
    for number, changes in enumerate(group, last_id + 1):
        changes.evidence.id = number
        journal.append((number, *_rendered(changes.evidence)))
        if changes.session is not None:
            sessions.append(session_row(changes.session))
        if changes.transaction is not None:
            transactions.append(transaction_row(changes.transaction))
        if changes.card is not None:
            cards.append(card_row(changes.card))
        if changes.upload is not None:
            uploads.append(changes.upload)
    return (
        (statements.JOURNAL, journal),
        (statements.SESSIONS, sessions),
        (statements.TRANSACTIONS, transactions),
        (statements.CARDS, cards),
        (UPLOADS, uploads),
    )


def _rendered(evidence: Evidence) -> Row:
    """The journal's row; an exchange nobody can render is journalled without its fields, never lost or unmasked."""
    try:
        return render(evidence)
    except Exception as wrong:
        note = f"its fields could not be rendered: {type(wrong).__name__}"
        bare = replace(evidence, message=None, failure=None, reply=None, notes=(*evidence.notes, note))
        return render(bare)
