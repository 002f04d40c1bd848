"""Who can be read: an epoll set of our own, nested in the loop's.

The loop would wrap each readable socket in a key, a handle and a context; for a request that is decided in some fifty
microseconds those are ten more, and twice that for a connection that comes for a single exchange. Here the loop sees
one descriptor, and all sockets that have something to read are called one after another.
"""

from __future__ import annotations

import select
from asyncio import AbstractEventLoop
from collections.abc import Callable
from typing import Final

PER_TURN: Final = 64
"""Sockets called in one turn of the loop: few enough that the writer begins while the rest is read, and nobody's reply
waits for everybody's request; enough for what is done together to cost less each."""


class ReadableSockets:
    """Calls back when a socket can be read, has ended or has failed. Level-triggered; for the loop's thread."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop
        self._epoll = select.epoll()
        self._calls: dict[int, Callable[[], None]] = {}
        loop.add_reader(self._epoll.fileno(), self._turn)

    def watch(self, fd: int, call: Callable[[], None]) -> None:
        """Call `call` whenever `fd` can be read."""
        self._calls[fd] = call
        self._epoll.register(fd, select.EPOLLIN)

    def forget(self, fd: int) -> None:
        """Watch `fd` no more; to be called before it is closed."""
        del self._calls[fd]
        self._epoll.unregister(fd)

    def close(self) -> None:
        """Watch nobody any more. A second call does nothing."""
        if self._epoll.closed:
            return
        self._loop.remove_reader(self._epoll.fileno())
        self._epoll.close()

    def _turn(self) -> None:
        calls = self._calls
        for fd, _ in self._epoll.poll(0, PER_TURN):
            call = calls.get(fd)
            if call is not None:  # not forgotten by one that was called before it
                call()
