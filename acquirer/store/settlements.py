"""Settlements in the database: how details of an upload are written, and what is read for a decision about a batch.

A settlement is one exchange in hundreds; what it reads, all transactions of its batch, is found by the first parts of
their key.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, TypeVar

from acquirer.data.types import Row
from acquirer.model.batches import BatchBooks
from acquirer.model.effects import LoadBatch
from acquirer.store import schema
from acquirer.store.schema import DETAIL, SETTLEMENT, Relation, sql_name
from acquirer.store.soundness import unpack_whole
from acquirer.store.statements import having, query, replaced, select
from acquirer.store.transaction_rows import unpack_transaction

T = TypeVar("T")

BATCH: Final = ("mid", "tid", "batch")
_IN_BATCH: Final = having(*BATCH)
_DETAILS: Final = replaced(schema.detail)
_SETTLEMENT_OF: Final = select(schema.settlement, _IN_BATCH)
_SIGNED: Final = query("stan", sql_name(schema.signature.name), [_IN_BATCH])

DELETE_OLD_SETTLEMENTS: Final = " ".join(
    [
        *("DELETE FROM", sql_name(schema.settlement.name), "WHERE at_us < ? AND batch <>"),
        *("(SELECT batch FROM", sql_name(schema.session.name)),
        f"WHERE {sql_name(schema.session.name)}.tid = {sql_name(schema.settlement.name)}.tid)",
    ]
)
DELETE_OLD_DETAILS: Final = " ".join(
    [
        *("DELETE FROM", sql_name(schema.detail.name), "WHERE at_us < ? AND NOT EXISTS"),
        *("(SELECT 1 FROM", sql_name(schema.settlement.name), "WHERE"),
        " AND ".join(
            [f"{sql_name(schema.settlement.name)}.{one} = {sql_name(schema.detail.name)}.{one}" for one in BATCH]
        ),
        ")",
    ]
)
"""Details go with the settlement of their batch."""


class Details:
    """Writes the details that uploads bring, as `statements.Many` writes rows."""

    def write(self, cursor: sqlite3.Cursor, uploads: Sequence[Iterable[Row]]) -> int:
        """Write rows over those that are there; return how many uploads they are of."""
        _DETAILS.write(cursor, [row for rows in uploads for row in rows])
        return len(uploads)


DETAILS: Final = Details()


def load_books(connection: sqlite3.Connection, wanted: LoadBatch, database: Path | None = None) -> BatchBooks:
    """Return what is known of one batch.

    Raises:
        StoreError: a row holds something that no host writes.
    """
    batch, stans = (wanted.mid, wanted.tid, wanted.batch), wanted.stans
    among = "" if stans is None else f"stan IN ({', '.join('?' * len(stans))})"

    def rows(table: Relation, unpack: Callable[[Row], T]) -> tuple[T, ...]:
        found = connection.execute(select(table, _IN_BATCH, among, order="stan"), (*batch, *(stans or ())))
        return tuple([unpack_whole(unpack, row, table, database) for row in found])

    settled = connection.execute(_SETTLEMENT_OF, batch).fetchone()
    signed = connection.execute(_SIGNED, batch).fetchall() if stans is None else []
    return BatchBooks(
        None if settled is None else unpack_whole(SETTLEMENT.unpack, settled, schema.settlement, database),
        rows(schema.transaction, unpack_transaction),
        rows(schema.detail, DETAIL.unpack),
        frozenset([stan for (stan,) in signed]),
    )
