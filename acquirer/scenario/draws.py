"""What faults and rules draw: repeatable, and the same in whichever order exchanges come."""

from __future__ import annotations

from hashlib import shake_256
from typing import Final

from acquirer.data.types import Randbytes

_CHANCE_BYTES: Final = 7  # 56 bits: what a float holds exactly, and some more


def chance(*of: int | str) -> float:
    """Return a number from 0 (included) to 1, drawn from all that it is drawn for.

    >>> chance(1, "tunnel", "10000161", 1) == chance(1, "tunnel", "10000161", 1)
    True
    >>> chance(1, "tunnel", "10000161", 1) == chance(1, "tunnel", "10000161", 2)
    False
    """
    return int.from_bytes(stream(*of)(_CHANCE_BYTES), "big") / float(1 << 8 * _CHANCE_BYTES)


def stream(*of: int | str) -> Randbytes:
    """Return a source of random bytes, drawn from all that it is drawn for.

    >>> stream(1, "a")(4) + stream(1, "a")(4) == 2 * stream(1, "a")(4)
    True
    """
    source, at = shake_256(repr(of).encode()), 0

    def randbytes(count: int) -> bytes:
        nonlocal at
        at += count
        return source.digest(at)[at - count :]

    return randbytes
