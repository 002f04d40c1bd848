"""Which sockets can be read, and whose turn it is: an epoll of our own, nested in the loop's selector.

The loop would wrap each readable socket in a handle and a context; for a request that is decided in some fifty
microseconds those are ten more, and twice that for a connection that is opened for a single exchange. Here the loop
sees one descriptor, and all sockets that have something to read are called one after another. Where there is no epoll
the loop watches each socket; `selectors` in between would cost a connection four microseconds.

1. Sockets are called in rounds: each once, before any is called again. A call takes one request, so that a peer that
   sends a thousand at once waits for its own and not others for them. Short rounds follow each other in one turn, with
   `between_rounds` between them: what a request is known for by then counts. What is received is handed on once all of
   a round are read: alike steps cost less one after another.
2. What was read and not taken yet is a reason for a call too (`call_again`).
3. A socket that is deferred is called after all others, and only so many of those, for so long, in one turn: what a
   peer that is refused again and again costs falls on peers like it. Where there is no epoll none is deferred.
"""

from __future__ import annotations

import select
from asyncio import AbstractEventLoop, Handle
from collections import deque
from collections.abc import Callable
from typing import Any, Final

PER_TURN: Final = 128
"""Sockets called in one turn of the loop: few enough that the writer begins while the rest is read, and no reply waits
for all requests; enough for what is done together to cost less each."""

DEFERRED_PER_TURN: Final = 8
"""Of those that are deferred: what is refused costs some 150 µs, so others wait little more than a millisecond."""

DEFERRED_S: Final = 0.001
"""No further one of them is called in a turn after this time: a step of a TLS handshake that checks a terminal's
certificate costs up to a millisecond by itself."""


def is_readable(fd: int, within_s: float = 0.0) -> bool:
    """Return whether a read of it would not have to wait; wait so long for that."""
    if not hasattr(select, "poll"):
        return bool(select.select([fd], [], [], within_s)[0])
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(within_s * 1000))


ReceivedData = tuple[Callable[[bytes], object], bytes]
"""What is to be called with what was received, and that."""

ReadSocket = Callable[[], ReceivedData | None]
"""Reads a socket; returns what it received. None: it has done what there was to do."""


def _nothing() -> None:
    """Do nothing."""


class ReadableSockets:
    """Calls back when a socket can be read, has ended or has failed. Level-triggered; for the loop's thread."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop
        self._calls: dict[int, ReadSocket] = {}
        self._round: deque[int] = deque()  # to be called before any is called again
        self._next: list[int] = []  # for the next round, whether their sockets can be read or not
        self._deferred_round: deque[int] = deque()
        self._queued: set[int] = set()  # what stands in one of them, and was not forgotten since
        self._deferred: set[int] = set()
        self.between_rounds: Callable[[], None] = _nothing
        """Takes what was called for as far as it goes at once."""
        self._turn_handle: Handle | None = None  # of the next turn, where no socket has to wake the loop for it
        self._epoll: Any = select.epoll() if hasattr(select, "epoll") else None
        if self._epoll is not None:
            loop.add_reader(self._epoll.fileno(), self._woken)

    def watch(self, fd: int, call: ReadSocket) -> None:
        """Call `call` whenever `fd` can be read."""
        self._calls[fd] = call
        if self._epoll is None:
            self._loop.add_reader(fd, _take, call)
        else:
            self._epoll.register(fd, select.EPOLLIN)

    def forget(self, fd: int) -> None:
        """Watch `fd` no more; to be called before it is closed."""
        del self._calls[fd]
        self._queued.discard(fd)
        self._deferred.discard(fd)
        if self._epoll is None:
            self._loop.remove_reader(fd)
        else:
            self._epoll.unregister(fd)

    def call_again(self, fd: int) -> None:
        """Call it in the next round, whether `fd` can be read then or not."""
        if fd in self._queued:
            return
        self._queued.add(fd)
        if self._epoll is None:
            self._loop.call_soon(self._call, fd)
        elif fd in self._deferred:
            self._deferred_round.append(fd)
        else:
            self._next.append(fd)
        self._want_turn()

    def defer(self, fd: int) -> None:
        """Call it after all others from now on, until it is watched anew or `restore`d."""
        if fd in self._calls:
            self._deferred.add(fd)

    def restore(self, fd: int) -> None:
        """Call it in its turn again."""
        self._deferred.discard(fd)

    @property
    def pending(self) -> bool:
        """Whether a socket has something to read that was not called for yet."""
        if self._queued:
            return True
        if self._epoll is None:
            return any(map(is_readable, self._calls))
        return bool(self._epoll.poll(0, 1))

    def close(self) -> None:
        """Watch no socket any more. Idempotent."""
        if self._turn_handle is not None:
            self._turn_handle.cancel()
        if self._epoll is None:
            for fd in list(self._calls):
                self.forget(fd)
        elif not self._epoll.closed:
            self._loop.remove_reader(self._epoll.fileno())
            self._epoll.close()

    def _woken(self) -> None:
        """Take a turn because a socket can be read, unless one is due anyway."""
        if self._turn_handle is None:
            self._turn()

    def _want_turn(self) -> None:
        if self._epoll is not None and self._turn_handle is None:
            self._turn_handle = self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._turn_handle = None
        round_, deferred = self._round, self._deferred_round
        if whole := not round_:
            self._begin_round()
        left = PER_TURN
        while round_ and left:
            left -= self._take_round(left)
            if whole and not round_ and self._next and len(self._next) <= left:  # over in this turn too
                self.between_rounds()
                round_.extend(self._next)
                self._next.clear()
        if deferred:
            end_s = self._loop.time() + DEFERRED_S
            for _ in range(min(len(deferred), DEFERRED_PER_TURN)):
                self._call(deferred.popleft())
                if self._loop.time() >= end_s:
                    break
        if self._queued:
            self._want_turn()

    def _take_round(self, most: int) -> int:
        """Read sockets of the round, then hand on what they received; return how many had their turn."""
        round_, queued, calls = self._round, self._queued, self._calls
        received: list[ReceivedData] = []
        left = most
        try:
            while round_ and left:
                left -= 1
                fd = round_.popleft()
                if fd not in queued:  # it was forgotten by one that was called before it
                    continue
                queued.discard(fd)
                found = calls[fd]()
                if found is not None:
                    received.append(found)
        finally:  # nothing that was read is lost
            for take, data in received:
                take(data)
        return most - left

    def _begin_round(self) -> None:
        """Queue all that can be read, each once: in a round of its own what is deferred."""
        queued = self._queued
        self._round.extend(self._next)
        self._next.clear()
        found = [fd for fd, _ in self._epoll.poll(0)]
        if not queued and not self._deferred:  # most often
            self._round.extend(found)
            queued.update(found)
            return
        for fd in found:
            if fd not in queued:
                queued.add(fd)
                (self._deferred_round if fd in self._deferred else self._round).append(fd)

    def _call(self, fd: int) -> None:
        if fd not in self._queued:  # it was forgotten by one that was called before it
            return
        self._queued.discard(fd)
        _take(self._calls[fd])


def _take(call: ReadSocket) -> None:
    """Read one socket, and hand on what it received."""
    found = call()
    if found is not None:
        take, data = found
        take(data)
