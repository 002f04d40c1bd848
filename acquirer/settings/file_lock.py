"""A lock that one process holds on a file, on every system: the operating system releases it when the process ends.

Linux and macOS have ``flock``, Windows has locks on bytes of a file. Where there is neither, the lock is a file that
only one process can create; a process that was killed leaves it behind.
"""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import Any

from acquirer.errors import StoreError
from acquirer.settings.private_file import FLAGS, OWNER_ONLY, open_private


def _optional(name: str) -> Any:
    """Return a module of the standard library that not every system has; None: this one has not."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


fcntl = _optional("fcntl")  # not on Windows
msvcrt = _optional("msvcrt")  # only there


class LockedError(StoreError, OSError):
    """Another process holds the lock; `left_behind`: or a killed one has left this file, which must then be removed."""

    def __init__(self, left_behind: Path | None = None) -> None:
        super().__init__("another process holds the lock")
        self.left_behind = left_behind


class FileLock:
    """A lock on the file at `path`, made if need be, held until `release`.

    Raises:
        LockedError: another process holds it.
        OSError: the file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self._held: Path | None = None  # the file whose existence is the lock
        self._handle = open_private(path)
        try:
            self._lock(path)
        except BaseException:
            os.close(self._handle)
            self._handle = -1
            raise

    def release(self) -> None:
        """Let another process have it. Idempotent."""
        if self._handle < 0:
            return
        os.close(self._handle)
        self._handle = -1
        if self._held is not None:
            self._held.unlink(missing_ok=True)

    def _lock(self, path: Path) -> None:
        if fcntl is not None:
            try:
                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LockedError from None
        elif msvcrt is not None:
            try:
                msvcrt.locking(self._handle, msvcrt.LK_NBLCK, 1)
            except OSError:
                raise LockedError from None
        else:
            held = path.with_name(path.name + "ed")
            try:
                os.close(os.open(held, os.O_CREAT | os.O_EXCL | FLAGS, OWNER_ONLY))
            except FileExistsError:
                raise LockedError(held) from None
            self._held = held
