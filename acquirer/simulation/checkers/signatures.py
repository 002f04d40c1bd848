"""Checkers of electronic signatures."""

from __future__ import annotations

from collections.abc import Iterator

from acquirer.simulation.history import History
from acquirer.simulation.ledger import LedgerNumber


def signatures_belong_to_their_sales(history: History) -> Iterator[str]:
    """Each image that the host keeps was drawn for the very transaction that it is tied to."""
    if history.books is None:
        return
    drawn = {(LedgerNumber(one.tid, one.batch, one.stan), one.image) for one in history.signatures}
    owners = {image: number for number, image in drawn}
    for signature, image in history.books.signatures:
        number = LedgerNumber(*signature.key[1:])
        if (number, image) in drawn:
            continue
        owner = owners.get(image)
        what = "of no transaction" if owner is None else f"of {owner}"
        yield f"{number}: the host has a signature that is {what}"


def no_signature_is_lost(history: History) -> Iterator[str]:
    """What a cardholder signed is at the host in the end, or on a slip that was printed to be signed on paper."""
    if history.books is None:
        return
    there = {one.key[1:] for one, _ in history.books.signatures}
    undone = {row.key[1:] for row in history.books.transactions if row.state in ("reversed", "tombstone", "declined")}
    for number in sorted({LedgerNumber(one.tid, one.batch, one.stan) for one in history.signatures}):
        if number not in there and number not in history.paper and number not in undone:
            yield f"{number}: it was signed, and its signature is nowhere"
