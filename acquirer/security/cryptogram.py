"""Cryptograms of chips: ARQC and ARPC as UnionPay's cards (PBOC) make them, from the issuer's master key.

1. The card's key is derived from card number and sequence number (EMV book 2, annex A1.4.1, option A), with odd parity.
2. Each transaction has a key of its own, from the card's key and the transaction counter (ATC), of any parity.
3. ARQC: a MAC of ISO 9797-1, algorithm 3, padding method 2. ARPC: the ARQC, with the response code over its first two
   bytes, encrypted once.

Source: PBOC 3.0 part 17; EMV book 2, annex A1.
"""

from __future__ import annotations

from acquirer.security.ciphers import odd_parity
from acquirer.security.mac import retail_padded
from acquirer.security.secret import Secret

_DIGITS = 16


def card_key(issuer: Secret, pan: str, sequence: str) -> Secret:
    """Return a card's key, from its issuer's master key.

    >>> key = card_key(Secret.from_hex("0123456789ABCDEFFEDCBA9876543210"), "6212345678901232", "001")
    >>> key.reveal().hex().upper()
    '346825866DC2BFDA9E83138C20D3D375'
    """
    digits = f"{pan}{(sequence or '00')[-2:]}"[-_DIGITS:].rjust(_DIGITS, "0")
    block = bytes.fromhex(digits)
    return Secret(odd_parity(issuer.encrypt(block) + issuer.encrypt(_inverted(block))), "3des")


def session_key(card: Secret, atc: bytes) -> Secret:
    """Return the key of one transaction, from the card's key and the transaction counter (9F36)."""
    left, right = bytes(6) + atc, bytes(6) + _inverted(atc)
    return Secret(card.encrypt(left) + card.encrypt(right), "3des")


def request_cryptogram(session: Secret, data: bytes) -> bytes:
    """Return the ARQC over data as a chip gives them: 9F02 9F03 9F1A 95 5F2A 9A 9C 9F37 82 9F36 and the CVR."""
    return retail_padded(session, data)


def response_cryptogram(session: Secret, request: bytes, code: str) -> bytes:
    """Return the ARPC by which an issuer answers an ARQC with a response code of two characters."""
    answer = code.encode("ascii").ljust(8, b"\0")
    return session.encrypt(bytes(a ^ b for a, b in zip(request, answer, strict=True)))


def _inverted(data: bytes) -> bytes:
    return bytes(byte ^ 0xFF for byte in data)
