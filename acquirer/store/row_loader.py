"""Loading rows for the loop: sessions and cards from memory where they are kept, everything else from the database.

A row that cannot be read, or holds what no host writes, stops the store: `fatal_error` says why.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TypeVar

from acquirer.data.types import Row
from acquirer.errors import StoreError
from acquirer.model.batches import BatchBooks
from acquirer.model.effects import Load, LoadBatch, LoadCard, Loaded, LoadOriginal, LoadSignatures
from acquirer.model.rows import Card, Session, TerminalConfig, Transaction, TransactionKey, Uploaded
from acquirer.store import schema, statements
from acquirer.store.database import is_busy
from acquirer.store.direct_writer import DirectWriter
from acquirer.store.highest_stan import HIGHEST_OF_BATCH
from acquirer.store.queries import registered
from acquirer.store.row_cache import RowCache
from acquirer.store.schema import CARD, Relation
from acquirer.store.settlements import load_books
from acquirer.store.soundness import explained, unpack_whole
from acquirer.store.statements import having, select
from acquirer.store.transaction_rows import unpack_transaction
from acquirer.store.uploads import load_uploaded

T = TypeVar("T")
W = TypeVar("W")

_LATEST = "at_us DESC"
_BY_RRN = f"{having('mid', 'rrn')} AND rrn <> ''"  # as the index has it, else SQLite would not use it
_BY_AUTHORISATION = f"{having('mid', 'card')} AND authorised_minor > 0"
_ON_DATE = "substr(business_date, 5) = ?"


class RowLoader:
    """The part of a store that loads; see `interface.Store`.

    Args:
        reading: in memory it is the connection that also writes.
        database: None in memory.
    """

    def __init__(self, direct: DirectWriter, reading: sqlite3.Connection, database: Path | None) -> None:
        self._direct = direct
        self._reading = reading
        self._reading_lock = direct.lock if database is None else nullcontext()
        self._configs: RowCache[TerminalConfig] = RowCache()
        self._database = database
        self._fatal_error = ""

    def load(self, wanted: Load) -> Loaded:
        """Return the rows of one terminal; see `interface.Store.load`."""
        config, session, transaction = self._rows_of(wanted)
        return Loaded(config, session, transaction, self._direct.rrns.take())

    def look_up(self, wanted: Load) -> Loaded:
        """Return the same, with the next reference number, which is not given out; see `interface.Store.look_up`."""
        config, session, transaction = self._rows_of(wanted)
        return Loaded(config, session, transaction, self._direct.rrns.next)

    def load_kept(self, tid: str) -> tuple[TerminalConfig, Session] | None:
        """Return the rows of one terminal if they are in memory; see `interface.Store.load_kept`."""
        config, session = self._configs.get(tid), self._direct.sessions.get(tid)
        return None if config is None or session is None else (config, session)

    def take_rrn(self) -> str:
        """Return a reference number; see `interface.Store.take_rrn`."""
        return self._direct.rrns.take()

    def is_new(self, key: TransactionKey) -> bool:
        """Return whether a transaction is known not to be stored; see `interface.Store.is_new`."""
        return bool(self._direct.highest_stans.is_above(key))

    def load_kept_card(self, token: str) -> Card | None:
        """Return the row of a card; see `interface.Store.load_kept_card`."""
        card = self._direct.cards.get(token)
        if card is None and not self._direct.cards_without_row.get(token):
            raise LookupError
        return card

    def load_card(self, wanted: LoadCard) -> Card | None:
        """Return the row of a card; see `interface.Store.load_card`."""
        card = self._direct.cards.get(wanted.token)
        if card is not None or self._direct.cards_without_row.get(wanted.token):
            return card
        try:
            row = self._row(statements.CARD_BY_TOKEN, wanted.token)
        except sqlite3.Error as exc:
            raise self._unreadable(exc) from None
        if row is not None:
            card = self._whole(CARD.unpack, row, schema.card)
            self._direct.cards.put(wanted.token, card)
        else:
            self._direct.cards_without_row.put(wanted.token, row=True)
        return card

    def load_original(self, wanted: LoadOriginal) -> Transaction | None:
        """Return the transaction that is named; see `interface.Store.load_original`."""
        try:
            if wanted.key is not None:
                row = self._row(statements.TRANSACTION_BY_KEY, *wanted.key)
            else:
                if wanted.rrn:
                    by, values = [_BY_RRN], [wanted.mid, wanted.rrn]
                elif wanted.auth_id:
                    by, values = [_BY_AUTHORISATION, having("auth_id")], [wanted.mid, wanted.card, wanted.auth_id]
                else:
                    by, values = [_BY_AUTHORISATION, having("state")], [wanted.mid, wanted.card, "approved"]
                if wanted.date:
                    by.append(_ON_DATE)
                    values.append(wanted.date)
                row = self._row(select(schema.transaction, *by, order=_LATEST, limit=True), *values, 1)
        except sqlite3.Error as exc:
            raise self._unreadable(exc) from None
        return self._transaction(row)

    def load_signatures(self, wanted: LoadSignatures) -> Uploaded:
        """Return what is known of the signatures of one sale; see `interface.Store.load_signatures`."""
        return self._several(load_uploaded, wanted)

    def load_batch(self, wanted: LoadBatch) -> BatchBooks:
        """Return what is known of one batch; see `interface.Store.load_batch`."""
        return self._several(load_books, wanted)

    def _several(self, load: Callable[[sqlite3.Connection, W, Path | None], T], wanted: W) -> T:
        """Return what is loaded from several tables at once."""
        try:
            with self._reading_lock:
                return load(self._reading, wanted, self._database)
        except sqlite3.Error as exc:
            raise self._unreadable(exc) from None
        except StoreError as exc:
            raise self._damaged(exc) from None

    def _rows_of(self, wanted: Load) -> tuple[TerminalConfig | None, Session | None, Transaction | None]:
        try:
            config, session = self._terminal(wanted.tid)
            row = None if config is None or wanted.key is None else self._stored(wanted.key)
        except sqlite3.Error as exc:
            raise self._unreadable(exc) from None
        return config, session, None if row is None else self._transaction(row)

    def _terminal(self, tid: str) -> tuple[TerminalConfig | None, Session | None]:
        config, session = self._configs.get(tid), self._direct.sessions.get(tid)
        if config is None or session is None:
            row = self._row(statements.TERMINAL_BY_TID, tid)
            if row is None:
                return None, None
            try:
                config, session = registered(row, self._database)
            except StoreError as exc:
                raise self._damaged(exc) from None
            self._configs.put(tid, config)
            self._direct.sessions.put(tid, session)
        return config, session

    def _stored(self, key: TransactionKey) -> Row | None:
        """Return the row of a transaction; the database is not asked for one that is known not to be there."""
        highest = self._direct.highest_stans
        above = highest.is_above(key)
        if above is None:
            row = self._row(HIGHEST_OF_BATCH, key.tid, key.batch)
            highest.put(key.tid, key.batch, "" if row is None else str(row[0]))
            above = highest.is_above(key)
        return None if above else self._row(statements.TRANSACTION_BY_KEY, *key)

    def _row(self, statement: str, *values: str | int) -> Row | None:
        with self._reading_lock:
            row: Row | None = self._reading.execute(statement, values).fetchone()
        return row

    def _transaction(self, row: Row | None) -> Transaction | None:
        return None if row is None else self._whole(unpack_transaction, row, schema.transaction)

    def _whole(self, unpack: Callable[[Row], T], row: Row, table: Relation) -> T:
        try:
            return unpack_whole(unpack, row, table, self._database)
        except StoreError as exc:
            raise self._damaged(exc) from None

    def _unreadable(self, exc: sqlite3.Error) -> StoreError:
        if is_busy(exc):  # readers wait for writers in rare moments only; it costs one exchange
            return explained(self._database, exc)
        return self._damaged(explained(self._database, exc))

    def _damaged(self, exc: StoreError) -> StoreError:
        self._fatal_error = f"the store cannot be read any more: {exc}"
        return StoreError(self._fatal_error)
