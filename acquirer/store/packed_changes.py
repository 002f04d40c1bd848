"""All that one exchange changes, packed: plain values, so that it can be written here or in another process."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, cast

from acquirer.data.types import Row
from acquirer.journal.packed import PackedExchange
from acquirer.journal.render import Facts, collect
from acquirer.journal.shapes import RECORD_NAMES
from acquirer.model.effects import Changes
from acquirer.model.ready_exchange import ReadyExchange
from acquirer.model.rows import Session
from acquirer.store.schema import CARD, DETAIL, SESSION, SETTLEMENT, TRANSACTION
from acquirer.store.statements import SESSIONS
from acquirer.store.uploads import pack_upload

if TYPE_CHECKING:
    from acquirer.dialect.dialect import Dialect

_One = Row | None
PackedChanges = tuple[
    PackedExchange | None,
    tuple[Any, Facts] | None,
    *tuple[_One, _One, _One, _One, _One, _One, _One],
    tuple[Row, ...] | None,
    _One,
]
"""The exchange as it is kept; None where that is made of what follows: the dialect's key (`BatchWriter.dialect_key`)
and the journal's facts. Then the rows, where they change, of session, transaction, original, the pre-authorisation
beneath it, card, upload, settlement and details; at last, in place of a session's row of which only the STAN changes,
its tid, version and STAN (`statements.LAST_STANS`)."""


def _unknown(_tid: str) -> None:
    """Return None: it is not known which sessions are stored."""


def pack_changes(
    changes: Changes | ReadyExchange,
    dialect_key: Callable[[Dialect], Any],
    stored: Callable[[str], Session | None] = _unknown,
) -> PackedChanges:
    """Return changes as they are written.

    Args:
        dialect_key: returns what the writer calls a dialect.
        stored: finds a terminal's session as it is stored, where that is known.
    """
    if type(changes) is ReadyExchange:
        session, transaction, only_stan = changes.session, changes.transaction, changes.only_stan
        return (
            cast("PackedExchange | None", changes.row),
            None if changes.facts is None else (dialect_key(changes.dialect), changes.facts),
            None if session is None or only_stan else _session_row(session),
            None if transaction is None else TRANSACTION.pack(transaction),
            *_NO_OTHERS,
            (session.tid, session.version + 1, changes.stan) if session is not None and only_stan else None,
        )
    session, transaction, original = changes.session, changes.transaction, changes.original
    authorisation, card, upload = changes.authorisation, changes.card, changes.upload
    whole, booked = _pack_session(session, stored)
    return (
        None,
        (dialect_key(changes.evidence.dialect), collect(changes.evidence)),
        whole,
        None if transaction is None else TRANSACTION.pack(transaction),
        None if original is None else TRANSACTION.pack(original),
        None if authorisation is None else TRANSACTION.pack(authorisation),
        None if card is None else CARD.pack(card),
        None if upload is None else pack_upload(upload),
        None if changes.settlement is None else SETTLEMENT.pack(changes.settlement),
        tuple([DETAIL.pack(one) for one in changes.details]) or None,
        booked,
    )


def _pack_session(session: Session | None, stored: Callable[[str], Session | None]) -> tuple[_One, _One]:
    """Return the row of a session, or what follows the others where only its STAN changes, as by most sales."""
    if session is None:
        return None, None
    before = stored(session.tid)
    if (
        before is not None
        and before is not session
        and 0 != session.version == before.version
        and _others(session) == _others(before)
    ):
        return None, (session.tid, session.version + 1, session.last_stan)
    return _session_row(session), None


def _session_row(session: Session) -> Row:
    """Return the row of a session; most have the usual values at its end, which are not sent."""
    return SESSIONS.short(SESSION.pack(session))


def packed_at_us(changes: PackedChanges) -> int:
    """Return when the exchange of packed changes came."""
    exchange, unpacked = changes[:2]
    if exchange is not None:
        return exchange[0]
    assert unpacked is not None
    return int(unpacked[1][_AT_US])


_AT_US: Final = RECORD_NAMES.index("at_us")
_NO_OTHERS: Final = (None, None, None, None, None, None)
_others: Final = attrgetter(*[name for name in Session.__slots__ if name not in ("version", "last_stan")])
