"""The block ciphers: DES, 3DES with two and three keys, SM4 (GB/T 32907) and AES; DES key parity and weak keys.

What is computed with them is `secret`'s: a key and its contexts belong together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm
from cryptography.hazmat.primitives.ciphers.algorithms import AES, SM4

from acquirer.errors import SecurityError

CipherName = Literal["des", "3des", "sm4", "aes"]


class CipherError(SecurityError, ValueError):
    """A key or a block has a size its cipher cannot take; the sentence gives sizes, never bytes."""


def _triple(key: bytes) -> BlockCipherAlgorithm:
    # Always 24 bytes: the library deprecates the shorter forms, which are these by definition.
    return TripleDES(key if len(key) == 24 else key + key[:8] if len(key) == 16 else key * 3)


CIPHERS: Final[dict[CipherName, Callable[[bytes], BlockCipherAlgorithm]]] = {
    "des": _triple,
    "3des": _triple,
    "sm4": SM4,
    "aes": AES,
}
KEY_SIZES: Final[dict[CipherName, tuple[int, ...]]] = {"des": (8,), "3des": (16, 24), "sm4": (16,), "aes": (16, 24, 32)}
BLOCK_BYTES: Final[dict[CipherName, int]] = {"des": 8, "3des": 8, "sm4": 16, "aes": 16}

_ODD: Final = bytes(byte ^ (byte.bit_count() + 1) % 2 for byte in range(256))


def key_of(cipher: CipherName) -> str:
    """Return what people call a key of a cipher.

    >>> key_of("3des"), key_of("aes")
    ('a 3DES key', 'an AES key')
    """
    return f"{'a' if cipher in ('des', '3des') else 'an'} {cipher.upper()} key"


def odd_parity(key: bytes) -> bytes:
    """Return `key` with the lowest bit of each byte set so that every byte has odd parity, as DES keys do.

    >>> odd_parity(bytes.fromhex("0001FEFF")).hex().upper()
    '0101FEFE'
    """
    return key.translate(_ODD)


_WEAK: Final = """
0101010101010101 FEFEFEFEFEFEFEFE E0E0E0E0F1F1F1F1 1F1F1F1F0E0E0E0E
011F011F010E010E 1F011F010E010E01 01E001E001F101F1 E001E001F101F101 01FE01FE01FE01FE FE01FE01FE01FE01
1FE01FE00EF10EF1 E01FE01FF10EF10E 1FFE1FFE0EFE0EFE FE1FFE1FFE0EFE0E E0FEE0FEF1FEF1FE FEE0FEE0FEF1FEF1
"""
WEAK_DES_KEYS: Final = frozenset(bytes.fromhex(key) for key in _WEAK.split())
"""The four weak DES keys, which undo themselves, and the six pairs that undo each other (NIST SP 800-67)."""


def is_weak(key: bytes) -> bool:
    """Return whether a DES or 3DES key has a weak part or two equal parts; parity bits do not count."""
    parts = [odd_parity(key[at : at + 8]) for at in range(0, len(key), 8)]
    return len(set(parts)) != len(parts) or not WEAK_DES_KEYS.isdisjoint(parts)
