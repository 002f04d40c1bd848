"""The lock of a terminal's state: one holder at a time, with any of the ways a system may have."""

from __future__ import annotations

import errno
import types
from pathlib import Path

import pytest

from acquirer.settings import file_lock
from acquirer.settings.file_lock import FileLock, LockedError
from acquirer.settings.terminal_state import StateFile, StateFolderError


class Msvcrt(types.ModuleType):
    """Windows' locks on bytes, as far as they are used; a lock goes with the handle that holds it."""

    LK_NBLCK = 2

    def __init__(self) -> None:
        super().__init__("msvcrt")
        self.free = True

    def locking(self, _handle: int, mode: int, size: int) -> None:
        assert (mode, size) == (self.LK_NBLCK, 1)
        if not self.free:
            raise OSError(errno.EACCES, "Permission denied")
        self.free = False


@pytest.fixture(params=["flock", "msvcrt", "neither"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A system with one way of locking."""
    if request.param != "flock":
        monkeypatch.setattr(file_lock, "fcntl", None)
    if request.param == "msvcrt":
        monkeypatch.setattr(file_lock, "msvcrt", Msvcrt())
    return request.param


def test_one_holder_at_a_time(system: str, tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "a.lock")
    with pytest.raises(LockedError):
        FileLock(tmp_path / "a.lock")
    lock.release()
    lock.release()
    if system == "msvcrt":  # the real one frees it with the handle
        file_lock.msvcrt.free = True
    FileLock(tmp_path / "a.lock").release()


def test_a_terminals_state_is_kept_and_locked(system: str, tmp_path: Path) -> None:
    with (
        StateFile(tmp_path, "10000161"),
        pytest.raises(StateFolderError, match="another process plays terminal 10000161"),
    ):
        StateFile(tmp_path, "10000161")


def test_where_a_killed_process_leaves_its_lock_the_sentence_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_lock, "fcntl", None)
    left_behind = FileLock(tmp_path / "10000161.lock")
    with pytest.raises(StateFolderError, match=r"\(remove .*10000161\.locked if there is none\)"):
        StateFile(tmp_path, "10000161")
    left_behind.release()
    assert [path.name for path in tmp_path.iterdir()] == ["10000161.lock"]


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FileLock(tmp_path / "none" / "a.lock")
