"""Track encryption: one block of a track's BCD form is replaced by its cipher text, everything else stays clear.

UnionPay takes the block *before the last byte* (Q/CUP 009): 8 bytes under 3DES, 16 under SM4. The length never
changes, and the cipher text may reach into the card number or the separator: read a track only after opening it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from acquirer.errors import SecurityError
from acquirer.security.secret import Secret

_ALPHABET: Final = frozenset("0123456789ABCDEF")


class TrackError(SecurityError, ValueError):
    """A track that cannot be encrypted or opened; the sentence gives lengths, never digits."""


@dataclass(frozen=True, slots=True)
class TrackMethod:
    """One way of encrypting a track. Both functions take and give its text: digits and ``D`` (hex when encrypted)."""

    name: str
    encrypt: Callable[[Secret, str], str]
    decrypt: Callable[[Secret, str], str]


def encrypt_before_last_byte(key: Secret, track: str) -> str:
    """Return a track with the block before its last byte encrypted.

    >>> tdk = Secret.from_hex("C9A0F37E18EA3FF71E3BDA58ACCEFCE0")
    >>> encrypt_before_last_byte(tdk, "6212790200001797D24122200000012345")
    '62127902000017971616C2DD59511A2D45'
    """
    return _replace(key, track, key.encrypt)


def decrypt_before_last_byte(key: Secret, track: str) -> str:
    """Return a track with the block before its last byte decrypted; another key gives other digits, not an error."""
    return _replace(key, track, key.decrypt)


def _replace(key: Secret, track: str, kernel: Callable[[bytes], bytes]) -> str:
    if not _ALPHABET.issuperset(track):
        raise TrackError("a track has digits and the separator D (and A to F when encrypted), this one has others")
    packed = bytes.fromhex(track + "0" * (len(track) % 2))  # the filling stands in the last byte, which stays clear
    size = key.block_bytes
    if len(packed) < size + 1:
        raise TrackError(f"a track needs {2 * size + 1} digits to have a block before its last byte, got {len(track)}")
    changed = packed[: -size - 1] + kernel(packed[-size - 1 : -1]) + packed[-1:]
    return changed.hex().upper()[: len(track)]


TRACK_METHODS: Final[dict[str, TrackMethod]] = {
    method.name: method
    for method in (TrackMethod("tdb-before-last-byte", encrypt_before_last_byte, decrypt_before_last_byte),)
}
