"""Messages between two processes of one run, sealed: what passes between them may hold keys or card numbers."""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from acquirer.security.vault import VaultError

_NONCE_BYTES: Final = 12  # GCM's own size


class MessageSeal:
    """One direction of a connection: sender and receiver each hold one under the same key, and both count.

    Its key has 32 random bytes, and is for one connection and one direction: AES-256-GCM must never see a number twice
    under one key. So it needs neither random bytes nor a pass over the message for a nonce, as a `vault.Vault` does,
    whose blobs lie anywhere and are opened in any order; and it notices a message that is left out or comes twice.
    """

    def __init__(self, key: bytes) -> None:
        self._gcm = AESGCM(key)
        self._count = 0

    def seal(self, clear: bytes, beside: bytes = b"") -> bytes:
        """Return the next message, encrypted; 16 bytes longer.

        Args:
            beside: what travels with it in the clear, and is not to be altered either.
        """
        return self._gcm.encrypt(self._next(), clear, beside)

    def open(self, sealed: bytes, beside: bytes = b"") -> bytes:
        """Return what the next message holds.

        Raises:
            VaultError: it is another one, was altered, or was sealed under another key or beside something else.
        """
        try:
            return self._gcm.decrypt(self._next(), sealed, beside)
        except InvalidTag:
            raise VaultError(
                f"message {self._count} of a process does not open: it is another one or altered"
            ) from None

    def _next(self) -> bytes:
        self._count += 1
        return self._count.to_bytes(_NONCE_BYTES, "big")
