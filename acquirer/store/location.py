"""Where a store lies: its URL, the files beside its database, and the lock that one process holds.

``<database>.lock`` is locked by the one process that may write; SQLite's own locks would let a second host in between
two commits. Reading takes no lock and works on every system.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from acquirer.errors import StoreError

if TYPE_CHECKING:
    import fcntl
else:
    try:
        import fcntl
    except ImportError:  # Windows: a store can be read there, not written
        fcntl = None

MEMORY: Final = "memory:"
LOCK_WAIT_S: Final = 0.5  # the writer of a killed host finishes one group, which takes milliseconds
LOCK_RETRY_S: Final = 0.01
_PREFIX: Final = "sqlite:///"


def database_path(url: str) -> Path | None:
    """Return the database file of a store's URL; None for a store in memory.

    >>> str(database_path("sqlite:///acquirer.db")), str(database_path("sqlite:////var/lib/a.db"))
    ('acquirer.db', '/var/lib/a.db')
    >>> database_path("memory:")

    Raises:
        StoreError: any other URL.
    """
    if url == MEMORY:
        return None
    path = unquote(url.removeprefix(_PREFIX))
    if not url.startswith(_PREFIX) or not path or path.startswith(":") or "?" in url:
        raise StoreError(f"unsupported store {url!r}: use memory:, sqlite:///relative.db or sqlite:////absolute.db")
    return Path(path)


def companion(database: Path, suffix: str) -> Path:
    """Return the path of a file that belongs to a database: ``acquirer.db`` → ``acquirer.db.key``."""
    return database.with_name(database.name + suffix)


def readable_by_others(url: str) -> str:
    """Return what to do about a key file that not only its owner may read, as a sentence; "" when nothing is to do."""
    database = database_path(url)
    path = companion(database, ".key") if database is not None else None
    if path is None or not path.exists() or not (mode := stat.S_IMODE(path.stat().st_mode)) & 0o077:
        return ""
    return f"{path} has mode {mode:04o}, but it opens every key of the store: chmod 600 {path}"


class DatabaseLock:
    """The right to write a database, held until `release` or the end of the process.

    Raises:
        StoreError: another process holds it, the directory cannot be written, or the system has no such locks.
    """

    def __init__(self, database: Path) -> None:
        if fcntl is None:
            raise StoreError(
                f"{database} cannot be written: this system has no file locks as Unix has; "
                "serve and register terminals on Linux or macOS, reading a store works here"
            )
        path = companion(database, ".lock")
        try:
            self.file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as exc:
            raise unusable(database, exc) from None
        try:
            _lock(self.file)
        except OSError as exc:
            holders = os.read(self.file, 64).decode("ascii", "replace").split()
            os.close(self.file)
            if exc.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise StoreError(f"{path}: cannot be locked ({exc.strerror}); is it on a network drive?") from None
            holders = [pid for pid in holders if Path("/proc", pid).exists()] or holders
            process = f"process {holders[0]}" if holders else "another process"
            raise StoreError(f"{database} is in use by {process}: stop it, or name another store") from None
        os.ftruncate(self.file, 0)
        os.pwrite(self.file, b"%d\n" % os.getpid(), 0)

    def release(self) -> None:
        """Let others in. The file stays: removing it would race with the next process that opens it."""
        os.ftruncate(self.file, 0)
        os.close(self.file)


def add_holder(lock_file: int) -> None:
    """Note that this process holds a lock too, and keeps it when the process that took it has ended."""
    os.pwrite(lock_file, b"%d\n" % os.getpid(), os.fstat(lock_file).st_size)


def _lock(file: int) -> None:
    """Take a lock, waiting for the writer of a host that was killed to finish what it had begun."""
    end_s = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > end_s:
                raise
            time.sleep(LOCK_RETRY_S)


def unusable(database: Path, exc: OSError) -> StoreError:
    """Return the error that says why the directory of a database cannot be used."""
    directory = database.parent if str(database.parent) else Path()
    if isinstance(exc, FileNotFoundError | NotADirectoryError):
        return StoreError(f"{database}: there is no directory {directory}; make it first")
    return StoreError(f"{database} cannot be written: {exc.strerror}; choose a place you may write to")


__all__ = [
    "MEMORY",
    "DatabaseLock",
    "StoreError",
    "add_holder",
    "companion",
    "database_path",
    "readable_by_others",
    "unusable",
]
