"""What a store changes in transactions of its own, beside the groups of commits."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager

from acquirer.errors import StoreError
from acquirer.model.remarks import Remark
from acquirer.model.rows import Session, Signature
from acquirer.security.secret import Secret
from acquirer.security.vault import Vault
from acquirer.settings.registration import Registration
from acquirer.store import statements
from acquirer.store.key_rotation import rotate_master_key
from acquirer.store.registry import Registered, register, registered_terminal
from acquirer.store.remarks import write_remark
from acquirer.store.resetting import reset_rows
from acquirer.store.row_loader import RowLoader
from acquirer.store.schema import SESSION
from acquirer.store.soundness import explained
from acquirer.store.uploads import ImportOutcome, RenderedSignature, import_signature


class DirectChanges(RowLoader):
    """The part of a store that changes rows at once; see `interface.Store`."""

    def write_pictures(self, rendered: Sequence[RenderedSignature]) -> None:
        """Write what decoding images of signatures came to; see `interface.Store.write_pictures`."""
        try:
            self._direct.write_pictures(rendered)
        except sqlite3.Error as exc:
            raise StoreError(f"pictures of signatures cannot be kept: {exc}") from None

    def import_signatures(self, exported: Iterable[tuple[Signature, bytes, bytes]]) -> list[ImportOutcome]:
        """Keep signatures that were exported; see `interface.Store.import_signatures`."""
        outcomes: list[ImportOutcome] = []

        def work(cursor: sqlite3.Cursor) -> None:
            outcomes.extend(import_signature(cursor, *one) for one in exported)

        try:
            self._direct.transact(work)
        except sqlite3.Error as exc:
            raise StoreError(f"signatures cannot be imported, and none was: {exc}") from None
        return outcomes

    def register(self, terminals: Iterable[Registration], vault: Vault) -> Registered:
        """Insert or update terminals by tid; see `interface.Store.register`."""
        with self._writes():
            result = register(self._direct, terminals, vault, os.urandom)
        self._configs.clear()
        self._direct.sessions.clear()
        return result

    def rotate_master_key(self, tid: str, tmk: Secret, vault: Vault) -> str:
        """Give a terminal another master key; see `interface.Store.rotate_master_key`."""
        with self._writes():
            before = rotate_master_key(self._direct, tid, tmk, vault, self._database)
        self._configs.clear()
        self._direct.sessions.clear()
        return before

    def change_session(self, tid: str, change: Callable[[Session], Session]) -> None:
        """Write a terminal's session as `change` makes it; see `interface.Store.change_session`."""

        def work(cursor: sqlite3.Cursor) -> None:
            _, session = registered_terminal(cursor, tid, self._database)
            statements.SESSIONS.write(cursor, [SESSION.pack(change(session))])

        with self._writes():
            self._direct.transact(work)
        self._direct.sessions.clear()

    def remark(self, number: int, mark: str | None = None, comment: str | None = None) -> Remark:
        """Change what is said of an exchange; see `interface.Store.remark`."""
        found: list[Remark] = []
        with self._writes():
            self._direct.transact(lambda cursor: found.append(write_remark(cursor, number, mark, comment)))
        return found[0]

    def reset(self, parts: Collection[str]) -> None:
        """Empty parts of the store; see `interface.Store.reset`."""
        with self._writes():
            self._direct.transact(lambda cursor: reset_rows(cursor, parts))
        self._direct.forget_rows()

    @contextmanager
    def _writes(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as exc:
            raise explained(self._database, exc) from None
