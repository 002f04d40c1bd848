"""What a driver may ask of a store, whatever keeps the data.

A store is opened by one process, fed by one thread (the loop's) and written by a thread or a process of its own. `load`
is answered at once; `commit` is queued, and its `CommitOutcome` comes back on the loop's thread.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from acquirer.model.effects import Commit, CommitOutcome, Load, Loaded
from acquirer.model.rows import Signature
from acquirer.security.vault import Vault
from acquirer.settings.terminals import Registration
from acquirer.store.batch_writer import BatchWriter
from acquirer.store.location import Lock, StoreError
from acquirer.store.queries import Reader
from acquirer.store.registry import Registered
from acquirer.store.transaction_writer import Tell
from acquirer.store.uploads import Developed

Done = Callable[[CommitOutcome], None]
Recorder = Callable[[Path, Lock, AbstractEventLoop], BatchWriter]
"""Starts a process that writes a database, whose lock we have, and answers on a loop. Raises StoreError."""


class Store(Protocol):
    """A store that is open."""

    url: str
    master_key: bytes
    """32 bytes for the vault that seals keys and names cards; as durable as the store itself."""

    @property
    def failure(self) -> str:
        """Why the store stopped for good, as a sentence; empty while it works."""

    @property
    def complaint(self) -> str:
        """The last commit that was refused for a reason of its own, as a sentence; empty when there was none."""

    @property
    def waiting(self) -> int:
        """How many commits are not answered yet; from any thread."""

    @property
    def waited_s(self) -> float:
        """How long the oldest of them has waited."""

    @property
    def congested(self) -> bool:
        """True while too much waits, or for too long: stop reading sockets until it is False again."""

    def start(self, loop: AbstractEventLoop, tell: Tell, apart: Recorder | None = None) -> None:
        """Begin to commit on `loop`, with a thread that writes, and tells of what it has written.

        With `apart`, a database on disk is written by the process that it starts, which tells of it too.

        Raises:
            StoreError: that process cannot be started.
        """

    def load(self, wanted: Load) -> Loaded:
        """The rows of one terminal, and a reference number nobody else is given. From the loop's thread.

        Raises:
            StoreError: the database cannot be read any more; `failure` says so too.
        """

    def commit(self, wanted: Commit, done: Done) -> None:
        """Queue changes; `done` is called with their outcome. From the loop's thread.

        The rows in them are the store's from now on: once written they are kept, one version on.
        """

    def delivered(self, exchange_id: int, outcome: str) -> None:
        """Note, lazily, what became of a reply: ``"sent"``, ``"undelivered"``, ``"damaged"`` …; never awaited."""

    def develop(self, developed: Sequence[Developed]) -> None:
        """Make durable what decoding images of signatures came to. From any thread; returns when it is done.

        Raises:
            StoreError: it could not be written; the signatures still wait for their pictures.
        """

    def import_signature(self, signature: Signature, stream: bytes, png: bytes) -> bool:
        """Keep a signature that was exported; False when there is one of its number already, which stays."""

    def register(self, terminals: Iterable[Registration], vault: Vault) -> Registered:
        """Insert or update terminals by tid, none deleted; a changed TMK drops its working keys."""

    def reader(self) -> Reader:
        """A read-only view for queries; close it after use."""

    def settle(self) -> None:
        """Commit what waits, and answer it. From the loop's thread."""

    def close(self) -> None:
        """Commit what waits, answer it, and put everything into the one database file. Ends whoever writes."""


__all__ = ["Done", "Recorder", "Store", "StoreError"]
