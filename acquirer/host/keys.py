"""Keys of terminals, opened: a host opens each sealed key once and keeps it with its ready cipher contexts."""

from __future__ import annotations

from typing import Final, Literal

from acquirer.data.kept import Kept
from acquirer.model.rows import Generation, TerminalConfig
from acquirer.security.candidates import Candidate
from acquirer.security.dukpt import Dukpt
from acquirer.security.dukpt_mistakes import mistaken_keys
from acquirer.security.secret import Secret
from acquirer.security.vault import Vault, VaultError
from acquirer.security.working import IssuedKeys, WorkingKeys

TERMINALS_KEPT: Final = 20_000
"""Terminals whose keys stay opened. A master key and two sets of working keys take about 6 kB: a chain of 20 000 stays
warm in 120 MB, a small one costs nothing. Beyond it, the terminals that were opened first are opened again."""


class _Opened:
    """What is kept of one terminal: each key set beside the very blob it was opened from."""

    __slots__ = (
        "bdk_blob",
        "current",
        "current_blob",
        "derived",
        "device",
        "initial",
        "ksn",
        "master",
        "master_blob",
        "previous",
        "previous_blob",
    )

    def __init__(self) -> None:
        self.master_blob = self.current_blob = self.previous_blob = b""
        self.bdk_blob: bytes | None = None
        self.initial: Secret | None = None  # of the device that sent a KSN last
        self.device = b""
        self.derived: WorkingKeys | None = None  # of its last message
        self.ksn = b""
        self.master: Secret | None = None
        self.current: WorkingKeys | IssuedKeys | None = None
        self.previous: WorkingKeys | IssuedKeys | None = None


class KeyRing:
    """Opens sealed keys through the vault and remembers them. Raises VaultError when a blob does not open."""

    __slots__ = ("_kept", "_pinned", "vault")

    def __init__(self, vault: Vault, limit: int = TERMINALS_KEPT) -> None:
        self.vault = vault
        self._kept = Kept(limit, _Opened)  # nothing is opened yet of a terminal that is not there
        self._pinned: dict[bytes, WorkingKeys] = {}  # as many as test terminals were registered with pinned keys

    def master(self, terminal: TerminalConfig) -> Secret:
        """The terminal's master key."""
        if not terminal.tmk:
            raise VaultError(f"terminal {terminal.tid} is registered without a tmk")
        kept = self._kept[terminal.tid]
        if kept.master is None or kept.master_blob != terminal.tmk:
            kept.master = self.vault.open_secret(f"tmk:{terminal.tid}", terminal.tmk)
            kept.master_blob = terminal.tmk
        return kept.master

    def initial(self, terminal: TerminalConfig, dukpt: Dukpt, ksn: bytes) -> Secret:
        """The initial key of the device that sends this KSN, which all keys of its messages come from.

        Raises:
            VaultError: the terminal has no base derivation key.
            CipherError, DukptError: it has one of a wrong kind.
        """
        kept = self._kept[terminal.tid]
        device = dukpt.ksn(ksn, 0)
        if kept.initial is None or (kept.bdk_blob, kept.device) != (terminal.bdk, device):
            kept.initial = dukpt.initial(self.base(terminal, dukpt), ksn)
            kept.bdk_blob, kept.device, kept.ksn = terminal.bdk, device, b""
        return kept.initial

    def base(self, terminal: TerminalConfig, dukpt: Dukpt) -> Secret:
        """The base derivation key of a terminal. Raises VaultError, CipherError."""
        if terminal.bdk is None:
            raise VaultError(f"terminal {terminal.tid} is registered without a bdk, which {dukpt.name} needs")
        return self.vault.open_secret(f"bdk:{terminal.tid}", terminal.bdk).using(dukpt.cipher)

    def derived_otherwise(
        self, terminal: TerminalConfig, dukpt: Dukpt, ksn: bytes, role: Literal["pik", "mak"] = "mak"
    ) -> list[Candidate[Secret]]:
        """The keys that a terminal may have taken for the MAK, or the PIK, of a message. Raises like `initial`."""
        return mistaken_keys(dukpt, self.base(terminal, dukpt), self.initial(terminal, dukpt, ksn), ksn, role)

    def derived(self, terminal: TerminalConfig, dukpt: Dukpt, ksn: bytes) -> WorkingKeys:
        """The keys of the message that sends this KSN; see `initial`. Kept, because many are decided on twice."""
        initial, kept = self.initial(terminal, dukpt, ksn), self._kept[terminal.tid]
        if kept.derived is None or kept.ksn != ksn:
            kept.derived, kept.ksn = dukpt.keys(initial, ksn), ksn
        return kept.derived

    def pinned(self, terminal: TerminalConfig) -> WorkingKeys | None:
        """The working keys a test terminal is always given; None when fresh ones are made."""
        blob = terminal.fixed_keys
        if blob is None:
            return None
        keys = self._pinned.get(blob)
        if keys is None:
            keys = self._pinned[blob] = self.vault.open_keys(f"fixed:{terminal.tid}", blob)
        return keys

    def current(self, tid: str, generation: Generation) -> WorkingKeys:
        """The working keys of a terminal's current generation."""
        kept = self._kept[tid]
        keys = kept.current
        if keys is None or kept.current_blob != generation.sealed:
            keys = kept.current = self.vault.open_keys(context(tid, generation.number), generation.sealed)
            kept.current_blob = generation.sealed
        elif isinstance(keys, IssuedKeys):
            keys = kept.current = keys.working
        return keys

    def previous(self, tid: str, generation: Generation) -> WorkingKeys:
        """The working keys of its previous generation."""
        kept = self._kept[tid]
        keys = kept.previous
        if keys is None or kept.previous_blob != generation.sealed:
            keys = kept.previous = self.vault.open_keys(context(tid, generation.number), generation.sealed)
            kept.previous_blob = generation.sealed
        elif isinstance(keys, IssuedKeys):
            keys = kept.previous = keys.working
        return keys

    def remember(self, tid: str, sealed: bytes, keys: WorkingKeys | IssuedKeys) -> None:
        """Keep keys that were just made: the terminal's next message needs them, and those before may be in flight."""
        kept = self._kept[tid]
        kept.previous, kept.previous_blob = kept.current, kept.current_blob
        kept.current, kept.current_blob = keys, sealed

    def __len__(self) -> int:
        return len(self._kept)


def context(tid: str, number: int) -> str:
    """What a sealed generation of working keys is bound to."""
    return f"keys:{tid}:{number}"
