"""Other keys for a store: the key file that seals all of them, and the master key of one terminal.

A key file is replaced while no host serves the store. What is killed on the way leaves a store that opens, under the
old key or the new one (`store.key_file`); no moment needs both.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final

from acquirer.errors import StoreError
from acquirer.host.keys import context
from acquirer.model.rows import Generation, Session, TerminalConfig
from acquirer.security.secret import Secret
from acquirer.security.vault import Vault, VaultError, renewed_master
from acquirer.store import schema, statements
from acquirer.store.database import BUSY_S, connect_writing
from acquirer.store.direct_writer import DirectWriter
from acquirer.store.key_file import check_value, master_key, settle_next_key, write_next_key
from acquirer.store.location import DatabaseLock, unusable
from acquirer.store.purge import empty_log
from acquirer.store.registry import registered_terminal
from acquirer.store.schema import SESSION, TERMINAL
from acquirer.store.soundness import damaged, explained, unpack_whole
from acquirer.store.statements import select
from acquirer.store.transaction_writer import set_meta
from acquirer.store.upkeep import existing

_NOT_COMPARED: Final = ""
"""In place of the digest of a registration: the next one is compared itself."""


def opened_key(direct: DirectWriter, database: Path) -> bytes:
    """Return the master key, made along with the database; later it must be the one that the database knows.

    For who holds the database's lock. Raises StoreError.
    """
    known = direct.meta("vault")
    if not known and direct.in_use:
        raise damaged(database, "it does not say which key file is its own")
    key = master_key(database, make=not known, known=known)
    if not known:
        direct.transact(lambda cursor: set_meta(cursor, "vault", check_value(key)))
    elif known != check_value(key):
        raise StoreError(f"{database}.key is not the key of {database}: put its own back, or name another store")
    settle_next_key(database, check_value(key))
    return key


def rotate_key_file(url: str) -> int:
    """Seal all keys of a store under a new key file; return how many there are.

    Raises:
        StoreError: a host serves it, it cannot be written, or a key in it does not open.
    """
    database = existing(url)
    lock = DatabaseLock(database)
    try:
        with closing(connect_writing(database)) as connection:
            return _rotated(database, connection)
    except sqlite3.Error as exc:
        raise explained(database, exc) from None
    except VaultError as exc:
        raise StoreError(f"{database} stays as it was: {exc}") from None
    except OSError as exc:
        raise unusable(database, exc) from None
    finally:
        lock.release(remove=lock.created)


def _rotated(database: Path, connection: sqlite3.Connection) -> int:
    direct = DirectWriter(connection, database)
    old = opened_key(direct, database)
    fresh = renewed_master(old, os.urandom)
    write_next_key(database, fresh)
    count = 0

    def work(cursor: sqlite3.Cursor) -> None:
        nonlocal count
        count = _reseal(cursor, database, Vault(old), Vault(fresh))
        set_meta(cursor, "vault", check_value(fresh))

    connection.execute("PRAGMA secure_delete = ON")  # what was sealed under the old key leaves the file
    direct.transact(work)
    settle_next_key(database, check_value(fresh))
    with closing(connection.cursor()) as cursor:
        empty_log(cursor, BUSY_S)
    return count


def _reseal(cursor: sqlite3.Cursor, database: Path, old: Vault, fresh: Vault) -> int:
    """Seal every key anew; return how many."""
    count = 0

    def sealed(purpose: str, blob: bytes | None) -> bytes | None:
        nonlocal count
        if not blob:
            return blob
        count += 1
        return fresh.seal(purpose, old.open(purpose, blob), os.urandom)

    def generation(tid: str, one: Generation | None) -> Generation | None:
        return one and replace(one, sealed=sealed(context(tid, one.number), one.sealed) or b"")

    terminals: Iterable[TerminalConfig] = [
        unpack_whole(TERMINAL.unpack, row, schema.terminal, database) for row in cursor.execute(select(schema.terminal))
    ]
    sessions: Iterable[Session] = [
        unpack_whole(SESSION.unpack, row, schema.session, database) for row in cursor.execute(select(schema.session))
    ]
    statements.TERMINALS.write(
        cursor,
        [
            (
                *TERMINAL.pack(
                    replace(
                        one,
                        tmk=sealed(f"tmk:{one.tid}", one.tmk) or b"",
                        bdk=sealed(f"bdk:{one.tid}", one.bdk),
                        fixed_keys=sealed(f"fixed:{one.tid}", one.fixed_keys),
                    )
                ),
                _NOT_COMPARED,
            )
            for one in terminals
        ],
    )
    statements.SESSIONS.write(
        cursor,
        [
            SESSION.pack(
                replace(
                    one,
                    current=generation(one.tid, one.current),
                    previous=generation(one.tid, one.previous),
                    tmk=sealed(f"tmk:{one.tid}", one.tmk),
                    next_tmk=sealed(f"tmk:{one.tid}", one.next_tmk),
                )
            )
            for one in sessions
        ],
    )
    return count


def rotate_master_key(direct: DirectWriter, tid: str, tmk: Secret, vault: Vault, database: Path | None) -> str:
    """Give a terminal another master key, from its next sign-on on; return the KCV of the one before.

    Its working keys stay good until then, so that nothing that is under way, or sold meanwhile, is refused.

    Raises:
        LookupError: no such terminal is registered.
    """
    before = ""

    def work(cursor: sqlite3.Cursor) -> None:
        nonlocal before
        config, session = registered_terminal(cursor, tid, database)
        before = session.tmk_kcv or config.tmk_kcv
        fresh = replace(config, tmk=vault.seal_secret(f"tmk:{tid}", tmk, os.urandom), tmk_kcv=tmk.kcv())
        statements.TERMINALS.write(cursor, [(*TERMINAL.pack(fresh), _NOT_COMPARED)])
        if session.tmk is not None or session.next_tmk is not None:  # downloaded ones come before the registered one
            after = replace(session, tmk=None, tmk_kcv="", next_tmk=None, next_tmk_kcv="")
            statements.SESSIONS.write(cursor, [SESSION.pack(after)])

    direct.transact(work)
    return before
