"""The ways of computing a MAC that terminals have been seen to take, beside the right one: as tables, with words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from acquirer.security.candidates import Candidate
from acquirer.security.ciphers import CipherName
from acquirer.security.mac import MAC_ALGORITHMS, MacAlgorithm, fold, pad_zeros, retail, unionpay_ecb
from acquirer.security.secret import Secret


class MacWay(NamedTuple):
    """A way of computing a MAC; its result is looked for in every way of writing it."""

    raw: Callable[[Secret, bytes], bytes]
    ciphers: frozenset[CipherName]


def mac_ways(algorithm: MacAlgorithm) -> list[Candidate[MacWay]]:
    """Return the ways of computing a MAC that are tried, the right one first."""
    tried = [Candidate("", "", MacWay(algorithm.raw, algorithm.ciphers))]
    if algorithm.raw is unionpay_ecb:
        tried += _SLIPS
    elif algorithm.raw is retail:
        tried += _RETAIL_SLIPS
    for other in MAC_ALGORITHMS.values():
        if other.raw not in [one.value.raw for one in tried]:
            hint = f"the terminal uses MAC algorithm {other.name}"
            remedy = f"use MAC algorithm {_named(algorithm)}"
            tried.append(Candidate(f"{other.name} over ", hint, MacWay(other.raw, other.ciphers), remedy))
    return tried


def _named(algorithm: MacAlgorithm) -> str:
    of = "the XOR of all blocks as hex text, encrypted in two steps"
    return f"{algorithm.name}: {of}" if algorithm.raw is unionpay_ecb else algorithm.name


def _fold_itself(key: Secret, data: bytes) -> bytes:
    return key.encrypt(fold(data, key.block_bytes))


def _fold_alone(key: Secret, data: bytes) -> bytes:
    return fold(data, key.block_bytes)


def _half_first(key: Secret, data: bytes) -> bytes:
    return _chained(_fold_text(key, data), key.half().encrypt, key.encrypt)


def _half_last(key: Secret, data: bytes) -> bytes:
    return _chained(_fold_text(key, data), key.encrypt, key.half().encrypt)


def _first_step_only(key: Secret, data: bytes) -> bytes:
    return key.encrypt(_fold_text(key, data)[: key.block_bytes])


def _short_fold(key: Secret, data: bytes) -> bytes:
    return key.encrypt(fold(data, 8).hex().upper().encode())


def _lower_case_fold(key: Secret, data: bytes) -> bytes:
    return _chained(_fold_text(key, data).lower(), key.encrypt, key.encrypt)


def _without_xor(key: Secret, data: bytes) -> bytes:
    return key.encrypt(key.encrypt(_fold_text(key, data)[: key.block_bytes]))


def _second_half_first(key: Secret, data: bytes) -> bytes:
    text, size = _fold_text(key, data), key.block_bytes
    return _chained(text[size:] + text[:size], key.encrypt, key.encrypt)


def _second_decrypted(key: Secret, data: bytes) -> bytes:
    return _chained(_fold_text(key, data), key.encrypt, key.decrypt)


def _decrypted(key: Secret, data: bytes) -> bytes:
    return _chained(_fold_text(key, data), key.decrypt, key.decrypt)


def _fold_text(key: Secret, data: bytes) -> bytes:
    return fold(data, key.block_bytes).hex().upper().encode()


def _chained(text: bytes, first: Callable[[bytes], bytes], second: Callable[[bytes], bytes]) -> bytes:
    """Return the halves of a text chained as `mac.unionpay_ecb` chains them, each step by a use of a cipher."""
    half = len(text) // 2
    return second(bytes(a ^ b for a, b in zip(first(text[:half]), text[half:], strict=True)))


def _once_more(key: Secret, data: bytes) -> bytes:
    return key.encrypt(unionpay_ecb(key, data))


def _last_keys_exchanged(key: Secret, data: bytes) -> bytes:
    left, right = key.half(), key.half(1)
    return right.encrypt(left.decrypt(left.chain(pad_zeros(data, 8))))


def _decrypted_last(key: Secret, data: bytes) -> bytes:
    return key.half(1).decrypt(key.half().chain(pad_zeros(data, 8)))


def _retail_once_more(key: Secret, data: bytes) -> bytes:
    return key.encrypt(retail(key, data))


def _retail_once_more_by_half(key: Secret, data: bytes) -> bytes:
    return key.half().encrypt(retail(key, data))


_ANY_CIPHER: Final[frozenset[CipherName]] = frozenset({"des", "3des", "sm4", "aes"})
_SLIPS: Final = (
    Candidate(
        "the encrypted fold of ",
        "the terminal encrypts the folded blocks themselves, not their hex text",
        MacWay(_fold_itself, _ANY_CIPHER),
        "encrypt the first half of the hex text, XOR the second, encrypt again",
    ),
    Candidate(
        "the fold alone, without a key, of ",
        "the terminal does not encrypt the folded blocks",
        MacWay(_fold_alone, _ANY_CIPHER),
        "encrypt the first half of the hex text, XOR the second, encrypt again",
    ),
    Candidate(
        "the first encryption alone over ",
        "the terminal leaves out the second encryption",
        MacWay(_first_step_only, _ANY_CIPHER),
        "XOR the second half of the hex text with the result and encrypt it again",
    ),
    Candidate(
        "the fold in lower-case hex text of ",
        "the terminal writes the folded blocks in lower case before it encrypts them",
        MacWay(_lower_case_fold, _ANY_CIPHER),
        "write the folded blocks in upper case",
    ),
    Candidate(
        "two encryptions without the second half of the hex text over ",
        "the terminal leaves out the second half of the hex text",
        MacWay(_without_xor, _ANY_CIPHER),
        "add it to the result of the first encryption by XOR",
    ),
    Candidate(
        "the second half of the hex text before the first over ",
        "the terminal begins with the second half of the hex text",
        MacWay(_second_half_first, _ANY_CIPHER),
        "encrypt the first half, XOR the second, encrypt again",
    ),
    Candidate(
        "a decryption as the second step over ",
        "the terminal decrypts in the second step",
        MacWay(_second_decrypted, _ANY_CIPHER),
        "encrypt in both steps",
    ),
    Candidate(
        "a decryption in both steps over ",
        "the terminal decrypts where it should encrypt",
        MacWay(_decrypted, _ANY_CIPHER),
        "encrypt in both steps",
    ),
    Candidate(
        "the fold in blocks of 8 bytes of ",
        "the terminal folds in blocks of 8 bytes, and those of the cipher have 16",
        MacWay(_short_fold, frozenset({"sm4", "aes"})),
        "fold in blocks of 16 bytes",
    ),
    Candidate(
        "single DES in the first step over ",
        "the terminal takes half of its MAK for the first encryption",
        MacWay(_half_first, frozenset({"3des"})),
        "use the whole MAK in both steps",
    ),
    Candidate(
        "single DES in the second step over ",
        "the terminal takes half of its MAK for the second encryption",
        MacWay(_half_last, frozenset({"3des"})),
        "use the whole MAK in both steps",
    ),
    Candidate(
        "the result, encrypted once more, of ",
        "the terminal encrypts the result of the second step once more",
        MacWay(_once_more, _ANY_CIPHER),
        "encrypt twice, and send that result",
        alone=True,
    ),
)
"""Misreadings of the UnionPay algorithm; the standard's own wording invites those of single DES."""

_LAST_STEPS: Final = "decrypt the last block with the right half of the key, then encrypt it with the left half"
_RETAIL_SLIPS: Final = (
    Candidate(
        "the last two steps with their keys exchanged over ",
        "the terminal decrypts the last block with the left half of its MAK and encrypts it with the right one",
        MacWay(_last_keys_exchanged, frozenset({"3des"})),
        _LAST_STEPS,
        alone=True,
    ),
    Candidate(
        "the last encryption left out over ",
        "the terminal ends with the decryption of the last block",
        MacWay(_decrypted_last, frozenset({"3des"})),
        _LAST_STEPS,
        alone=True,
    ),
    Candidate(
        "the result, encrypted once more by 3DES, of ",
        "the terminal encrypts the result once more",
        MacWay(_retail_once_more, frozenset({"3des"})),
        "send the result of the last block as it is",
        alone=True,
    ),
    Candidate(
        "the result, encrypted once more by DES, of ",
        "the terminal encrypts the result once more with half of its MAK",
        MacWay(_retail_once_more_by_half, frozenset({"3des"})),
        "send the result of the last block as it is",
        alone=True,
    ),
)
"""Misreadings of the retail MAC."""
