"""Check values of many keys, at half the price: one cipher object of OpenSSL's that is given one key after another.

`cryptography` makes an object for each key, which takes longer than the key's schedule and its one block. Here the
OpenSSL that Python's own `ssl` is linked with is called directly, where there is one: `check_value_maker` proves it by
the values that `cryptography` computes, and returns None wherever anything is missing or differs.
"""

from __future__ import annotations

import ctypes
from typing import Any, Final

from acquirer.security.ciphers import BLOCK_BYTES, CipherName
from acquirer.security.secret import CheckValue, Secret

_ALGORITHMS: Final[dict[tuple[CipherName, int], str]] = {
    ("des", 8): "EVP_des_ede_ecb",  # with its key twice: single DES is not in OpenSSL's default provider
    ("3des", 16): "EVP_des_ede_ecb",  # two schedules instead of three
    ("3des", 24): "EVP_des_ede3_ecb",
    ("sm4", 16): "EVP_sm4_ecb",
    ("aes", 16): "EVP_aes_128_ecb",
    ("aes", 24): "EVP_aes_192_ecb",
    ("aes", 32): "EVP_aes_256_ecb",
}
_DOUBLE_BYTES: Final = 16
_TRIED: Final = bytes(range(1, 33))  # a key of these proves that both compute alike


def check_value_maker(cipher: CipherName, size_bytes: int) -> CheckValue | None:
    """Return what computes check values of keys of a cipher and size, for one thread; None: it cannot be quicker."""
    try:
        make = _openssl(cipher, size_bytes)
        tried = _TRIED[:size_bytes]
        return make if make(tried, 4) == Secret(tried, cipher).check_value(4) == make(tried, 4) else None
    except (ImportError, AttributeError, OSError, KeyError, ValueError):
        return None


def _openssl(cipher: CipherName, size_bytes: int) -> CheckValue:
    """Return the same by OpenSSL. Raises one of what `check_value_maker` expects where it cannot be had."""
    import _ssl

    library = ctypes.CDLL(_ssl.__file__)  # finds what it is linked with; built into Python it has no file
    algorithm = _function(library, _ALGORITHMS[cipher, size_bytes], ctypes.c_void_p)()
    context = _function(library, "EVP_CIPHER_CTX_new", ctypes.c_void_p)()
    pointers = [ctypes.c_void_p] * 3
    begin = _function(library, "EVP_EncryptInit_ex", ctypes.c_int, *pointers, ctypes.c_char_p, ctypes.c_char_p)
    update = _function(library, "EVP_EncryptUpdate", ctypes.c_int, *pointers, ctypes.c_char_p, ctypes.c_int)
    pad = _function(library, "EVP_CIPHER_CTX_set_padding", ctypes.c_int, ctypes.c_void_p, ctypes.c_int)
    if not (algorithm and context and begin(context, algorithm, None, None, None)):
        raise ValueError("this OpenSSL has no such cipher")
    pad(context, 0)
    block_bytes = BLOCK_BYTES[cipher]
    block, written = ctypes.create_string_buffer(2 * block_bytes), ctypes.c_int()
    zeros, size_of_block = ctypes.c_char_p(bytes(block_bytes)), ctypes.c_int(block_bytes)  # made once: each call would
    of, to, count = [ctypes.c_void_p(one) for one in (context, ctypes.addressof(block), ctypes.addressof(written))]
    times = max(_DOUBLE_BYTES // size_bytes, 1)
    kept = (block, written)  # what `to` and `count` point at lives as long as the function does

    def make(clear: bytes, size: int) -> bytes:
        if len(clear) != size_bytes or not (
            begin(of, None, None, clear * times, None) and update(of, to, count, zeros, size_of_block)
        ):
            raise ValueError(f"a check value could not be computed of {len(clear)} bytes")
        return kept[0].raw[:size]

    return make


def _function(library: ctypes.CDLL, name: str, result: Any, *arguments: Any) -> Any:
    function = getattr(library, name)
    function.restype, function.argtypes = result, arguments
    return function
