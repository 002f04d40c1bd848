"""The key file of a database: ``<database>.key`` holds the master key in hex, readable by its owner alone.

1. It is made at the first start, and is on disk for good before anything is sealed with it.
2. What the database remembers of its key (`check_value`) decides which file is its own.
3. Another key (`store.key_rotation`) lies in ``<database>.key.next`` before the database is sealed with it, in one
   transaction, and takes the place of the old one afterwards. Whichever of both a killed program has left as the
   database's own is used; the next program that writes puts it in its place.
"""

from __future__ import annotations

import hmac
import os
import sqlite3
from pathlib import Path

from acquirer.errors import StoreError
from acquirer.security.vault import MASTER_BYTES, RENEWED_BYTES
from acquirer.settings.private_file import open_private
from acquirer.store.location import check_companion, companion, key_path

KEY_FILE_BYTES = 4 * RENEWED_BYTES  # more than the digits, and an end of line
NEXT = ".key.next"


def master_key(database: Path, *, make: bool, known: str = "") -> bytes:
    """Return the master key beside `database`; with `make`, a new one when there is none.

    Args:
        known: what the database remembers of its key: the next one is taken where that is its.

    Raises:
        StoreError: no key file where one must be, or one that holds something else.
    """
    if known and (fresh := _next_key(database)) is not None and check_value(fresh) == known:
        return fresh
    path = key_path(database)
    check_companion(database, ".key")
    try:
        with path.open("rb") as file:
            text = file.read(KEY_FILE_BYTES).decode("ascii").strip()
    except FileNotFoundError:
        if make:
            return _make_key(path)
        raise StoreError(
            f"{path} is missing: without it the keys in {database} cannot be opened; put it back, or use a new store"
        ) from None
    except OSError as exc:
        raise StoreError(f"{path} cannot be read ({exc.strerror}): put the store's own key file there") from None
    except UnicodeError:
        text = ""
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) not in (MASTER_BYTES, RENEWED_BYTES):
        raise StoreError(f"{path} holds no key: expected {2 * MASTER_BYTES} hex digits; put the right file back")
    return key


def write_next_key(database: Path, key: bytes) -> None:
    """Write the key that a database is about to be sealed with, for good. Raises OSError."""
    _write_key(companion(database, NEXT), key)


def settle_next_key(database: Path, known: str) -> None:
    """Put the next key in its place where it is the database's own, else throw it away: a rotation was interrupted.

    For who holds the database's lock. Raises OSError.
    """
    path = companion(database, NEXT)
    if not path.exists():
        return
    fresh = _next_key(database)
    if fresh is not None and check_value(fresh) == known:
        path.rename(key_path(database))
    else:
        path.unlink()
    _sync_folder(path.parent)


def _next_key(database: Path) -> bytes | None:
    """Return the key that is to be the next one; None: there is none, or it was not written to its end."""
    try:
        text = companion(database, NEXT).read_text(encoding="ascii")
        return bytes.fromhex(text.strip()) if text.endswith("\n") else None
    except (OSError, ValueError):
        return None


def _make_key(path: Path) -> bytes:
    key = os.urandom(MASTER_BYTES)
    _write_key(path, key)
    return key


def _write_key(path: Path, key: bytes) -> None:
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    file = open_private(draft)
    try:
        os.write(file, key.hex().encode() + b"\n")
        os.fsync(file)
    finally:
        os.close(file)
    draft.rename(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def remembered_key(connection: sqlite3.Connection) -> str:
    """Return what a database remembers of its key: a `check_value`; "" where it says nothing."""
    rows = connection.execute("SELECT value FROM main.meta WHERE name = 'vault'").fetchall()
    return str(rows[0][0]) if rows else ""


def check_value(key: bytes) -> str:
    """Return what a database remembers of its master key: enough to recognise it, nothing to find it from."""
    return hmac.digest(key, b"acquirer store: check", "sha256")[:8].hex()
