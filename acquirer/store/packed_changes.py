"""All that one exchange changes, packed: plain values, so that it can be written here or in another process."""

from __future__ import annotations

from typing import Any, Final, cast

from acquirer.data.types import Row
from acquirer.journal.packed import PackedExchange
from acquirer.journal.render import Facts, collect
from acquirer.journal.shapes import RECORD_NAMES
from acquirer.model.effects import Changes
from acquirer.model.ready_exchange import ReadyExchange
from acquirer.store.schema import CARD, DETAIL, SESSION, SETTLEMENT, TRANSACTION
from acquirer.store.uploads import pack_upload

_One = Row | None
PackedChanges = tuple[
    PackedExchange | None, tuple[Any, Facts] | None, _One, _One, _One, _One, _One, _One, _One, tuple[Row, ...] | None
]
"""The exchange as it is kept; None where that is made of what follows: the dialect's key (`BatchWriter.dialect_key`)
and the journal's facts. Then the rows, where they change, of session, transaction, original, the pre-authorisation
beneath it, card, upload, settlement and details."""


def pack_changes(changes: Changes | ReadyExchange, dialect_key: Any) -> PackedChanges:
    """Return changes as they are written; `dialect_key` is what the writer calls their dialect."""
    if isinstance(changes, ReadyExchange):
        session, exchange = changes.session, cast("PackedExchange | None", changes.row)
        unpacked = None if changes.facts is None else (dialect_key, changes.facts)
        packed = None if session is None else SESSION.pack(session)
        booked = None if changes.transaction is None else TRANSACTION.pack(changes.transaction)
        return (exchange, unpacked, packed, booked, *_NO_OTHERS)
    session, transaction, original = changes.session, changes.transaction, changes.original
    authorisation, card, upload = changes.authorisation, changes.card, changes.upload
    return (
        None,
        (dialect_key, collect(changes.evidence)),
        None if session is None else SESSION.pack(session),
        None if transaction is None else TRANSACTION.pack(transaction),
        None if original is None else TRANSACTION.pack(original),
        None if authorisation is None else TRANSACTION.pack(authorisation),
        None if card is None else CARD.pack(card),
        None if upload is None else pack_upload(upload),
        None if changes.settlement is None else SETTLEMENT.pack(changes.settlement),
        tuple([DETAIL.pack(one) for one in changes.details]) or None,
    )


def packed_at_us(changes: PackedChanges) -> int:
    """Return when the exchange of packed changes came."""
    exchange, unpacked = changes[:2]
    if exchange is not None:
        return exchange[0]
    assert unpacked is not None
    return int(unpacked[1][_AT_US])


_AT_US: Final = RECORD_NAMES.index("at_us")
_NO_OTHERS: Final = (None, None, None, None, None, None)
