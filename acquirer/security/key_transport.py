"""A terminal's master key by RSA: the terminal makes a transport key, the host sends the master key under it.

1. The terminal encrypts 16 random bytes under the host's public key, in a block ``00 02 FF … FF 00`` and the key
   (PKCS #1 type 2, with FF where that has random bytes), and sends the key's check value beside it.
2. The host sends the master key under the transport key by 3DES, block by block, and the master key's check value.

Plain RSA, as this protocol has it: for tests, with keys that anyone may know.
Source: Q/CUP 009, 终端主密钥下载.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import Final

from acquirer.data.text import plural
from acquirer.data.types import Randbytes
from acquirer.security.ciphers import CipherError, odd_parity
from acquirer.security.secret import Secret

KEY_BYTES: Final = 16
CHECK_BYTES: Final = 4
BLOCK_TYPE: Final = b"\x00\x02"
PADDING_LEAST: Final = 8  # PKCS #1


class TransportError(CipherError):
    """A block or a key that does not open: a sentence without any byte of it."""


@dataclass(frozen=True, slots=True)
class RsaKey:
    """An RSA key: of the host with its private exponent, of a terminal without."""

    modulus: bytes = field(repr=False)
    exponent: bytes
    private_exponent: bytes = field(default=b"", repr=False)

    def public(self, block: bytes) -> bytes:
        """Return a block under the public key."""
        return self._power(block, self.exponent)

    def private(self, block: bytes) -> bytes:
        """Return a block under the private key."""
        return self._power(block, self.private_exponent)

    def _power(self, block: bytes, exponent: bytes) -> bytes:
        modulus = int.from_bytes(self.modulus)
        return pow(int.from_bytes(block), int.from_bytes(exponent), modulus).to_bytes(len(self.modulus))


def make_transport_key(public: RsaKey, randbytes: Randbytes) -> tuple[Secret, bytes, bytes]:
    """Return a fresh transport key, its block under the public key, and its check value.

    Raises:
        TransportError: the public key is too short for it.
    """
    fill = len(public.modulus) - len(BLOCK_TYPE) - 1 - KEY_BYTES
    if fill < PADDING_LEAST:
        raise TransportError(f"an RSA key of {plural(len(public.modulus), 'byte')} is too short for a transport key")
    clear = odd_parity(randbytes(KEY_BYTES))
    key = Secret(clear, "3des")
    return key, public.public(BLOCK_TYPE + b"\xff" * fill + b"\x00" + clear), key.check_value(CHECK_BYTES)


def open_transport_key(own: RsaKey, block: bytes, check_value: bytes) -> Secret:
    """Return the transport key of a block.

    Raises:
        TransportError: the block has another size or form, or the key has another check value.
    """
    if len(block) != len(own.modulus):
        raise TransportError(
            f"the block (DF23) has {plural(len(block), 'byte')}, and the RSA key {len(own.modulus)}: encrypt a whole "
            "block under that key"
        )
    clear = own.private(block)
    padding, _, key = clear[len(BLOCK_TYPE) :].partition(b"\x00")
    if not clear.startswith(BLOCK_TYPE) or len(padding) < PADDING_LEAST or len(key) != KEY_BYTES:
        raise TransportError(
            "the block (DF23) does not open to 00 02 FF … 00 and a key of 16 bytes: encrypt it under the public key "
            "that 352 brings, raw, the first byte 00"
        )
    secret = Secret(key, "3des")
    _same(secret, check_value, "the transport key (DF24)")
    return secret


def wrap_master_key(transport: Secret, master: Secret) -> tuple[bytes, bytes]:
    """Return a master key under a transport key, and its check value."""
    return transport.encrypt(master.reveal()), master.check_value(CHECK_BYTES)


def unwrap_master_key(transport: Secret, wrapped: bytes, check_value: bytes) -> Secret:
    """Return the master key that a host sent.

    Raises:
        TransportError: it has another size, or another check value.
    """
    if len(wrapped) != KEY_BYTES:
        raise TransportError(f"the master key (DF21) has {plural(len(wrapped), 'byte')}, not {KEY_BYTES}")
    master = Secret(transport.decrypt(wrapped), "3des")
    _same(master, check_value, "the master key (DF22)")
    return master


def _same(key: Secret, check_value: bytes, what: str) -> None:
    ours = key.check_value(CHECK_BYTES)
    if not hmac.compare_digest(ours, check_value):
        raise TransportError(
            f"the check value of {what} is {check_value.hex().upper()}, and of the key that came {ours.hex().upper()}"
        )
