"""What this process itself writes of a store: terminals, pictures, reference numbers, in transactions of their own.

Groups of exchanges are written by others (`hands`), over this connection or over one in another process.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence

from acquirer.journal.render import facts
from acquirer.model.rows import Card, Session
from acquirer.store import statements
from acquirer.store.row_cache import RowCache
from acquirer.store.rrn import BLOCK, ReferenceNumbers
from acquirer.store.transaction_writer import last_number, rendered, set_meta
from acquirer.store.uploads import Developed, keep_picture


class DirectWriter:
    """A store's database as this process writes it. Whoever uses the connection holds `turn`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.turn = threading.Lock()
        self._connection = connection
        self._cursor = connection.cursor()
        self.sessions: RowCache[Session] = RowCache()
        self.cards: RowCache[Card] = RowCache()
        self.numbers = ReferenceNumbers(int(self.meta("rrn") or 0))

    def transact(self, work: Callable[[sqlite3.Cursor], None]) -> None:
        """Run `work` in a transaction of its own: all of it happens, or nothing."""
        with self.turn:
            self._transact(work)

    def reserve(self) -> None:
        """Make a block of reference numbers ours. Nothing that reserves one may be under way elsewhere."""
        limit = self.numbers.limit + BLOCK
        self.transact(lambda cursor: set_meta(cursor, "rrn", str(limit)))
        self.numbers.limit = limit

    def settle(self) -> None:
        """Give back the reference numbers nobody took: after a clean end the next start goes on without a gap."""
        self.transact(lambda cursor: set_meta(cursor, "rrn", str(self.numbers.given)))

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

    def _transact(self, work: Callable[[sqlite3.Cursor], None]) -> None:
        self._cursor.execute("BEGIN IMMEDIATE")
        try:
            work(self._cursor)
            self._cursor.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._cursor.execute("ROLLBACK")
