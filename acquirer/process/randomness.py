"""Random bytes from the system, fetched in bulk: a sign-on takes several small pieces.

Each call of ``os.urandom`` is a system call that also gives the interpreter lock away, and under load the loop waits
in line to get it back.
"""

from __future__ import annotations

import os

from acquirer.data.types import Randbytes

POOL_BYTES = 4096
"""Some sixty sign-ons' worth; more would only lie in memory for longer."""


def pooled(source: Randbytes = os.urandom) -> Randbytes:
    """`source`, asked for `POOL_BYTES` at a time. Each byte is handed out once. For one thread.

    >>> randbytes = pooled(bytes)
    >>> randbytes(3), len(randbytes(5000))
    (b'\\x00\\x00\\x00', 5000)
    """
    pool = b""
    at = 0

    def randbytes(size: int) -> bytes:
        nonlocal pool, at
        piece = pool[at : at + size]
        at += size
        if len(piece) == size:
            return piece
        pool, at = source(POOL_BYTES + size), size
        return pool[:size]

    return randbytes
