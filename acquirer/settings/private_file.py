"""Files that hold what cardholders and keys are entitled to: made for their owner alone, under any umask.

A file that exists keeps its mode: it may have been opened to others on purpose.
"""

from __future__ import annotations

import os
from pathlib import Path

OWNER_ONLY = 0o600
FLAGS = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
"""What every file is opened with, as far as the system has it: no child inherits it, no line end is translated."""


def open_private(path: Path, flags: int = os.O_RDWR) -> int:
    """Return the descriptor of a file, made for its owner alone when there is none.

    Args:
        flags: how one that exists is opened.

    Raises:
        OSError: it cannot be made or opened.
    """
    try:
        file = os.open(path, flags | os.O_CREAT | os.O_EXCL | FLAGS, OWNER_ONLY)
    except FileExistsError:  # also a link to nothing, hence O_CREAT again
        return os.open(path, flags | os.O_CREAT | FLAGS, OWNER_ONLY)
    if hasattr(os, "fchmod"):  # the umask may have taken rights of the owner
        os.fchmod(file, OWNER_ONLY)
    return file


def write_private(path: Path, data: bytes) -> None:
    """Write a file that is made for its owner alone; one that exists is written over.

    Raises:
        OSError: it cannot be written.
    """
    with os.fdopen(open_private(path, os.O_WRONLY | os.O_TRUNC), "wb") as file:
        file.write(data)


def replace_private(path: Path, data: bytes) -> None:
    """Replace a file as a whole, made for its owner alone: when this returns, the new one survives a power cut.

    Raises:
        OSError: it cannot be written; the old one is as it was.
    """
    fresh = path.with_name(path.name + ".new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | FLAGS, OWNER_ONLY)
    try:
        with os.fdopen(handle, "wb") as file:
            fresh.chmod(OWNER_ONLY)  # a file left by a crash keeps the mode it had
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    fresh.replace(path)
    if not hasattr(os, "O_DIRECTORY"):  # Windows cannot sync a folder, and keeps names by itself
        return
    folder = os.open(path.parent, os.O_RDONLY | FLAGS)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
