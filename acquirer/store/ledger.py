"""The writing side of a store: what waits is handed to the hand that writes, and what was written is kept in mind.

Of two items that touch one row only the first can be right, so no group has two of them. Terminals, pictures and the
clearing up have transactions of their own, over a connection of the ledger's.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from acquirer.exchange.effects import Changes, Outcome
from acquirer.exchange.rows import Card, Session
from acquirer.journal.render import facts
from acquirer.store import statements
from acquirer.store.hand import CONFLICT, UNWRITABLE, Hand, Writes, last_number, packed, rendered, set_meta
from acquirer.store.kept import Kept
from acquirer.store.numbers import BLOCK, Numbers
from acquirer.store.uploads import FORGET_PARTS, Developed, keep_picture

Row = tuple[Any, ...]

DAY_US: Final = 24 * 3600 * 1_000_000

_OUTCOMES: Final = {CONFLICT: Outcome.CONFLICT, UNWRITABLE: Outcome.OVERLOADED}


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
        self.hand: Writes = Hand(connection)

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
                    one.evidence.id = last_number(cursor) + 1
                    row = rendered(facts(one.evidence), one.evidence.dialect)
                    statements.JOURNAL.write(cursor, [(one.evidence.id, *row)])

        self.transact(work)

    def meta(self, name: str) -> str:
        """A value the store keeps about itself; empty when there is none."""
        row = self._cursor.execute(statements.META_BY_NAME, (name,)).fetchone()
        return "" if row is None else str(row[1])

    def _write(self, group: Sequence[Changes], deliveries: Sequence[Row]) -> list[Outcome]:
        outcomes, chosen = self._rivals(group)
        limit = self.numbers.limit + BLOCK if self.numbers.low else None
        named = self.hand.named
        written = self.hand.write([packed(one, named(one.evidence.dialect)) for one in chosen], deliveries, limit)
        self.complaint = written.complaint or self.complaint
        if written.numbers is None:
            return [Outcome.OVERLOADED] * len(group)
        if limit is not None:
            self.numbers.limit = limit
        numbers = iter(written.numbers)
        for at, changes in enumerate(group):
            if outcomes[at] is Outcome.DONE:
                number = next(numbers)
                changes.evidence.id = max(number, 0)
                outcomes[at] = _OUTCOMES.get(number, Outcome.DONE)
            self._keep(changes, outcomes[at])
        return outcomes

    def _transact(self, work: Callable[[sqlite3.Cursor], None]) -> None:
        self._cursor.execute("BEGIN IMMEDIATE")
        try:
            work(self._cursor)
            self._cursor.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._cursor.execute("ROLLBACK")

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
