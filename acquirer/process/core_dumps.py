"""No core dumps: a picture of this program's memory would hold clear keys, PINs and card numbers."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

MOST_BYTES: Final = 1
"""Less than a page, the least that is written. Not 0: Linux gives a dump to a program that wants it
(`kernel.core_pattern` with a pipe) at any limit but 1 (core(5))."""


def forbid_core_dumps() -> None:
    """Have this process and those that it starts leave no core dump, however they end.

    Where a system has no such limit (Windows), nothing is changed.
    """
    try:
        import resource
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    bound = MOST_BYTES if hard == resource.RLIM_INFINITY else min(MOST_BYTES, hard)
    with suppress(OSError, ValueError):  # a sandbox may forbid even that
        resource.setrlimit(resource.RLIMIT_CORE, (bound, bound))
