"""Where a store lies: its URL, its lock, its key file.

``<database>.lock`` is locked by the one process that may write; SQLite's own locks would let a second host in between
two commits. ``<database>.key`` holds the master key in hex, readable by its owner alone, made at the first start.
"""

from __future__ import annotations

import errno
import fcntl
import hmac
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from acquirer.security.vault import MASTER_BYTES

MEMORY: Final = "memory:"
FINISHING_S: Final = 0.5  # one group takes milliseconds; a store that is really in use is told of soon enough
_PREFIX: Final = "sqlite:///"


class StoreError(Exception):
    """A store cannot be opened or used: one sentence with the file, what is wrong, and what to do."""


def place(url: str) -> Path | None:
    """The database file of a store's URL; None for a store in memory.

    >>> place("sqlite:///acquirer.db"), place("sqlite:////var/lib/a.db"), place("memory:")
    (PosixPath('acquirer.db'), PosixPath('/var/lib/a.db'), None)

    Raises:
        StoreError: any other URL.
    """
    if url == MEMORY:
        return None
    path = unquote(url.removeprefix(_PREFIX))
    if not url.startswith(_PREFIX) or not path or path.startswith(":") or "?" in url:
        raise StoreError(f"store {url!r} is none we know: use memory:, sqlite:///relative.db or sqlite:////absolute.db")
    return Path(path)


def beside(database: Path, suffix: str) -> Path:
    """A file that belongs to a database: ``acquirer.db`` → ``acquirer.db.key``."""
    return database.with_name(database.name + suffix)


class Lock:
    """The right to write a database, held until `release` or the end of the process."""

    def __init__(self, database: Path) -> None:
        path = beside(database, ".lock")
        try:
            self.file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as wrong:
            raise unusable(database, wrong) from None
        try:
            _patiently(lambda: fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB))
        except OSError as wrong:
            holders = os.read(self.file, 64).decode("ascii", "replace").split()
            os.close(self.file)
            if wrong.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise StoreError(f"{path}: cannot be locked ({wrong.strerror}); is it on a network drive?") from None
            holders = [pid for pid in holders if Path("/proc", pid).exists()] or holders
            process = f"process {holders[0]}" if holders else "another process"
            raise StoreError(f"{database} is in use by {process}: stop it, or name another store") from None
        os.ftruncate(self.file, 0)
        os.pwrite(self.file, b"%d\n" % os.getpid(), 0)

    def release(self) -> None:
        """Let others in. The file stays: removing it would race with whoever opens it next."""
        os.ftruncate(self.file, 0)
        os.close(self.file)


def also_held(lock_file: int) -> None:
    """Note that this process holds a lock too, and will when the one that took it has ended."""
    os.pwrite(lock_file, b"%d\n" % os.getpid(), os.fstat(lock_file).st_size)


def _patiently(lock: Callable[[], None]) -> None:
    """Take a lock that the writer of a host that was killed may hold until it has finished."""
    end_s = time.monotonic() + FINISHING_S
    while True:
        try:
            lock()
            return
        except BlockingIOError:
            if time.monotonic() > end_s:
                raise
            time.sleep(FINISHING_S / 50)


def master_key(database: Path, *, make: bool) -> bytes:
    """The master key beside `database`; with `make`, a new one when there is none.

    Raises:
        StoreError: no key file where one must be, or one that holds something else.
    """
    path = beside(database, ".key")
    try:
        text = path.read_text("ascii").strip()
    except FileNotFoundError:
        if make:
            return _make_key(path)
        raise StoreError(
            f"{path} is missing: without it the keys in {database} cannot be opened; put it back, or use a new store"
        ) from None
    except (OSError, UnicodeError) as wrong:
        raise StoreError(f"{path} cannot be read ({wrong}): put the store's own key file there") from None
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != MASTER_BYTES:
        raise StoreError(f"{path} holds no key: expected {2 * MASTER_BYTES} hex digits; put the right file back")
    return key


def readable_by_others(url: str) -> str:
    """What to do about a key file that not its owner alone may read, as a sentence; "" when there is nothing to do."""
    database = place(url)
    path = beside(database, ".key") if database is not None else None
    if path is None or not path.exists() or not (mode := stat.S_IMODE(path.stat().st_mode)) & 0o077:
        return ""
    return f"{path} has mode {mode:04o}, but it opens every key of the store: chmod 600 {path}"


def _make_key(path: Path) -> bytes:
    """A new key, on disk for good before anything is sealed with it."""
    key = os.urandom(MASTER_BYTES)
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
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


def check_of(key: bytes) -> str:
    """What a database remembers of its master key: enough to know it again, nothing to find it from."""
    return hmac.digest(key, b"acquirer store: check", "sha256")[:8].hex()


def unusable(database: Path, wrong: OSError) -> StoreError:
    """Why the directory of a database is of no use."""
    where = database.parent if str(database.parent) else Path()
    if isinstance(wrong, FileNotFoundError | NotADirectoryError):
        return StoreError(f"{database}: there is no directory {where}; make it first")
    return StoreError(f"{database} cannot be written: {wrong.strerror}; choose a place you may write to")
