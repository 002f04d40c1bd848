"""Where a store in memory lies when processes share it: a folder in the system's memory, gone with its host.

Deciding and writing take turns in one process, so a host that has a process for writing needs a store that both can
open. On Linux files of ``/dev/shm`` lie in memory only. Its keys are sealed under a key that no file holds; what a host
that was killed left there, the next one with a store in memory deletes.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from acquirer.errors import StoreError
from acquirer.store.location import DatabaseLock, companion

SHARED: Final = Path("/dev/shm")  # noqa: S108  a folder of our own is made in it, for its owner alone

ROOM_BYTES: Final = 1 << 30
"""What must be free: some two million sales. Containers often have 64 MiB there, soon filled."""

_PREFIX: Final = "acquirer-memory-"
_DATABASE: Final = "store.db"


def shared_memory() -> Path | None:
    """Return the path of a database in a new folder of the memory that processes share; None where there is no room."""
    try:
        if shutil.disk_usage(SHARED).free < ROOM_BYTES:
            return None
        _delete_left()
        return Path(tempfile.mkdtemp(prefix=_PREFIX, dir=SHARED)) / _DATABASE
    except OSError:
        return None


def is_shared_memory(database: Path) -> bool:
    """Return whether a database is one that `shared_memory` has found a place for."""
    return database.parent.parent == SHARED and database.parent.name.startswith(_PREFIX)


def delete(database: Path) -> None:
    """Delete the folder of a database in memory."""
    shutil.rmtree(database.parent, ignore_errors=True)


def _delete_left() -> None:
    """Delete folders of this user's hosts that have ended without it: nothing holds their lock any more."""
    for folder in SHARED.glob(f"{_PREFIX}*"):
        with suppress(OSError, StoreError):
            database = folder / _DATABASE
            if folder.stat().st_uid != os.geteuid() or not companion(database, ".lock").exists():
                continue  # another user's; or one that is just being made
            lock = DatabaseLock(database)
            delete(database)
            lock.release()
