"""TLS handshakes that are under way at a server: counted, bounded, and no newcomer is taken where there is no room."""

from __future__ import annotations

from collections.abc import Callable


class Handshakes:
    """Those of all TLS listeners of one server."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._under_way: set[object] = set()
        self._waiting: list[Callable[[], object]] = []
        self.begun = 0
        self.most_under_way = 0

    @property
    def full(self) -> bool:
        """Whether no more may begin."""
        return len(self._under_way) >= self._most

    def begin(self, who: object) -> None:
        """Note that one begins."""
        self._under_way.add(who)
        self.begun += 1
        self.most_under_way = max(self.most_under_way, len(self._under_way))

    def end(self, who: object) -> None:
        """Note that one has ended, well or not. Idempotent."""
        self._under_way.discard(who)
        if self._waiting and not self.full:
            waiting, self._waiting = self._waiting, []
            for call in waiting:
                call()

    def when_room(self, call: Callable[[], object]) -> None:
        """Call `call` once another one may begin."""
        self._waiting.append(call)
