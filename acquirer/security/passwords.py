"""Passwords of a terminal's operators as they are kept: salted and hashed, never themselves."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

SALT_BYTES: Final = 16
DIGEST_BYTES: Final = 32

_COST: Final = {"n": 1 << 12, "r": 8, "p": 1}
"""Of scrypt: some ten milliseconds and 4 MiB. Four digits are soon tried out at any cost; what guards the hashes is
that they are kept sealed."""


def hash_password(password: str, salt: bytes) -> bytes:
    """Return what is kept of a password."""
    return hashlib.scrypt(password.encode(), salt=salt, dklen=DIGEST_BYTES, **_COST)


def password_fits(password: str, salt: bytes, digest: bytes) -> bool:
    """Return whether a password is the one that was hashed; it takes as long either way."""
    return hmac.compare_digest(hash_password(password, salt), digest)
