"""What a terminal computes with its keys, written from the published rules and not from the host's own code.

DES and 3DES are one function here: a key of 8 bytes is used three times over. Sources: UnionPay's terminal interface
(MAC, key packages), ISO 9564-1 (PIN blocks), ISO 9797-1 (MACs).
"""

from __future__ import annotations

from functools import reduce
from typing import NamedTuple

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB
from cryptography.hazmat.primitives.cmac import CMAC

DES, SM = "des", "sm4"


def _algorithm(key: bytes, cipher: str) -> TripleDES | SM4:
    if cipher == SM:
        return SM4(key)
    return TripleDES({8: key * 3, 16: key + key[:8], 24: key}[len(key)])


def encrypt(key: bytes, data: bytes, cipher: str = DES) -> bytes:
    """Return `data`, whole blocks, encrypted in ECB."""
    encryptor = Cipher(_algorithm(key, cipher), ECB()).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def decrypt(key: bytes, data: bytes, cipher: str = DES) -> bytes:
    """Return `data`, whole blocks, decrypted in ECB."""
    decryptor = Cipher(_algorithm(key, cipher), ECB()).decryptor()
    return decryptor.update(data) + decryptor.finalize()


def decrypt_cbc(key: bytes, data: bytes) -> bytes:
    """Return `data` decrypted in CBC without an IV."""
    decryptor = Cipher(_algorithm(key, DES), CBC(bytes(8))).decryptor()
    return decryptor.update(data) + decryptor.finalize()


def check_value(key: bytes, cipher: str = DES) -> str:
    """Return a key's check value as eight hexadecimal digits."""
    return encrypt(key, bytes(16 if cipher == SM else 8), cipher)[:4].hex().upper()


def xor(one: bytes, other: bytes) -> bytes:
    """Return two texts of bytes combined."""
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def padded(data: bytes, size: int = 8, first: bytes = b"") -> bytes:
    """Return `data` filled up with zero bytes to whole blocks, after `first`."""
    data += first
    return data + bytes(-len(data) % size)


def folded(data: bytes, size: int = 8) -> bytes:
    """Return all blocks of `data` combined by XOR."""
    return reduce(xor, (data[at : at + size] for at in range(0, len(data), size)), bytes(size))


def hexadecimal(data: bytes) -> bytes:
    """Return `data` as upper-case hexadecimal characters."""
    return data.hex().upper().encode()


def fold_result(key: bytes, data: bytes, cipher: str = DES) -> bytes:
    """Return the last block of UnionPay's MAC, of which eight hexadecimal characters are sent."""
    size = 16 if cipher == SM else 8
    text = hexadecimal(folded(padded(data, size), size))
    return encrypt(key, xor(encrypt(key, text[:size], cipher), text[size:]), cipher)


def unionpay_mac(key: bytes, data: bytes, cipher: str = DES) -> bytes:
    """Return DE 64 by UnionPay's rule: fold, hexadecimal text, two encryptions, eight characters."""
    return hexadecimal(fold_result(key, data, cipher))[:8]


def chain(key: bytes, data: bytes) -> bytes:
    """Return the last block of CBC without an IV: X9.9 for a single key."""
    encryptor = Cipher(_algorithm(key, DES), CBC(bytes(8))).encryptor()
    return (encryptor.update(data) + encryptor.finalize())[-8:]


def x9_19(key: bytes, data: bytes) -> bytes:
    """Return the retail MAC under a key of double length."""
    return encrypt(key[:8], decrypt(key[8:], chain(key[:8], padded(data))))


def cmac(key: bytes, data: bytes, cipher: str = DES) -> bytes:
    """Return CMAC (NIST SP 800-38B)."""
    mac = CMAC(_algorithm(key, cipher))
    mac.update(data)
    return mac.finalize()


class DerivedKeys(NamedTuple):
    """The keys of one transaction under DUKPT, and those on the way to them."""

    initial: bytes
    transaction: bytes
    pik: bytes
    mak: bytes
    reply_mak: bytes


MASK = bytes.fromhex("C0C0C0C000000000") * 2


def dukpt(bdk: bytes, ksn: bytes, mask: bytes = MASK) -> DerivedKeys:
    """Return the keys of a key serial number, by ANSI X9.24-1:2009, annex A; `mask`: for the initial key."""
    device = (int.from_bytes(ksn) >> 21 << 21).to_bytes(10)
    key = initial = encrypt(bdk, device[:8]) + encrypt(xor(bdk, mask), device[:8])
    counter, register = int.from_bytes(ksn) & 0x1FFFFF, int.from_bytes(device)
    for bit in (1 << at for at in reversed(range(21))):
        if counter & bit:
            register |= bit
            key = _next_half(xor(key, MASK), register) + _next_half(key, register)
    of = [
        xor(key, bytes.fromhex(variant) * 2) for variant in ("00000000000000FF", "000000000000FF00", "00000000FF000000")
    ]
    return DerivedKeys(initial, key, *of)


def _next_half(key: bytes, register: int) -> bytes:
    return xor(encrypt(key[:8], xor(register.to_bytes(10)[2:], key[8:])), key[8:])


def pin_field(pin: str, fill: str = "F") -> bytes:
    """Return the plain text block of ISO 9564-1 format 0: its length, the PIN, the fill."""
    return bytes.fromhex(f"0{len(pin):X}{pin}".ljust(16, fill))


def pan_field(pan: str) -> bytes:
    """Return the card's block: the twelve rightmost digits without the check digit."""
    return bytes.fromhex("0000" + pan[:-1][-12:].rjust(12, "0"))


def pin_block(pin: str, pan: str) -> bytes:
    """Return a clear PIN block of format 0."""
    return xor(pin_field(pin), pan_field(pan))
