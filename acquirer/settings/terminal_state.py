"""The state of terminals on disk: one folder, three small files per terminal, and one for each slip (`slip_archive`).

``<tid>.json`` is the state (see `acquirer.terminal.state`), ``<tid>.key`` the key its secrets are sealed under, made at
first use and readable by its owner only, ``<tid>.lock`` keeps a second process off. A save is a new file, synced and
renamed over the old one: a crash leaves the old state or the new one, never half of either.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from acquirer.data.text import plural
from acquirer.data.types import Randbytes
from acquirer.errors import StoreError
from acquirer.security.vault import MASTER_BYTES, Vault
from acquirer.settings.file_lock import FileLock, LockedError
from acquirer.settings.private_file import replace_private
from acquirer.settings.slip_archive import SlipFolder
from acquirer.settings.text_file import read_text_file
from acquirer.terminal.state import State, StateError, dump, load


class StateFolderError(StoreError, OSError):
    """The state of a terminal cannot be used: which file, why, and what to do."""


class StateFile:
    """The kept state of one terminal, locked while this object lives. A context manager; `close` unlocks.

    Raises:
        StateFolderError: another process has it, the key file is gone, or the folder cannot be used.
    """

    def __init__(self, folder: Path | str, tid: str, randbytes: Randbytes = secrets.token_bytes) -> None:
        self.folder = Path(folder)
        self.tid = tid
        name = quote(tid, safe=" ")  # a terminal number may hold any character, a file name may not
        self.path = self.folder / f"{name}.json"
        self.key_path = self.folder / f"{name}.key"
        self._randbytes = randbytes
        try:
            self.folder.mkdir(0o700, parents=True, exist_ok=True)  # others could put files of theirs in it
            self._lock = FileLock(self.folder / f"{name}.lock")
        except LockedError as error:
            left = f" (remove {error.left_behind} if there is none)" if error.left_behind else ""
            raise StateFolderError(
                f"{self.path}: another process plays terminal {tid} with this state{left}; wait for it, or give --state"
            ) from None
        except OSError as error:
            raise StateFolderError(
                f"{self.folder}: the terminal's state cannot be kept here: {error.strerror}"
            ) from None
        try:
            self._vault = Vault(self._key())
        except BaseException:
            self._lock.release()
            raise

    def load(self) -> State | None:
        """Return the kept state; None at first use. Raises StateFolderError."""
        _check_kind(self.path)
        try:
            text = read_text_file(self.path)
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError):
            raise StateFolderError(f"{self.path}: cannot be read") from None
        try:
            return load(text, self._vault)
        except StateError as error:
            raise StateFolderError(
                f"{self.path}: {error}; remove it to start afresh, which forgets the reversal it may hold"
            ) from None

    def save(self, state: State) -> None:
        """Make `state` durable: when this returns it survives a power cut."""
        try:
            replace_private(self.path, dump(state, self._vault, self._randbytes).encode())
        except OSError as error:
            raise StateFolderError(f"{self.path}: cannot be written: {error.strerror}") from None

    def slips(self) -> SlipFolder:
        """Return the slips that are kept beside the state."""
        return SlipFolder(self.folder, self.tid, self._vault, self._randbytes)

    def close(self) -> None:
        """Unlock."""
        self._lock.release()

    def __enter__(self) -> StateFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _key(self) -> bytes:
        _check_kind(self.key_path)
        try:
            with self.key_path.open("rb") as file:
                key = file.read(MASTER_BYTES + 1)
        except FileNotFoundError:
            if self.path.exists():
                raise StateFolderError(
                    f"{self.key_path}: the key file is gone, so {self.path.name} cannot be opened; "
                    "bring it back, or remove both to start afresh"
                ) from None
            key = self._randbytes(MASTER_BYTES)
            replace_private(self.key_path, key)
        except OSError as error:
            raise StateFolderError(f"{self.key_path}: cannot be read: {error.strerror}") from None
        if len(key) != MASTER_BYTES:
            size = "more" if len(key) > MASTER_BYTES else plural(len(key), "byte")
            raise StateFolderError(f"{self.key_path}: is no key file: it has {size}, not {MASTER_BYTES}")
        return key


def _check_kind(path: Path) -> None:
    """Refuse what is there and no file: a pipe would be waited for, a device be read for ever."""
    if path.exists() and not path.is_file():
        raise StateFolderError(f"{path}: is no file; a file of the terminal's state belongs there: move it away")
