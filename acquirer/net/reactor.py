"""Twisted's reactor on the running asyncio loop: built, passed, never installed, and taken down without a trace.

Several hosts can live in one process this way, each on its own loop. The reactor is never "run": asyncio runs, and the
reactor only translates between Twisted's transports and the loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure


@contextmanager
def running_reactor() -> Iterator[AsyncioSelectorReactor]:
    """A reactor on the running loop, for the time of a `with` block.

    On the way out every descriptor it still watches is let go, the waker it made for itself is closed, and timers it
    still holds are cancelled: nothing of it stays behind in the loop.
    """
    reactor: Any = AsyncioSelectorReactor(asyncio.get_running_loop())
    try:
        yield reactor
    finally:
        for call in reactor.getDelayedCalls():
            call.cancel()
        if reactor._timerHandle is not None:  # Twisted leaves its last timer in the loop
            reactor._timerHandle.cancel()
        waker = reactor.waker
        reactor._internalReaders.discard(waker)
        reactor.removeAll()
        reactor.removeReader(waker)
        waker.connectionLost(Failure(ConnectionDone()))
