"""Which errors mean that the system gives no more memory: each part of it says so in another way."""

from __future__ import annotations

import errno
from typing import Final

_WORDS: Final = (
    *("failed to map segment", "cannot allocate memory", "can't start new thread"),
    *("error return without exception set", "returned null without setting an exception"),
)
"""What the dynamic linker says when it loads a module, what Python says when it starts a thread, and what is left of a
`MemoryError` for which there was no memory either."""


def lacks_memory(exc: BaseException) -> bool:
    """Return whether an error only means that there is not enough memory."""
    if isinstance(exc, MemoryError) or (isinstance(exc, OSError) and exc.errno == errno.ENOMEM):
        return True
    return isinstance(exc, ImportError | RuntimeError | SystemError) and any(
        words in str(exc).lower() for words in _WORDS
    )
