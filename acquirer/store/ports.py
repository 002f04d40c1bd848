"""What a driver may ask of a store, whatever keeps the data.

A store is opened by one process, fed by one thread (the loop's) and written by a thread of its own. `load` is
answered at once; `commit` is queued, and its `Outcome` comes back on the loop's thread, once for each group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from acquirer.exchange.effects import Commit, Load, Loaded, Outcome
from acquirer.exchange.rows import Signature
from acquirer.security.vault import Vault
from acquirer.settings.terminals import Registration
from acquirer.store.place import StoreError
from acquirer.store.queries import Reader
from acquirer.store.registry import Registered
from acquirer.store.uploads import Developed
from acquirer.wire.dialect import Dialect

Done = Callable[[Outcome], None]
Call = Callable[[Callable[[], None]], object]
"""Runs a function on the loop's thread: ``loop.call_soon_threadsafe``, or ``loop.call_soon`` from that thread."""


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
    def congested(self) -> bool:
        """True while too much waits, or for too long: stop reading sockets until it is False again."""

    def start(
        self, notify: Call | None = None, soon: Call | None = None, apart: Sequence[tuple[str, Dialect]] = ()
    ) -> None:
        """Begin to commit; `notify` brings outcomes to the loop, `soon` lets one loop iteration gather its commits.

        With `apart`, all dialects that exchanges will be in and what each is loaded by, a database on disk is written
        by a process of its own.

        Raises:
            StoreError: that process cannot be started.
        """

    def load(self, wanted: Load) -> Loaded:
        """The rows of one terminal, and a reference number nobody else is given. From the loop's thread.

        Raises:
            StoreError: the database cannot be read any more; `failure` says so too.
        """

    def commit(self, wanted: Commit, done: Done) -> None:
        """Queue changes; `done` is called with their outcome. From the loop's thread."""

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

    def close(self) -> None:
        """Commit what waits, answer it, and put everything into the one database file. Ends the writer's thread."""


__all__ = ["Call", "Done", "Store", "StoreError"]
