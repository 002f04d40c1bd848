"""Lanes: exchanges about one terminal, one original or one card are decided one after another.

1. An exchange takes its terminal's lane with `Load`, an original's with `LoadOriginal`, a card's with `LoadCard` when
   the card is counted, in this order, so that no two exchanges ever wait for each other. At most one of each, but a
   completion's lane comes before that of its pre-authorisation.
2. It leaves them all once its commit is answered; a reply that a fault holds back keeps no lane. An exchange that a
   rule holds before its commit keeps its terminal's alone.
3. An exchange that finds its lane taken stands behind those that came before, and goes on when they have left.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

Resume = Callable[[], None]
"""Performs the effect that asked for a lane again, now holding it."""

CallNext = Callable[[Resume], object]
"""Calls a function in the next turn of the loop: ``loop.call_soon``."""


class Lanes:
    """All lanes of a host. On the loop's thread."""

    __slots__ = ("_call_next", "_waiting", "is_held")

    def __init__(self, call_next: CallNext) -> None:
        self._call_next = call_next
        self._waiting: dict[str, deque[tuple[LaneHolder, Resume]] | None] = {}  # None: held, and no one waits
        self.is_held: Callable[[str], bool] = self._waiting.__contains__
        """Returns whether an exchange holds a lane."""

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def waiting(self) -> int:
        """How many exchanges wait for a lane."""
        return sum(len(waiting) for waiting in self._waiting.values() if waiting)

    def behind(self, name: str) -> int:
        """Return how many exchanges wait for one lane."""
        return len(self._waiting.get(name) or ())

    def acquire(self, name: str, holder: LaneHolder, resume: Resume) -> bool:
        """Take a lane for `holder`; False when others hold it, then `resume` is called once it is `holder`'s turn."""
        if name in holder.lanes:
            return True
        if name not in self._waiting:
            self._waiting[name] = None
            holder.lanes += (name,)
            return True
        waiting = self._waiting[name]
        if waiting is None:
            self._waiting[name] = deque(((holder, resume),))
        else:
            waiting.append((holder, resume))
        return False

    def take(self, name: str, holder: LaneHolder) -> None:
        """Take a lane that no one holds, for a holder that has none."""
        self._waiting[name] = None
        holder.lanes = (name,)

    def release(self, holder: LaneHolder, but: str = "") -> None:
        """Leave all lanes of `holder` but one; the next in each goes on in the next turn of the loop."""
        names, holder.lanes = holder.lanes, ()
        if but and but in names:
            holder.lanes = (but,)
            names = tuple(name for name in names if name != but)
        for name in names:
            waiting = self._waiting[name]
            if not waiting:
                del self._waiting[name]
                continue
            following, resume = waiting.popleft()
            following.lanes += (name,)
            self._call_next(resume)


class LaneHolder:
    """What may hold lanes."""

    __slots__ = ("lanes",)

    def __init__(self) -> None:
        self.lanes: tuple[str, ...] = ()
