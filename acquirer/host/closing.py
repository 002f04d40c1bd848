"""A session whose batch is closed."""

from __future__ import annotations

from acquirer.model.rows import Session
from acquirer.settlement.batch_numbers import next_batch


def closed(session: Session) -> Session:
    """Return a session whose open batch is closed by its settlement: the next one is open, and nothing is in it."""
    after = session.copy()
    after.settled, after.batch = session.batch, next_batch(session.batch)
    after.settling, after.unused = False, True
    return after
