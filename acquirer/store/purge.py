"""Deleting what is out of use: transactions that nothing can refer to any more, settlements with what was uploaded of
their batches, and parts of signatures never finished.

What is deleted is overwritten (``secure_delete``), in the database and then in its log, which still held it as it was
written.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from acquirer.store import schema
from acquirer.store.database import wait_when_busy
from acquirer.store.schema import sql_name
from acquirer.store.settlements import DELETE_OLD_DETAILS, DELETE_OLD_SETTLEMENTS
from acquirer.store.uploads import DELETE_OLD_PARTS

HOUR_US: Final = 3600 * 1_000_000
DAY_US: Final = 24 * HOUR_US

PARTS_KEPT_US: Final = DAY_US
"""A signature in parts whose rest does not come within a day is given up by its terminal long since."""

KEEP_DAYS: Final = 35
"""A refund may name a sale for 30 days, a completion its authorisation for 29, a reprint any time; a few days more."""

_UNUSED: Final = " ".join(
    [
        *("DELETE FROM", sql_name(schema.transaction_row.name)),
        f"WHERE {schema.USED_HOUR} <= {schema.USED_HOUR.replace('used_us', '?1')} AND used_us < ?1 AND batch <>",
        *("(SELECT batch FROM", sql_name(schema.session.name)),
        f"WHERE {sql_name(schema.session.name)}.tid = {sql_name(schema.transaction_row.name)}.tid)",
    ]
)


def delete_unused(cursor: sqlite3.Cursor, now_us: int, keep_days: int) -> int:
    """Delete transactions whose batch is closed and that were last used more than `keep_days` ago; return how many.

    A terminal may repeat or reverse what is in its open batch for as long as it likes. One that was never used counts
    as used long ago. Settlements are kept for as long, with the details of their uploads. Parts of signatures that are
    a day old are deleted too.
    """
    before_us = now_us - keep_days * DAY_US
    deleted = cursor.execute(_UNUSED, (before_us,)).rowcount
    cursor.execute(DELETE_OLD_SETTLEMENTS, (before_us,))
    cursor.execute(DELETE_OLD_DETAILS, (before_us,))
    cursor.execute(DELETE_OLD_PARTS, (now_us - PARTS_KEPT_US,))
    return deleted


def empty_log(cursor: sqlite3.Cursor, wait_s: float = 0.0) -> bool:
    """Put all of the log into the database and cut it to nothing; return False when a reader or writer prevents it.

    Args:
        wait_s: how long to wait for others; afterwards the connection waits for no one, until it is set to.
    """
    wait_when_busy(cursor, wait_s)
    ((busy, _frames, _put_away),) = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    wait_when_busy(cursor, 0)
    return not busy
