"""Keys of terminals, opened: a host opens each sealed key once and keeps it with its ready cipher contexts."""

from __future__ import annotations

from typing import Final, Generic, TypeVar

from acquirer.exchange.rows import Generation, TerminalConfig
from acquirer.security.secret import Secret
from acquirer.security.vault import Vault
from acquirer.security.working import WorkingKeys

Value = TypeVar("Value")

KEPT: Final = 20_000
"""Entries of half a memo. An opened key set takes about 2 kB, a terminal has a master key and at most two key sets:
a whole chain of 20 000 terminals stays warm in 160 MB, a small one costs nothing."""


class Memo(Generic[Value]):
    """A bounded cache by sealed blob: what was not asked for while `KEPT` others came in is forgotten."""

    __slots__ = ("_limit", "_new", "_old")

    def __init__(self, limit: int = KEPT) -> None:
        self._limit = limit
        self._new: dict[bytes, Value] = {}
        self._old: dict[bytes, Value] = {}

    def get(self, blob: bytes) -> Value | None:
        """What was kept for `blob`."""
        found = self._new.get(blob)
        if found is None:
            found = self._old.get(blob)
            if found is not None:
                self.keep(blob, found)
        return found

    def keep(self, blob: bytes, value: Value) -> Value:
        """Remember `value`; when half the room is full, everything older is forgotten at once."""
        if len(self._new) >= self._limit:
            self._old, self._new = self._new, {}
        self._new[blob] = value
        return value

    def __len__(self) -> int:
        return len(self._new) + len(self._old)


class KeyRing:
    """Opens sealed keys through the vault and remembers them. Raises VaultError when a blob does not open."""

    __slots__ = ("_masters", "_working", "vault")

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self._masters: Memo[Secret] = Memo()
        self._working: Memo[WorkingKeys] = Memo()

    def master(self, terminal: TerminalConfig) -> Secret:
        """The terminal's master key."""
        return self._masters.get(terminal.tmk) or self._masters.keep(
            terminal.tmk, self.vault.open_secret(f"tmk:{terminal.tid}", terminal.tmk)
        )

    def pinned(self, terminal: TerminalConfig) -> WorkingKeys | None:
        """The working keys a test terminal is always given; None when fresh ones are made."""
        blob = terminal.fixed_keys
        if blob is None:
            return None
        return self._working.get(blob) or self._working.keep(blob, self.vault.open_keys(f"fixed:{terminal.tid}", blob))

    def working(self, tid: str, generation: Generation) -> WorkingKeys:
        """The working keys of one generation."""
        return self._working.get(generation.sealed) or self._working.keep(
            generation.sealed, self.vault.open_keys(context(tid, generation.number), generation.sealed)
        )

    def remember(self, sealed: bytes, keys: WorkingKeys) -> None:
        """Keep keys that were just made: the terminal's next message needs them."""
        self._working.keep(sealed, keys)


def context(tid: str, number: int) -> str:
    """What a sealed generation of working keys is bound to."""
    return f"keys:{tid}:{number}"
