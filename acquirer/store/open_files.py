"""Files of a database that is open: whether they are still there, and whether others have written over them.

1. A file that was removed or replaced is known by its device and inode.
2. One that was written over or cut off keeps both. Of the database its header is looked at: a database only gets
   smaller when it is vacuumed, and that counts as a change of its schema. Of the log, whether it is as long as the
   index beside it (``-shm``) says.
3. A file that cannot be looked at is not gone: that is said by what reads or writes it.
4. A file of a database is never opened and closed while SQLite has it open: where any of its descriptors is closed, a
   process loses all its locks on the file (POSIX). So `FileContents` opens each once, and is closed last.

Source: https://www.sqlite.org/fileformat2.html#the_database_header, https://www.sqlite.org/walformat.html#walidxfmt
"""

from __future__ import annotations

import os
import struct
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from acquirer.store.location import companion, is_same_file

WRITTEN_FILES: Final = ("", "-wal")  # the database and its log: what commits are written to
ALL_FILES: Final = (*WRITTEN_FILES, "-shm", ".lock")

_PUT_BACK: Final = "put it back as it was, or put a backup back, before you start again"
_RESTART: Final = "start again, and let 'acquirer store check' look at the store"
_REMEDIES: Final = {"-shm": _RESTART, ".lock": _RESTART}

_MAGIC: Final = b"SQLite format 3\0"
_PAGES_AT, _SCHEMA_AT, _HEADER_BYTES = 28, 40, 44
_LOG_MAGIC: Final = (0x377F0682, 0x377F0683)
_LOG_HEADER_BYTES, _FRAME_HEADER_BYTES = 32, 24
_INDEX: Final = struct.Struct("=12x B x H I 28x")
"""The header of the log's index, in the byte order of the machine: whether it is initialised, the size of a page, how
many frames there are. It stands there twice, and is being written while the two differ."""
_LARGEST_PAGE: Final = 1 << 16  # which the index calls 1


class OpenFiles:
    """The files of a database that is open, as they were then: to notice when one is removed or replaced.

    Args:
        suffixes: which ones: "" for the database itself, ``"-wal"`` for its log, ``"-shm"``, ``".lock"``.
    """

    def __init__(self, database: Path, *suffixes: str) -> None:
        self.database = database
        self._files: list[tuple[Path, os.stat_result, str]] = []
        for suffix in suffixes:
            path = companion(database, suffix)
            with suppress(OSError):
                self._files.append((path, path.stat(), _REMEDIES.get(suffix, _PUT_BACK)))

    def gone(self) -> str:
        """Return which file is no longer there, and what to do; "" while all are."""
        for path, known, remedy in self._files:
            if not is_same_file(path, known):
                return f"{path} was removed or replaced while the store was in use: {remedy}"
        return ""


class _Header(NamedTuple):
    """What a database's file says of itself."""

    whole: bool  # it begins as a database does
    schema_changes: int
    pages: int
    size_bytes: int


class FileContents:
    """What the files of a database hold as bytes: to notice when others write over them, or cut them off.

    Args:
        database: SQLite has it open, with its log.
    """

    def __init__(self, database: Path) -> None:
        self._database = database
        self._files: dict[str, int] = {}
        for suffix in ("", "-wal", "-shm"):
            with suppress(OSError):
                self._files[suffix] = os.open(companion(database, suffix), os.O_RDONLY | os.O_CLOEXEC)
        self._header = self._read_header()

    def written_over(self) -> str:
        """Return which file others have written over or cut off, and what to do; "" when none is seen to be.

        An older copy that is put over the database is seen by its fewer pages; one that has as many is not.
        """
        path = self._database
        known, self._header = self._header, self._read_header()
        if known is not None and self._header is not None and known.whole and _differs(known, self._header):
            return f"{path} was written over or cut off while the store was in use: {_PUT_BACK}"
        if self._is_log_cut():
            return f"{companion(path, '-wal')} was written over or cut off while the store was in use: {_PUT_BACK}"
        return ""

    def close(self) -> None:
        """Close the files: once SQLite has them open no longer. Idempotent."""
        while self._files:
            os.close(self._files.popitem()[1])

    def _read_header(self) -> _Header | None:
        start, size_bytes = self._beginning("", _HEADER_BYTES)
        if size_bytes < 0:
            return None
        pages, schema_changes = (_number(start[at : at + 4]) for at in (_PAGES_AT, _SCHEMA_AT))
        return _Header(start.startswith(_MAGIC), schema_changes, pages, size_bytes)

    def _is_log_cut(self) -> bool:
        """Return whether the log is none, or shorter than its index says; an index that changes is looked at later."""
        before, _ = self._beginning("-shm", 2 * _INDEX.size)
        start, size_bytes = self._beginning("-wal", 4)
        after, _ = self._beginning("-shm", 2 * _INDEX.size)
        first, second = before[: _INDEX.size], before[_INDEX.size :]
        if size_bytes < 0 or before != after or first != second or len(first) < _INDEX.size:
            return False
        initialised, page_bytes, frames = _INDEX.unpack(first)
        if not initialised or not frames:
            return False
        frame_bytes = _FRAME_HEADER_BYTES + (_LARGEST_PAGE if page_bytes == 1 else page_bytes)
        return _number(start) not in _LOG_MAGIC or size_bytes < _LOG_HEADER_BYTES + frames * frame_bytes

    def _beginning(self, suffix: str, count: int) -> tuple[bytes, int]:
        """Return the first bytes of a file and its size; below 0: it cannot be looked at."""
        file = self._files.get(suffix, -1)
        try:
            return os.pread(file, count, 0), os.fstat(file).st_size
        except OSError:
            return b"", -1


def _number(big_endian: bytes) -> int:
    return int.from_bytes(big_endian, "big")


def _differs(known: _Header, found: _Header) -> bool:
    """Return whether a file is not what it was, further on."""
    if not found.whole or found.schema_changes != known.schema_changes:
        return not found.whole or found.schema_changes < known.schema_changes
    return found.pages < known.pages or found.size_bytes < known.size_bytes
