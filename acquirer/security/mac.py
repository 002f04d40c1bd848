"""Message authentication codes: UnionPay's "ECB" algorithm, CBC-MACs (X9.9, X9.19, ISO 9797-1) and CMAC, by name.

A dialect names one of `MAC_ALGORITHMS`. A name ending in ``-hex`` puts the upper-case hex text of the result on the
wire instead of its bytes; UnionPay's algorithm is defined that way (Q/CUP 009: eight ASCII characters in DE 64).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from acquirer.security.ciphers import BLOCK_BYTES, CipherName
from acquirer.security.secret import Secret

MacForm = Literal["binary", "hex"]


@dataclass(frozen=True, slots=True)
class MacAlgorithm:
    """One way of making a MAC: the function from key and covered bytes to its result, and how that is sent."""

    name: str
    raw: Callable[[Secret, bytes], bytes]
    form: MacForm
    ciphers: frozenset[CipherName]  # which keys it takes

    def __call__(self, key: Secret, data: bytes, size: int = 8) -> bytes:
        """Return the first `size` bytes of the MAC of `data` as they travel."""
        result = self.raw(key, data)
        if self.form == "hex":
            return result.hex().upper().encode()[:size]
        return result[:size]


def pad_zeros(data: bytes, block_bytes: int) -> bytes:
    """Return data padded by ISO 9797-1 method 1: zeros up to a whole block; one block of zeros for no data at all."""
    return data + bytes(-len(data) % block_bytes) if data else bytes(block_bytes)


def pad_one_and_zeros(data: bytes, block_bytes: int) -> bytes:
    """Return data padded by ISO 9797-1 method 2: always a byte 80, then zeros."""
    return pad_zeros(data + b"\x80", block_bytes)


def fold(data: bytes, block_bytes: int) -> bytes:
    """Return all blocks of `data` (zeros filled up) XORed into one: step R of the UnionPay algorithm.

    >>> fold(bytes.fromhex("1234567890ABCDEFABCDEF1234567890"), 8).hex().upper()
    'B9F9B96AA4FDB57F'
    """
    row = int.from_bytes(data, "little")  # so that zeros behind the data need no place
    for bits in _HALVINGS[block_bytes][len(data).bit_length()]:
        row ^= row >> bits  # what is left above counts no more
    return (row & _ONES[block_bytes]).to_bytes(block_bytes, "little")


_ONES: Final = {size: (1 << 8 * size) - 1 for size in BLOCK_BYTES.values()}


def _halvings(block_bytes: int, length_bits: int) -> tuple[int, ...]:
    """Return by how many bits a row of blocks is folded in the middle, again and again, until one block is left.

    Args:
        length_bits: of the number that says how many bytes there are.
    """
    sizes = [block_bytes << times for times in range(length_bits) if block_bytes << times < 1 << length_bits]
    return tuple([8 * size for size in reversed(sizes)])


_MOST_LENGTH_BITS: Final = 64  # no object of Python has more bytes
_HALVINGS: Final = {
    size: [_halvings(size, length_bits) for length_bits in range(_MOST_LENGTH_BITS)] for size in BLOCK_BYTES.values()
}


def unionpay_ecb(key: Secret, data: bytes) -> bytes:
    """Return the result of UnionPay's ECB algorithm up to E2: both steps with the same key, be it DES, 3DES or SM4.

    SM4 folds to 16 bytes, so that each half of the text fills a block. Both steps together are a chain of two blocks.
    """
    return key.chain(fold(data, key.block_bytes).hex().upper().encode())


def cbc(key: Secret, data: bytes) -> bytes:
    """Return a CBC-MAC with the whole key, zero padding (ISO 9797-1 algorithm 1; vendors of PIN pads call it "CBC")."""
    return key.chain(pad_zeros(data, key.block_bytes))


def cbc_padded(key: Secret, data: bytes) -> bytes:
    """Return a MAC of ISO 9797-1 algorithm 1 with padding method 2."""
    return key.chain(pad_one_and_zeros(data, key.block_bytes))


def x9_9(key: Secret, data: bytes) -> bytes:
    """Return a MAC of ANSI X9.9: DES CBC-MAC with the left key, zero padding."""
    return key.half().chain(pad_zeros(data, 8))


def retail(key: Secret, data: bytes) -> bytes:
    """Return a retail MAC (ANSI X9.19, ISO 9797-1 algorithm 3): left-key CBC-MAC, decrypted right, encrypted left."""
    return _retail(key, pad_zeros(data, 8))


def retail_padded(key: Secret, data: bytes) -> bytes:
    """Return a MAC of ISO 9797-1 algorithm 3 with padding method 2."""
    return _retail(key, pad_one_and_zeros(data, 8))


def cmac(key: Secret, data: bytes) -> bytes:
    """Return a CMAC (NIST SP 800-38B, ISO 9797-1 algorithm 5) with the key's own cipher."""
    context = key.cmac()
    context.update(data)
    return context.finalize()


def _retail(key: Secret, padded: bytes) -> bytes:
    left = key.half()
    right = left if key.cipher == "des" else key.half(1)
    return left.encrypt(right.decrypt(left.chain(padded)))


_DES: Final[frozenset[CipherName]] = frozenset({"des", "3des"})
_ANY: Final[frozenset[CipherName]] = frozenset({"des", "3des", "sm4", "aes"})

_BINARY: Final = (
    MacAlgorithm("x9.9", x9_9, "binary", _DES),
    MacAlgorithm("x9.19", retail, "binary", _DES),
    MacAlgorithm("unionpay-cbc", cbc, "binary", _ANY),
    MacAlgorithm("iso9797-1-alg1", cbc, "binary", _ANY),
    MacAlgorithm("iso9797-1-alg1-pad2", cbc_padded, "binary", _ANY),
    MacAlgorithm("iso9797-1-alg3", retail, "binary", _DES),
    MacAlgorithm("iso9797-1-alg3-pad2", retail_padded, "binary", _DES),
    MacAlgorithm("cmac", cmac, "binary", _ANY),
)

NO_MAC: Final = MacAlgorithm("", lambda _key, _data: b"", "binary", _ANY)
"""For a dialect whose messages carry none: its result is empty and equals no received MAC."""

MAC_ALGORITHMS: Final[dict[str, MacAlgorithm]] = {
    algorithm.name: algorithm
    for algorithm in (
        MacAlgorithm("unionpay-ecb", unionpay_ecb, "hex", _ANY),
        *_BINARY,
        *(MacAlgorithm(f"{plain.name}-hex", plain.raw, "hex", plain.ciphers) for plain in _BINARY),
    )
}
