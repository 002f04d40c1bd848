"""The store over SQLite, on disk or in memory: one writing connection with its thread, one that the loop reads from.

In memory there is only one connection, and its readers take turns with the writer.
"""

from __future__ import annotations

import os
import sqlite3
from asyncio import AbstractEventLoop
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path

from acquirer.data.types import Row
from acquirer.model.effects import Commit, Load, Loaded
from acquirer.model.rows import Card, Session, Signature, TerminalConfig, Transaction, TransactionKey
from acquirer.security.vault import MASTER_BYTES, Vault
from acquirer.settings.terminals import Registration
from acquirer.store import statements
from acquirer.store.batch_writer import BatchWriter, ThreadWriter
from acquirer.store.database import connect_reading, connect_writing
from acquirer.store.direct_writer import DirectWriter
from acquirer.store.group_committer import GroupCommitter
from acquirer.store.interface import Done, Recorder
from acquirer.store.location import Lock, StoreError, check_of, master_key, place
from acquirer.store.queries import Reader
from acquirer.store.registry import Registered, register
from acquirer.store.row_cache import RowCache
from acquirer.store.transaction_writer import Tell, set_meta
from acquirer.store.tuples import card_of, registered, transaction_of
from acquirer.store.uploads import Developed, import_signature, uploaded


class SqliteStore:
    """See `ports.Store`; opened by `open_store`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._database = database = place(url)
        self._lock = None if database is None else Lock(database)
        self._writing: sqlite3.Connection | None = None
        try:
            self._writing = connect_writing(database)
            self._ledger = DirectWriter(self._writing)
            self.master_key = os.urandom(MASTER_BYTES) if database is None else self._key_of(database)
            self._reading = self._writing if database is None else connect_reading(database)
        except BaseException:
            if self._writing is not None:
                self._writing.close()
            if self._lock is not None:
                self._lock.release()
            raise
        self._reading_turn = self._ledger.turn if database is None else nullcontext()
        self._configs: RowCache[TerminalConfig] = RowCache()
        self._writer: GroupCommitter | None = None
        self._failure = ""

    @property
    def failure(self) -> str:
        """Why the store stopped for good, as a sentence; empty while it works."""
        return self._failure or (self._writer.failure if self._writer else "")

    @property
    def complaint(self) -> str:
        """The last commit that could not be written for a reason of its own, as a sentence; empty when all could."""
        return self._writer.complaint if self._writer else ""

    @property
    def waiting(self) -> int:
        """How many commits are not answered yet."""
        return 0 if self._writer is None else self._writer.waiting

    @property
    def waited_s(self) -> float:
        """How long the oldest of them has waited."""
        return 0.0 if self._writer is None else self._writer.waited_s

    @property
    def congested(self) -> bool:
        """True while too much waits, or for too long."""
        return self._writer is not None and self._writer.congested

    def start(self, loop: AbstractEventLoop, tell: Tell, apart: Recorder | None = None) -> None:
        """Begin to commit; see `ports.Store.start`."""
        hands: BatchWriter
        if apart is not None and self._database is not None and self._lock is not None:
            hands = apart(self._database, self._lock, loop)
        else:
            assert self._writing is not None
            hands = ThreadWriter(self._writing, self._ledger.turn, loop.call_soon_threadsafe, tell)
        self._writer = GroupCommitter(self._ledger, hands, loop.call_soon)

    def load(self, wanted: Load) -> Loaded:
        """The rows of one terminal; see `ports.Store.load`."""
        numbers = self._ledger.numbers
        try:
            if numbers.used_up:
                self._reserve()
            config, session = self._terminal(wanted.tid)
            transaction = None if config is None or wanted.key is None else self._transaction(wanted.key)
            card = None if wanted.card is None else self._card(wanted.card)
            loaded = Loaded(config, session, transaction, card, numbers.take())
            if wanted.upload and wanted.key is not None and session is not None:
                with self._reading_turn:
                    loaded.uploaded = uploaded(self._reading, wanted.key, session, transaction)
            return loaded
        except sqlite3.Error as wrong:
            self._failure = f"the store cannot be read any more: {wrong}"
            raise StoreError(self._failure) from None

    def commit(self, wanted: Commit, done: Done) -> None:
        """Queue changes; see `ports.Store.commit`."""
        self._running().commit(wanted, done)

    def delivered(self, exchange_id: int, outcome: str) -> None:
        """Note what became of a reply; see `ports.Store.delivered`."""
        self._running().delivered(exchange_id, outcome)

    def develop(self, developed: Sequence[Developed]) -> None:
        """Write what decoding images of signatures came to; see `ports.Store.develop`."""
        try:
            self._ledger.develop(developed)
        except sqlite3.Error as wrong:
            raise StoreError(f"pictures of signatures cannot be kept: {wrong}") from None

    def import_signature(self, signature: Signature, stream: bytes, png: bytes) -> bool:
        """Keep a signature that was exported; False when there is one of its number already."""
        kept = False

        def work(cursor: sqlite3.Cursor) -> None:
            nonlocal kept
            kept = import_signature(cursor, signature, stream, png)

        self._ledger.transact(work)
        return kept

    def register(self, terminals: Iterable[Registration], vault: Vault) -> Registered:
        """Insert or update terminals by tid; see `ports.Store.register`."""
        found = register(self._ledger, terminals, vault, os.urandom)
        self._configs.clear()
        self._ledger.sessions.clear()
        return found

    def reader(self) -> Reader:
        """A view for queries; see `ports.Store.reader`."""
        if self._database is None:
            return Reader(self._reading, self._ledger.turn)
        return Reader(connect_reading(self._database))

    def settle(self) -> None:
        """Commit what waits, and answer it; see `ports.Store.settle`."""
        if self._writer is not None:
            self._writer.settle()

    def close(self) -> None:
        """Commit and answer what waits, then put everything into the one file. A second call does nothing."""
        writer, self._writer = self._writer, None
        if self._writing is None:
            return
        if writer is not None:
            writer.end()
            self._failure = self._failure or writer.failure
        if writer is None or not writer.failure:
            self._ledger.settle()
        connections, self._writing = (self._reading, self._writing), None
        for connection in connections:  # the last one to go puts the log away
            connection.close()
        if self._lock is not None:
            self._lock.release()

    def _reserve(self) -> None:
        """More reference numbers. A new limit may be on its way: two who raise it would count one block twice."""
        if self._writer is not None:
            self._writer.await_numbers()
        if self._ledger.numbers.used_up:
            self._ledger.reserve()

    def _terminal(self, tid: str) -> tuple[TerminalConfig | None, Session | None]:
        config, session = self._configs.get(tid), self._ledger.sessions.get(tid)
        if config is None or session is None:
            row = self._row(statements.TERMINAL_BY_TID, (tid,))
            if row is None:
                return None, None
            config, session = registered(row)
            self._configs.put(tid, config)
            self._ledger.sessions.put(tid, session)
        return config, session

    def _transaction(self, key: TransactionKey) -> Transaction | None:
        row = self._row(statements.TRANSACTION_BY_KEY, key)
        return None if row is None else transaction_of(row)

    def _card(self, token: str) -> Card | None:
        card = self._ledger.cards.get(token)
        if card is None and (row := self._row(statements.CARD_BY_TOKEN, (token,))) is not None:
            card = card_of(row)
            self._ledger.cards.put(token, card)
        return card

    def _row(self, statement: str, key: tuple[str, ...]) -> Row | None:
        with self._reading_turn:
            row: Row | None = self._reading.execute(statement, key).fetchone()
        return row

    def _running(self) -> GroupCommitter:
        if self._writer is None:
            raise StoreError("the store is closed, or was not started")
        return self._writer

    def _key_of(self, database: Path) -> bytes:
        """The master key, made along with the database; afterwards it must be the one the database knows."""
        known = self._ledger.meta("vault")
        key = master_key(database, make=not known)
        if not known:
            self._ledger.transact(lambda cursor: set_meta(cursor, "vault", check_of(key)))
        elif known != check_of(key):
            raise StoreError(f"{database}.key is not the key of {database}: put its own back, or name another store")
        return key


def open_store(url: str) -> SqliteStore:
    """Open the store at `url`: ``memory:``, ``sqlite:///relative.db`` or ``sqlite:////absolute.db``.

    Raises:
        StoreError: one sentence about what is wrong and what to do.
    """
    return SqliteStore(url)
