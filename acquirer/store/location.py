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
from acquirer.settings.private_file import open_private

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


class StoreInUseError(StoreError):
    """Another process holds the lock of a database."""


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


def key_path(database: Path) -> Path:
    """Return the path of a database's key file."""
    return companion(database, ".key")


def readable_by_others(url: str) -> str:
    """Return what to do about a key file that not only its owner may read, as a sentence; "" when nothing is to do."""
    database = database_path(url)
    path = key_path(database) if database is not None else None
    if path is None or not path.exists() or not (mode := stat.S_IMODE(path.stat().st_mode)) & 0o077:
        return ""
    return f"{path} has mode {mode:04o}, but it opens every key of the store: chmod 600 {path}"


def check_kind(database: Path, remedy: str = "name a file for the store") -> bool:
    """Return whether there is a file where a database, or a file beside it, shall be.

    Raises:
        StoreError: a directory, a device or the like is there, or the place cannot be reached.
    """
    try:
        mode = database.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError) as exc:
        raise StoreError(f"{database} cannot be reached: {getattr(exc, 'strerror', exc)}") from None
    if not stat.S_ISREG(mode):
        kind = next((name for is_kind, name in _KINDS if is_kind(mode)), "no file")
        raise StoreError(f"{database} is {kind}: {remedy}")
    return True


def check_companion(database: Path, suffix: str) -> None:
    """Check that a file beside a database is one, if there is any: SQLite, or a read, would wait for a pipe for ever.

    Raises:
        StoreError: a directory, a device or the like is there.
    """
    check_kind(companion(database, suffix), f"a file of {database} belongs there, move this away")


_KINDS: Final = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
)


def make_private(path: Path) -> None:
    """Make an empty file that its owner alone may read and write, under any umask; one that exists stays as it is.

    Raises:
        StoreError: it cannot be made.
    """
    try:
        os.close(open_private(path))
    except OSError as exc:
        raise unusable(path, exc) from None


class DatabaseLock:
    """The right to write a database, held until `release` or the end of the process.

    Raises:
        StoreInUseError: another process holds it.
        StoreError: the directory cannot be written, or the system has no such locks.
    """

    def __init__(self, database: Path) -> None:
        if fcntl is None:
            raise StoreError(
                f"{database} cannot be written: this system has no file locks as Unix has; "
                "serve and register terminals on Linux or macOS, reading a store works here"
            )
        check_kind(database)
        self.path = companion(database, ".lock")
        for suffix in (".lock", "-wal", "-shm"):
            check_companion(database, suffix)
        self.created = not self.path.exists()
        try:
            self.file = _locked(self.path)
        except BlockingIOError as exc:
            holders = (exc.strerror or "").split()
            holders = [pid for pid in holders if Path("/proc", pid).exists()] or holders
            process = f"process {holders[0]}" if holders else "another process"
            raise StoreInUseError(f"{database} is in use by {process}: stop it, or name another store") from None
        except OSError as exc:
            raise unusable(database, exc) from None
        os.ftruncate(self.file, 0)
        os.pwrite(self.file, b"%d\n" % os.getpid(), 0)

    def release(self, *, remove: bool = False) -> None:
        """Let others in.

        Args:
            remove: the file too. After a host has served it stays, so that its mode and owner do.
        """
        if remove:
            self.path.unlink(missing_ok=True)
        else:
            os.ftruncate(self.file, 0)
        os.close(self.file)


def lock_holder(database: Path) -> int:
    """Return the process that holds the lock of a database now; 0 when none does, or it cannot be known."""
    path = companion(database, ".lock")
    if not path.is_file() or fcntl is None:
        return 0
    try:
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:  # it is held
                first = file.read(64).split()[:1]
                return int(first[0]) if first and first[0].isdigit() else 0
    except OSError:
        return 0
    return 0


def add_holder(lock_file: int) -> None:
    """Note that this process holds a lock too, and keeps it when the process that took it has ended."""
    os.pwrite(lock_file, b"%d\n" % os.getpid(), os.fstat(lock_file).st_size)


def _locked(path: Path) -> int:
    """Return a lock file that is locked, waiting for the writer of a host that was killed to finish what it had begun.

    Raises:
        BlockingIOError: another process holds it; `strerror` says which ones.
        OSError: it cannot be made or locked.
    """
    end_s = time.monotonic() + LOCK_WAIT_S
    while True:
        file = open_private(path)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if is_same_file(path, os.fstat(file)):  # else it was removed by a process that had it, meanwhile
                return file
        except OSError as exc:
            if exc.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                os.close(file)
                raise StoreError(f"{path}: cannot be locked ({exc.strerror}); is it on a network drive?") from None
            if time.monotonic() > end_s:
                holders = os.read(file, 64).decode("ascii", "replace")
                os.close(file)
                raise BlockingIOError(exc.errno, holders) from None
            time.sleep(LOCK_RETRY_S)
        os.close(file)


def is_same_file(path: Path, known: os.stat_result) -> bool:
    """Return whether a path still names a file that is open; True also when that cannot be found out."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return (found.st_ino, found.st_dev) == (known.st_ino, known.st_dev)


def begins_anew(url: str) -> str:
    """Return a sentence about a database that is missing beside its key file; "" when it is there, or both are not."""
    database = database_path(url)
    if database is None or database.exists() or not key_path(database).exists():
        return ""
    return f"{database} was not there, though its key file is: a new store was begun; if it held one, put a backup back"


def unusable(database: Path, exc: OSError) -> StoreError:
    """Return the error that says why the directory of a database cannot be used."""
    if isinstance(exc, FileNotFoundError | NotADirectoryError):
        return StoreError(f"{database}: there is no directory {database.parent}; make it first")
    return StoreError(f"{database} cannot be written: {exc.strerror}; choose a place you may write to")


__all__ = [
    "MEMORY",
    "DatabaseLock",
    "StoreError",
    "StoreInUseError",
    "add_holder",
    "companion",
    "database_path",
    "lock_holder",
    "readable_by_others",
    "unusable",
]
