"""Files of SQLite as a disk would see them: every write, cut, removal and sync, in order, and what a power cut leaves.

1. `record_files` puts itself between SQLite and the system's files, as a VFS around the usual one; SQLite and all that
   use it stay as they are. It needs the library that Python's `sqlite3` is linked with.
2. A *sync* makes durable what was written to its file before, and all that was created, cut off or removed in the
   folder before, as file systems with a journal do.
3. After the last sync of a file, a power cut may leave any of its writes, in part by sectors of 512 bytes: SQLite
   relies on nothing else (https://www.sqlite.org/atomiccommit.html). What was created and removed since is left in
   order, up to any point.
"""

from __future__ import annotations

import ctypes
import random
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_int64, c_void_p
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

SECTOR_BYTES: Final = 512
"""What a disk writes whole; of pages of 4,096 bytes a part may be left."""

KEPT: Final = (0.0, 1.0, 0.5, 0.9)
"""How likely a write is left, drawn for each cut: none, all, some, nearly all."""

WHOLE: Final = 0.7  # of the writes that are left, this part is left whole; of the rest some sectors are

_OK: Final = 0
_METHODS: Final = 19  # of sqlite3_io_methods, version 3
_WRITE, _TRUNCATE, _SYNC = 3, 4, 5  # where they stand in it: the version is before them, at place 0

_Write = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
_Truncate = CFUNCTYPE(c_int, c_void_p, c_int64)
_Sync = CFUNCTYPE(c_int, c_void_p, c_int)
_Open = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, POINTER(c_int))
_Delete = CFUNCTYPE(c_int, c_void_p, c_char_p, c_int)


class Operation(NamedTuple):
    """One thing that was done to a file, or a mark that the program set between two of them."""

    kind: str  # "create", "write", "truncate", "sync", "delete", "mark"
    name: str  # of the file, without its folder; of a mark: any text
    file: int = 0  # a number of its own for each file that is created: names come again
    offset: int = 0  # of a write; of "truncate": the size that is left; of a mark: any number
    data: bytes = b""  # of a file that is created whole, too


class _Vfs(ctypes.Structure):
    _fields_ = (
        ("version", c_int),
        ("file_bytes", c_int),
        ("longest_path", c_int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("data", c_void_p),
        ("open", c_void_p),
        ("delete", c_void_p),
        ("others", c_void_p * 14),  # unchanged
    )


@contextmanager
def record_files(folder: Path, *whole: str) -> Iterator[list[Operation]]:
    """Give a list that grows with what SQLite does to files in a folder, for connections opened meanwhile.

    Args:
        whole: names of files that the program itself makes there, each whole and synced at once.

    Raises:
        LookupError: Python's SQLite cannot be found as a library.
    """
    library = _library()
    recorder = _Recorder(library, folder, set(whole))
    library.sqlite3_vfs_register(ctypes.addressof(recorder.vfs), 1)
    try:
        yield recorder.operations
    finally:
        library.sqlite3_vfs_unregister(ctypes.addressof(recorder.vfs))


class _Recorder:
    """A VFS around the default one. Its callbacks must live as long as a connection that uses them."""

    def __init__(self, library: Any, folder: Path, whole: set[str]) -> None:
        self.operations: list[Operation] = []
        self._folder = str(folder.resolve())
        self._whole = whole  # that are not there yet
        self._usual = _Vfs.from_address(library.sqlite3_vfs_find(None))
        self._methods: dict[int, Any] = {}  # by the address of the usual ones
        self._files: dict[str, int] = {}  # the number of the file that a name means now
        self._opened: dict[int, tuple[str, int]] = {}  # names and numbers of open files, by address
        self._callbacks = (_Open(self._open), _Delete(self._delete))
        self.vfs = _Vfs.from_buffer_copy(self._usual)
        self.vfs.name, self.vfs.next = b"recorded", None
        self.vfs.open, self.vfs.delete = (ctypes.cast(one, c_void_p).value for one in self._callbacks)

    def _open(self, _vfs: int, path: int | None, file: int, flags: int, flags_out: Any) -> int:
        name = self._name(ctypes.string_at(path).decode() if path else "")
        new = name not in self._files or not Path(self._folder, name).exists()
        code = _Open(self._usual.open)(ctypes.addressof(self._usual), path, file, flags, flags_out)
        if code == _OK and name:
            if new:  # the program itself creates the database, empty
                self._create(name)
            self._opened[file] = name, self._files[name]
            held = c_void_p.from_address(file)  # the first of a sqlite3_file are its methods
            assert held.value is not None
            held.value = ctypes.addressof(self._recording(held.value))
        return int(code)

    def _delete(self, _vfs: int, path: bytes, sync_folder: int) -> int:
        code = _Delete(self._usual.delete)(ctypes.addressof(self._usual), path, sync_folder)
        if code == _OK and (name := self._name(path.decode())):
            self._note("delete", name, self._files.pop(name, 0))
            if sync_folder:
                self._note("sync", "", 0)
        return int(code)

    def _create(self, name: str) -> None:
        self._files[name] = len(self.operations) + 1
        self._note("create", name, self._files[name])

    def _note(self, kind: str, name: str, file: int, offset: int = 0, data: bytes = b"") -> None:
        for present in [one for one in self._whole if Path(self._folder, one).exists()]:
            self._whole.remove(present)
            self._files[present] = len(self.operations) + 1
            contents = Path(self._folder, present).read_bytes()
            self.operations.append(Operation("create", present, self._files[present], data=contents))
            self.operations.append(Operation("sync", present, self._files[present]))
        self.operations.append(Operation(kind, name, file, offset, data))

    def _name(self, path: str) -> str:
        folder, _, name = path.rpartition("/")
        return name if folder == self._folder and not name.endswith("-shm") else ""  # -shm is built anew at each start

    def _recording(self, usual: int) -> Any:
        if usual in self._methods:
            return self._methods[usual][0]
        table = (c_void_p * _METHODS).from_address(usual)
        write, truncate, sync = _Write(table[_WRITE]), _Truncate(table[_TRUNCATE]), _Sync(table[_SYNC])

        def noted(code: int, kind: str, file: int, offset: int = 0, data: bytes = b"") -> int:
            if code == _OK:
                self._note(kind, *self._opened[file], offset, data)
            return code

        callbacks = (
            _Write(
                lambda file, data, size, at: noted(
                    write(file, data, size, at), "write", file, at, ctypes.string_at(data, size)
                )
            ),
            _Truncate(lambda file, size: noted(truncate(file, size), "truncate", file, size)),
            _Sync(lambda file, flags: noted(sync(file, flags), "sync", file)),
        )
        copy = (c_void_p * _METHODS)(*table)
        for place, callback in zip((_WRITE, _TRUNCATE, _SYNC), callbacks, strict=True):
            copy[place] = ctypes.cast(callback, c_void_p).value
        self._methods[usual] = (copy, callbacks)
        return copy


def _library() -> Any:
    """Return the SQLite that Python uses.

    Raises:
        LookupError: it is another one, or none can be opened.
    """
    name = {"darwin": "libsqlite3.dylib"}.get(sys.platform, "libsqlite3.so.0")
    try:
        library = ctypes.CDLL(name)
    except OSError as exc:
        raise LookupError(f"SQLite is no library of its own here ({exc}): its files cannot be recorded") from None
    library.sqlite3_libversion.restype = c_char_p
    if (version := library.sqlite3_libversion().decode()) != sqlite3.sqlite_version:
        raise LookupError(
            f"{name} is SQLite {version}, Python uses {sqlite3.sqlite_version}: its files are not recorded"
        )
    library.sqlite3_vfs_find.restype = c_void_p
    library.sqlite3_vfs_find.argtypes = (c_char_p,)
    library.sqlite3_vfs_register.argtypes = (c_void_p, c_int)
    library.sqlite3_vfs_unregister.argtypes = (c_void_p,)
    return library


@dataclass
class Disk:
    """What is durable of the files of one folder, and what was done since."""

    files: dict[str, tuple[int, bytearray]] = field(default_factory=dict)  # number and contents, by name
    _unsynced: list[Operation] = field(default_factory=list)

    def take(self, operation: Operation) -> None:
        """Note what is done next."""
        if operation.kind == "sync":
            unsynced, self._unsynced = self._unsynced, []
            for one in unsynced:
                if one.kind in _OF_FOLDER or one.file == operation.file:
                    _apply(self.files, one)
                else:
                    self._unsynced.append(one)
        elif operation.kind != "mark":
            self._unsynced.append(operation)

    def after_power_cut(self, draw: random.Random) -> dict[str, bytearray]:
        """Return the files as a power cut now may leave them."""
        files = {name: (number, bytearray(data)) for name, (number, data) in self.files.items()}
        kept = draw.choice(KEPT)
        of_folder = sum(one.kind in _OF_FOLDER for one in self._unsynced)
        folder_left = draw.randint(0, of_folder) if 0 < kept < 1 else round(of_folder * kept)
        for one in self._unsynced:
            if one.kind in _OF_FOLDER:
                folder_left -= 1
                if folder_left >= 0:
                    _apply(files, one)
            elif draw.random() < kept:
                for part in _left_of(one, draw, whole=kept == 1):
                    _apply(files, part)
        return {name: data for name, (_, data) in files.items()}


_OF_FOLDER: Final = ("create", "delete")


def _left_of(one: Operation, draw: random.Random, *, whole: bool) -> Sequence[Operation]:
    if whole or one.kind != "write" or draw.random() < WHOLE:
        return [one]
    starts = range(0, len(one.data), SECTOR_BYTES)
    return [
        one._replace(offset=one.offset + start, data=one.data[start : start + SECTOR_BYTES])
        for start in starts
        if draw.random() < 0.5
    ]


def _apply(files: dict[str, tuple[int, bytearray]], one: Operation) -> None:
    if one.kind == "create":
        files[one.name] = one.file, bytearray(one.data)
        return
    number, held = files.get(one.name, (-1, bytearray()))
    if number != one.file:  # of a file whose creation is lost, or that was removed, nothing is left
        return
    if one.kind == "delete":
        del files[one.name]
    elif one.kind == "truncate":
        del held[one.offset :]
        held.extend(bytes(one.offset - len(held)))
    else:
        held.extend(bytes(max(0, one.offset - len(held))))
        held[one.offset : one.offset + len(one.data)] = one.data


def each_cut(operations: Sequence[Operation], wanted: Callable[[int], int]) -> Iterator[tuple[int, Disk]]:
    """Yield each place between two operations as often as wanted, with the disk as of there."""
    disk = Disk()
    for place in range(len(operations) + 1):
        for _ in range(wanted(place)):
            yield place, disk
        if place < len(operations):
            disk.take(operations[place])
