"""Which transactions are known not to be there: those above the highest number of their terminal's batch.

Nearly every request has the next number, and the database would be asked for it in vain. As with `store.row_cache` only
this host writes, and exchanges of one terminal are decided one after another, until their commit is answered. Where
another program wrote all the same, the commit of the transaction conflicts, and what is known of its terminal is
forgotten.
"""

from __future__ import annotations

from typing import Final

from acquirer.model.rows import TransactionKey
from acquirer.store import schema
from acquirer.store.row_cache import RowCache
from acquirer.store.schema import sql_name
from acquirer.store.statements import having, query

HIGHEST_OF_BATCH: Final = query(
    "coalesce(max(stan), '')", sql_name(schema.transaction_row.name), [having("tid", "batch")]
)
"""Of every merchant that the terminal ever had: it stands in the order of the key, and a higher bound is right too."""


class HighestStans:
    """The highest number in the batch that was last asked about, by terminal. For the loop's thread."""

    def __init__(self) -> None:
        self._known: RowCache[tuple[str, str]] = RowCache()  # batch and STAN

    def is_above(self, key: TransactionKey) -> bool | None:
        """Return whether a transaction lies above all of its batch, so that it is not there; None when not known."""
        known = self._known.get(key.tid)
        if known is None or known[0] != key.batch:
            return None
        return key.stan > known[1]

    def put(self, tid: str, batch: str, stan: str) -> None:
        """Note what the database says of a batch."""
        self._known.put(tid, (batch, stan))

    def raise_to(self, key: TransactionKey) -> None:
        """Note that a transaction is there from now on."""
        if self.is_above(key):
            self._known.put(key.tid, (key.batch, key.stan))

    def forget(self, tid: str) -> None:
        """Ask the database the next time."""
        self._known.forget(tid)

    def clear(self) -> None:
        """Forget all."""
        self._known.clear()
