"""Batch numbers: the one after another, and a session whose batch is closed."""

from __future__ import annotations

from acquirer.model.rows import Session


def next_batch(batch: str) -> str:
    """The batch number after this one; 000000 is never used.

    >>> next_batch("000009"), next_batch("999999")
    ('000010', '000001')
    """
    return f"{int(batch) % 999_999 + 1:06}"


def closed(session: Session) -> Session:
    """Return a session whose open batch is closed by its settlement: the next one is open, and nothing is in it."""
    after = session.copy()
    after.settled, after.batch = session.batch, next_batch(session.batch)
    after.settling, after.unused = False, True
    return after
