"""Copying a store while a host may serve it: its database as of one moment, and its key file beside it.

A copy of the file alone lacks what is in its log, and without the key file its keys cannot be opened. Both are written
beside their place, synced, and then renamed: there is a whole backup, or none.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from acquirer.errors import StoreError
from acquirer.settings.private_file import write_private
from acquirer.store.database import connect_reading
from acquirer.store.key_file import check_value, master_key, remembered_key
from acquirer.store.location import check_kind, companion, key_path, make_private, unusable
from acquirer.store.soundness import damaged, explained
from acquirer.store.upkeep import existing

_OTHERS = ("", "-wal", "-shm", "-journal")


def backup(url: str, target: Path) -> int:
    """Copy a store to `target` and its key file to ``<target>.key``; return how many bytes the database has.

    Raises:
        StoreError: there is no whole store, something is at the target, or it cannot be written.
    """
    database = existing(url)
    _check_free(target)
    draft = companion(target, ".new")
    try:
        with closing(connect_reading(database)) as source:
            known = remembered_key(source)
            key = master_key(database, make=False, known=known)
            _check_key_file(target, key)
            if known != check_value(key):
                raise StoreError(f"{key_path(database)} is not the key of {database}: put its own back first")
            draft.unlink(missing_ok=True)
            make_private(draft)
            with closing(sqlite3.connect(draft, isolation_level=None)) as copy:
                copy.execute("PRAGMA journal_mode = OFF")  # a copy that is not finished is thrown away
                copy.execute("PRAGMA synchronous = OFF")  # it is synced as a whole
                source.backup(copy)
        _check_copy(draft, database)
        _keep(draft, target, key)
        return target.stat().st_size
    except sqlite3.Error as exc:
        raise explained(target if _is_full(exc) else database, exc) from None
    except OSError as exc:
        raise unusable(target, exc) from None
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _check_free(target: Path) -> None:
    check_kind(target)
    if not target.parent.exists():
        raise unusable(target, FileNotFoundError())
    for path in [companion(target, suffix) for suffix in _OTHERS]:
        if path.exists():
            raise StoreError(f"{path} is there already: name another file, or move it away first")


def _check_key_file(target: Path, key: bytes) -> None:
    if key_path(target).exists() and master_key(target, make=False) != key:
        raise StoreError(f"{key_path(target)} is another store's key file: name another file, or move it away first")


def _check_copy(draft: Path, database: Path) -> None:
    uri = f"{draft.absolute().as_uri()}?mode=ro&immutable=1"  # no log is made beside it
    with closing(sqlite3.connect(uri, uri=True)) as copy:
        ((found,),) = copy.execute("PRAGMA quick_check(1)").fetchall()
    if found != "ok":
        raise damaged(database, " ".join(str(found).split()))


def _keep(draft: Path, target: Path, key: bytes) -> None:
    """Sync the copy and its key file, the key first: a database without one is of no use."""
    if not key_path(target).exists():
        key_draft = companion(target, ".key.new")
        key_draft.unlink(missing_ok=True)
        write_private(key_draft, f"{key.hex()}\n".encode())
        _sync(key_draft)
        key_draft.rename(key_path(target))
    _sync(draft)
    draft.rename(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _is_full(exc: sqlite3.Error) -> bool:
    return getattr(exc, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
