"""Twisted's reactor on the running asyncio loop: built, passed, never installed, and taken down without a trace.

Several hosts can live in one process this way, each on its own loop. The reactor is never "run": asyncio runs, and the
reactor only translates between Twisted's transports and the loop.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from twisted.internet.asyncioreactor import AsyncioSelectorReactor

from acquirer.net.twisted_internals import dispose


@contextmanager
def running_reactor() -> Iterator[AsyncioSelectorReactor]:
    """A reactor on the running loop, for the time of a `with` block; nothing of it stays behind in the loop."""
    reactor = AsyncioSelectorReactor(asyncio.get_running_loop())
    try:
        yield reactor
    finally:
        dispose(reactor)


def loop_time(loop: asyncio.AbstractEventLoop) -> Callable[[], float]:
    """Return what tells a loop's time, in seconds: its ``time``, or at once what that calls."""
    return time.monotonic if type(loop).time is asyncio.BaseEventLoop.time else loop.time
