"""The vault: keys at rest, sealed with AES-256-GCM under a master key; and keyed names for card numbers.

A sealed blob is bound to its *context* (``"tmk:10000161"``): copied to another row it does not open. Layout: version
byte 01, nonce 12, cipher text, tag 16.
"""

from __future__ import annotations

import hmac
from hashlib import blake2b
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from acquirer.data.types import Randbytes
from acquirer.errors import SecurityError
from acquirer.security.secret import Secret
from acquirer.security.working import IssuedKeys, WorkingKeys

MASTER_BYTES: Final = 32
RENEWED_BYTES: Final = 2 * MASTER_BYTES
"""Of a master key that has replaced another one: behind it stands the key of names, which stays for ever."""

_VERSION: Final = b"\x01"
_NONCE_BYTES: Final = 12  # GCM's own size
_OVERHEAD_BYTES: Final = 1 + _NONCE_BYTES + 16


class VaultError(SecurityError, ValueError):
    """A blob does not open: damaged, of another context, or sealed under another master key."""


class Vault:
    """Seals and opens small secrets under one master key. Safe to share between threads.

    Args:
        system: whether the random bytes it is given to seal with are always the system's, which never come again.
    """

    __slots__ = ("_digest_key", "_gcm", "_nonces", "_system", "_token_key")

    def __init__(self, master: bytes, *, system: bool = False) -> None:
        if len(master) not in (MASTER_BYTES, RENEWED_BYTES):
            raise VaultError(f"a vault's master key has {MASTER_BYTES} or {RENEWED_BYTES} bytes, not {len(master)}")
        master, names = master[:MASTER_BYTES], master[MASTER_BYTES:]
        self._gcm = AESGCM(_derive(master, b"acquirer vault: seal"))
        self._system = system
        self._nonces = blake2b(digest_size=_NONCE_BYTES, key=_derive(master, b"acquirer vault: nonce"))
        self._token_key = names or _derive(master, _TOKEN)
        self._digest_key = _derive(master, b"acquirer vault: digest")

    def seal(self, context: str, clear: bytes, randbytes: Randbytes) -> bytes:
        """Return `clear` encrypted and bound to `context`."""
        bound = context.encode()
        if self._system:
            nonce = randbytes(_NONCE_BYTES)
        else:  # a seeded run repeats its random bytes, and GCM must never see one nonce with two texts
            derived = self._nonces.copy()
            derived.update(randbytes(16) + bound + b"\x00" + clear)
            nonce = derived.digest()
        return _VERSION + nonce + self._gcm.encrypt(nonce, clear, bound)

    def open(self, context: str, blob: bytes) -> bytes:
        """Return what was sealed for `context`.

        Raises:
            VaultError: nothing of the blob can be trusted.
        """
        if len(blob) < _OVERHEAD_BYTES or blob[:1] != _VERSION:
            raise VaultError(f"{context}: not a sealed blob of this version ({len(blob)} bytes)")
        try:
            return self._gcm.decrypt(blob[1 : 1 + _NONCE_BYTES], blob[1 + _NONCE_BYTES :], context.encode())
        except InvalidTag:
            raise VaultError(
                f"{context}: the sealed blob does not open; it is damaged, belongs to another row, "
                "or the key file beside the database is not the one it was sealed with"
            ) from None

    def seal_secret(self, context: str, secret: Secret, randbytes: Randbytes) -> bytes:
        """Return one key, sealed."""
        return self.seal(context, secret.pack(), randbytes)

    def open_secret(self, context: str, blob: bytes) -> Secret:
        """Return one key, opened."""
        return Secret.unpack(self.open(context, blob))

    def seal_keys(self, context: str, keys: WorkingKeys | IssuedKeys, randbytes: Randbytes) -> bytes:
        """Return working keys, sealed together."""
        return self.seal(context, keys.pack(), randbytes)

    def open_keys(self, context: str, blob: bytes) -> WorkingKeys:
        """Return working keys, opened."""
        return WorkingKeys.unpack(self.open(context, blob))

    def token(self, pan: str) -> str:
        """Return the keyed name of a card number, 32 hex digits: the same for the same card, without revealing it."""
        return hmac.digest(self._token_key, pan.encode(), "sha256")[:16].hex()

    def digest(self, text: str, *keys: Secret | WorkingKeys | None) -> str:
        """Return a keyed digest of a text and keys, 32 hex digits: the same for the same ones, revealing neither."""
        parts = [text.encode(), *(b"" if key is None else key.pack() for key in keys)]
        sized = b"".join([len(part).to_bytes(4) + part for part in parts])  # so that no byte can move to the next part
        return hmac.digest(self._digest_key, sized, "sha256")[:16].hex()


_TOKEN: Final = b"acquirer vault: token"


def renewed_master(master: bytes, randbytes: Randbytes) -> bytes:
    """Return another master key, under which cards keep their names: nothing else could find their rows again."""
    return randbytes(MASTER_BYTES) + (master[MASTER_BYTES:] or _derive(master, _TOKEN))


def _derive(master: bytes, purpose: bytes) -> bytes:
    return hmac.digest(master, purpose, "sha256")
