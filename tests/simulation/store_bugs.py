"""Bugs of the store: its groups, its versions, its numbers, its caches."""

from __future__ import annotations

from typing import Any

import pytest

from acquirer.store import group_committer, rrn, statements, transaction_rows, transaction_writer
from acquirer.store.journal_writer import JournalWriter
from acquirer.store.schema import card as card_table
from acquirer.store.schema import nothing
from acquirer.store.schema import session as session_table
from acquirer.store.schema import transaction_row as transaction_row_table
from tests.simulation.planted_bugs import planted, wrapped

REMEMBERED = "what is answered is remembered"


@planted("no RRN twice")
def block_of_rrns_reused_after_a_crash(patch: pytest.MonkeyPatch) -> None:
    """A block is reserved once, and never again."""
    patch.setattr(rrn.ReferenceNumbers, "limit_to_write", lambda self, *, under_way: None if self.limit else rrn.BLOCK)


@planted("no RRN twice")
def limit_of_rrns_written_too_low(patch: pytest.MonkeyPatch) -> None:
    """The limit that is written is the number that was given out some time before."""
    patch.setattr(rrn.ReferenceNumbers, "limit_to_write", lambda self, *, under_way: max(self.given - 3, 0))


@planted("decided on what is there")
def conflict_ignored(patch: pytest.MonkeyPatch) -> None:
    """Rows are written over what is there, on which version ever they were decided."""
    usual = nothing(session_table, after="last_stan")
    patch.setattr(statements, "SESSIONS", statements.MostlyUsual(session_table, statements._over(session_table), usual))
    patch.setattr(statements, "CARDS", statements.replaced(card_table))
    head = "UPDATE session SET version = given.column2, last_stan = given.column3 FROM (VALUES "
    patch.setattr(statements, "LAST_STANS", statements.ForEach(head, "(?, ?, ?)", ") AS given WHERE tid = column1"))


@planted("decided on what is there")
def version_of_a_transaction_not_looked_at(patch: pytest.MonkeyPatch) -> None:
    def change(self: Any, cursor: Any, rows: Any) -> int:
        narrow = [self._narrow(cursor, row) for row in rows]
        statements.replaced(transaction_row_table, transaction_rows.COLUMNS).write(cursor, narrow)
        return len(rows)

    patch.setattr(transaction_rows.TransactionRows, "write", change)


@planted("no card overdrawn")
def half_a_commit_without_its_card(patch: pytest.MonkeyPatch) -> None:
    packed_without(patch, 6)


@planted("books follow the rules")
def half_a_commit_without_its_original(patch: pytest.MonkeyPatch) -> None:
    packed_without(patch, 4)


def packed_without(patch: pytest.MonkeyPatch, place: int) -> None:
    """Have commits packed without the part at a place."""

    def change(pack: Any, *words: Any) -> Any:
        packed = list(pack(*words))
        packed[place] = None
        return tuple(packed)

    wrapped(patch, group_committer, "pack_changes", change)


@planted(REMEMBERED)
def full_disk_taken_for_written(patch: pytest.MonkeyPatch) -> None:
    write = transaction_writer.TransactionWriter.write_group

    def change(self: Any, commits: Any, deliveries: Any, rrn_limit: Any) -> Any:
        result = write(self, commits, deliveries, rrn_limit)
        if isinstance(result, str):
            self._fatal_error = ""
            if self._cursor.connection.in_transaction:
                self._cursor.execute("ROLLBACK")
            self._forget()
            return transaction_writer.GroupResult([1_000_000 + n for n in range(len(commits))])
        return result

    patch.setattr(transaction_writer.TransactionWriter, "write_group", change)


@planted(REMEMBERED)
def journal_leaves_one_in_ten_out(patch: pytest.MonkeyPatch) -> None:
    def change(write: Any, self: Any, cursor: Any, rows: Any) -> None:
        write(self, cursor, [row for row in rows if row[0] % 10] or rows[:0])

    wrapped(patch, JournalWriter, "write", change)
