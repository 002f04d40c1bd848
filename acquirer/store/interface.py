"""What a driver may ask of a store, in memory or on disk.

A store is opened by one process, used on one thread (the loop's) and written by a thread or a process of its own. Loads
are answered at once; `commit` is queued, and its `CommitOutcome` arrives on the loop's thread.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from acquirer.errors import StoreError
from acquirer.model.batches import BatchBooks
from acquirer.model.effects import (
    Commit,
    CommitOutcome,
    Load,
    LoadBatch,
    LoadCard,
    Loaded,
    LoadOriginal,
    LoadSignatures,
)
from acquirer.model.ready_exchange import ReadyExchange
from acquirer.model.remarks import Remark
from acquirer.model.rows import Card, Session, Signature, TerminalConfig, Transaction, TransactionKey, Uploaded
from acquirer.security.secret import Secret
from acquirer.security.vault import Vault
from acquirer.settings.registration import Registration
from acquirer.store.batch_writer import BatchWriter
from acquirer.store.location import DatabaseLock
from acquirer.store.purge import KEEP_DAYS
from acquirer.store.queries import Reader
from acquirer.store.registry import Registered
from acquirer.store.transaction_writer import OnWritten
from acquirer.store.uploads import ImportOutcome, RenderedSignature

OnOutcome = Callable[[CommitOutcome], None]
"""Receives how a commit ended, on the loop's thread."""

Recorder = Callable[[Path, DatabaseLock, AbstractEventLoop, int], BatchWriter]
"""Starts a process that writes a database, whose lock we hold, and reports on a loop; it keeps transactions for so many
days. Raises StoreError."""


class Store(Protocol):
    """A store that is open."""

    url: str
    master_key: bytes
    """32 bytes for the vault that seals keys and names cards; as durable as the store itself."""

    @property
    def fatal_error(self) -> str:
        """Why the store stopped for good, as a sentence; "" while it works."""

    @property
    def last_error(self) -> str:
        """What is wrong and stops nothing: a lost key file, a commit that could not be written; "" when nothing is."""

    @property
    def locked(self) -> bool:
        """Whether another program holds the database: commits are refused unwritten until it is free."""

    @property
    def locked_out(self) -> int:
        """How many commits were refused because of that, since the store was started."""

    @property
    def written(self) -> int:
        """How many commits were made durable, since the store was started."""

    @property
    def waiting(self) -> int:
        """How many commits are not answered yet; from any thread."""

    @property
    def waited_s(self) -> float:
        """How long the oldest of them has waited."""

    @property
    def at_rest(self) -> bool:
        """True while nothing waits to be written, commits and what became of replies."""

    @property
    def congested(self) -> bool:
        """True while too much waits, or for too long: stop reading sockets until it is False again."""

    def start(
        self,
        loop: AbstractEventLoop,
        on_written: OnWritten,
        recorder: Recorder | None = None,
        keep_days: int = KEEP_DAYS,
        on_group: Callable[[], object] = bool,
    ) -> None:
        """Begin to commit on `loop`.

        Args:
            loop: its thread calls every other method, where nothing else is said.
            on_written: is called with what was journalled, by the thread that writes.
            recorder: starts the process that writes a database on disk, and reports it in place of `on_written`; by
                default a thread of this process writes.
            keep_days: how long a transaction outlives its last use, once its batch is closed.
            on_group: is called on the loop's thread once a group of commits is answered.

        Raises:
            StoreError: the process cannot be started.
        """

    def check_files(self) -> None:
        """Notice when others removed, replaced or wrote over a file of the store, or altered its tables.

        `fatal_error` says so then. For once a second.
        """

    def load(self, wanted: Load) -> Loaded:
        """Return the rows of one terminal, and a reference number that is handed out once.

        Raises:
            StoreError: the database cannot be read any more; `fatal_error` says so too. Every load may raise it.
        """

    def look_up(self, wanted: Load) -> Loaded:
        """Return the same rows, and the reference number that is given out next, for who changes nothing."""

    def load_kept(self, tid: str) -> tuple[TerminalConfig, Session] | None:
        """Return a terminal and its session, without looking at the disk; None: not in memory."""

    def take_rrn(self) -> str:
        """Return a reference number that is handed out once."""

    def is_new(self, key: TransactionKey) -> bool:
        """Return whether a transaction is known not to be stored, without looking at the disk."""

    def load_kept_card(self, token: str) -> Card | None:
        """Return the row of a card, or None when nothing is kept about it yet, without looking at the disk.

        Raises:
            LookupError: it is not in memory.
        """

    def load_card(self, wanted: LoadCard) -> Card | None:
        """Return the row of a card; None when nothing is kept about it yet."""

    def load_original(self, wanted: LoadOriginal) -> Transaction | None:
        """Return the transaction of a merchant that is named: by its key; else by reference number and date; else by
        authorisation code, card and date. Of several the latest."""

    def load_signatures(self, wanted: LoadSignatures) -> Uploaded:
        """Return what is known of the signatures of one sale."""

    def load_batch(self, wanted: LoadBatch) -> BatchBooks:
        """Return what is known of one batch: its settlement, its transactions and what was uploaded of them."""

    def commit(self, wanted: Commit | ReadyExchange, on_outcome: OnOutcome) -> None:
        """Queue changes; `on_outcome` is called with how it ended.

        The rows in them are the store's from now on: once written they are cached, one version on.
        """

    def delivered(self, exchange_id: int, outcome: str) -> None:
        """Note, lazily, what became of a reply: ``"pending"``, ``"sent"``, ``"withheld"`` …; never awaited."""

    def write_pictures(self, rendered: Sequence[RenderedSignature]) -> None:
        """Make durable what decoding images of signatures came to. From any thread; returns when it is done.

        Raises:
            StoreError: it could not be written; the signatures still wait for their pictures.
        """

    def import_signatures(self, exported: Iterable[tuple[Signature, bytes, bytes]]) -> list[ImportOutcome]:
        """Keep signatures that were exported, each with its image and its PNG: all of them, or none.

        Raises:
            StoreError: they could not be written.
        """

    def register(self, terminals: Iterable[Registration], vault: Vault) -> Registered:
        """Insert or update terminals by tid, none deleted; a changed TMK drops its working keys."""

    def rotate_master_key(self, tid: str, tmk: Secret, vault: Vault) -> str:
        """Give a terminal another master key, for the keys of its next sign-on; return the KCV of the one before.

        Its working keys stay good until then.

        Raises:
            LookupError: no such terminal is registered.
        """

    def change_session(self, tid: str, change: Callable[[Session], Session]) -> None:
        """Write a terminal's session as `change` makes it, between two exchanges of that terminal.

        Raises:
            LookupError: no such terminal is registered.
        """

    def remark(self, number: int, mark: str | None = None, comment: str | None = None) -> Remark:
        """Change what is said of an exchange; None leaves it, "" takes it away. From any thread.

        Returns:
            All that is said of it.

        Raises:
            LookupError: there is no such exchange.
            StoreError: it cannot be written.
        """

    def reset(self, parts: Collection[str]) -> None:
        """Empty parts of the store, while no exchange is under way: ``journal``, ``sessions``, ``books``.

        Raises:
            StoreError: it cannot be written; nothing is changed then.
        """

    def reader(self) -> Reader:
        """Return a read-only view for queries; close it after use."""

    def flush(self) -> None:
        """Commit what waits, and answer it."""

    def close(self) -> None:
        """Commit what waits, answer it, and put everything into the one database file. Ends the writer. Idempotent."""


__all__ = ["OnOutcome", "Recorder", "Store", "StoreError"]
