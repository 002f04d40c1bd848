"""The key file of a database: ``<database>.key`` holds the master key in hex, readable by its owner alone.

It is made at the first start, and is on disk for good before anything is sealed with it.
"""

from __future__ import annotations

import hmac
import os
from pathlib import Path

from acquirer.errors import StoreError
from acquirer.security.vault import MASTER_BYTES
from acquirer.settings.private_file import open_private
from acquirer.store.location import check_companion, key_path

KEY_FILE_BYTES = 4 * MASTER_BYTES  # more than the digits, and an end of line


def master_key(database: Path, *, make: bool) -> bytes:
    """Return the master key beside `database`; with `make`, a new one when there is none.

    Raises:
        StoreError: no key file where one must be, or one that holds something else.
    """
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
    if len(key) != MASTER_BYTES:
        raise StoreError(f"{path} holds no key: expected {2 * MASTER_BYTES} hex digits; put the right file back")
    return key


def _make_key(path: Path) -> bytes:
    key = os.urandom(MASTER_BYTES)
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    file = open_private(draft)
    try:
        os.write(file, key.hex().encode() + b"\n")
        os.fsync(file)
    finally:
        os.close(file)
    draft.rename(path)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return key


def check_value(key: bytes) -> str:
    """Return what a database remembers of its master key: enough to recognise it, nothing to find it from."""
    return hmac.digest(key, b"acquirer store: check", "sha256")[:8].hex()
