"""Checkers of electronic signatures."""

from __future__ import annotations

from collections.abc import Iterator

from acquirer.simulation.history import History


def signatures_belong_to_their_sales(history: History) -> Iterator[str]:
    """Each image that the host keeps was drawn for the very transaction that it is tied to."""
    if history.books is None:
        return
    drawn = {(one.tid, one.batch, one.stan, one.image) for one in history.signatures}
    owners = {one.image: one for one in history.signatures}
    for signature, image in history.books.signatures:
        key = signature.key
        if (key.tid, key.batch, key.stan, image) in drawn:
            continue
        owner = owners.get(image)
        what = "of no transaction" if owner is None else f"of {owner.tid} batch {owner.batch} STAN {owner.stan}"
        yield f"{key.tid} batch {key.batch} STAN {key.stan}: the host has a signature that is {what}"


def no_signature_is_lost(history: History) -> Iterator[str]:
    """What a cardholder signed is at the host in the end, or on a slip that was printed to be signed on paper."""
    if history.books is None:
        return
    there = {(one.key.tid, one.key.batch, one.key.stan) for one, _ in history.books.signatures}
    undone = {row.key[1:] for row in history.books.transactions if row.state in ("reversed", "tombstone", "declined")}
    for one in sorted({(one.tid, one.batch, one.stan) for one in history.signatures}):
        if one not in there and one not in history.paper and one not in undone:
            yield f"{one[0]} batch {one[1]} STAN {one[2]}: it was signed, and its signature is nowhere"
