"""Where refusals that book nothing wait to be journalled: apart from all other commits, and bounded.

1. They are taken from peers in turn, one each: a peer that sends thousands waits for its own.
2. At most `MOST_REFUSALS` wait. One more sheds the youngest of the peer that has the most waiting: it is answered, and
   not journalled.
"""

from __future__ import annotations

from collections import deque
from typing import Final, Generic, TypeVar

MOST_REFUSALS: Final = 1_024
"""Some tenths of a second of the writer's: a burst that a person makes is journalled whole, a flood is not."""

T = TypeVar("T")


class RefusalQueue(Generic[T]):
    """Refusals that wait, by the peer that was refused."""

    __slots__ = ("_by_peer", "_most", "_size")

    def __init__(self, most: int = MOST_REFUSALS) -> None:
        self._most = most
        self._by_peer: dict[str, deque[T]] = {}  # in the order of their turns; none is empty
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def put(self, peer: str, refusal: T) -> T | None:
        """Queue a refusal; return the one that is shed for it, perhaps itself."""
        shed = None
        if self._size >= self._most:
            longest = max(self._by_peer, key=lambda one: len(self._by_peer[one]))
            if len(self._by_peer.get(peer, ())) == len(self._by_peer[longest]):
                return refusal
            shed = self._by_peer[longest].pop()
            self._size -= 1
            if not self._by_peer[longest]:
                del self._by_peer[longest]
        self._by_peer.setdefault(peer, deque()).append(refusal)
        self._size += 1
        return shed

    def take(self, most: int) -> list[T]:
        """Take up to so many, from peers in turn, each peer's in the order in which they came."""
        taken: list[T] = []
        while self._by_peer and len(taken) < most:
            peer = next(iter(self._by_peer))
            waiting = self._by_peer.pop(peer)
            taken.append(waiting.popleft())
            if waiting:
                self._by_peer[peer] = waiting  # behind all others
        self._size -= len(taken)
        return taken
