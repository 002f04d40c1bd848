"""Which sockets can be read: an epoll of our own, nested in the loop's selector.

The loop would wrap each readable socket in a handle and a context; for a request that is decided in some fifty
microseconds those are ten more, and twice that for a connection that is opened for a single exchange. Here the loop
sees one descriptor, and all sockets that have something to read are called one after another. Where there is no epoll
the loop watches each socket; `selectors` in between would cost a connection four microseconds.
"""

from __future__ import annotations

import select
from asyncio import AbstractEventLoop
from collections import deque
from collections.abc import Callable
from typing import Any, Final

PER_TURN: Final = 64
"""Sockets called in one turn of the loop: few enough that the writer begins while the rest is read, and no reply waits
for all requests; enough for what is done together to cost less each."""


def is_readable(fd: int) -> bool:
    """Return whether a read of it would not have to wait."""
    if not hasattr(select, "poll"):
        return bool(select.select([fd], [], [], 0)[0])
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(0))


class ReadableSockets:
    """Calls back when a socket can be read, has ended or has failed. Level-triggered; for the loop's thread."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop
        self._calls: dict[int, Callable[[], None]] = {}
        self._ready: deque[int] = deque()  # can be read, and not called yet
        self._epoll: Any = select.epoll() if hasattr(select, "epoll") else None
        if self._epoll is not None:
            loop.add_reader(self._epoll.fileno(), self._turn)

    def watch(self, fd: int, call: Callable[[], None]) -> None:
        """Call `call` whenever `fd` can be read."""
        self._calls[fd] = call
        if self._epoll is None:
            self._loop.add_reader(fd, call)
        else:
            self._epoll.register(fd, select.EPOLLIN)

    def forget(self, fd: int) -> None:
        """Watch `fd` no more; to be called before it is closed."""
        del self._calls[fd]
        if self._epoll is None:
            self._loop.remove_reader(fd)
        else:
            self._epoll.unregister(fd)

    @property
    def pending(self) -> bool:
        """Whether a socket has something to read that was not called for yet."""
        if self._epoll is None:
            return any(map(is_readable, self._calls))
        return bool(self._ready or self._epoll.poll(0, 1))

    def close(self) -> None:
        """Watch no socket any more. Idempotent."""
        if self._epoll is None:
            for fd in list(self._calls):
                self.forget(fd)
        elif not self._epoll.closed:
            self._loop.remove_reader(self._epoll.fileno())
            self._epoll.close()

    def _turn(self) -> None:
        calls, ready = self._calls, self._ready
        if not ready:  # those that were left by the last turn come first
            ready.extend([fd for fd, _ in self._epoll.poll(0)])
        for _ in range(min(len(ready), PER_TURN)):
            call = calls.get(ready.popleft())
            if call is not None:  # not forgotten by one that was called before it
                call()
