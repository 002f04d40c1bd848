"""Which rows a group of commits changes: no two commits of a group change one row."""

from __future__ import annotations

from acquirer.model.effects import Changes
from acquirer.model.ready_exchange import ReadyExchange


def claim_rows(changes: Changes | ReadyExchange, claimed: set[object]) -> bool:
    """Claim the rows of a commit in its group; return False when another has one of them.

    Both were decided on one version, so only the first is right.
    """
    session = changes.session
    if type(changes) is ReadyExchange:  # most often
        if session is None:
            return True
        if session.tid in claimed:
            return False
        claimed.add(session.tid)
        return True
    card, upload = changes.card, changes.upload
    rows: list[object] = [] if session is None else [session.tid]
    for one in (changes.transaction, changes.original, changes.authorisation):
        if one is not None:
            rows.append(one.key)
    if card is not None:
        rows.append((card.token,))  # a tuple, so that no token is taken for a tid
    if upload is not None:
        rows.append(("upload", upload.key))
    if (settlement := changes.settlement) is not None:
        rows.append(("settlement", settlement.mid, settlement.tid, settlement.batch))
    if not claimed.isdisjoint(rows):
        return False
    claimed.update(rows)
    return True
