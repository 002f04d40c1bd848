"""Exchanges that rules hold: each waits for its time, or until it is resumed from outside.

What is held keeps its terminal's lane. When the host stops, everything goes on, and nothing is held any more.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop, TimerHandle
from collections.abc import Callable

from acquirer.model.effects import Hold


class HeldExchanges:
    """All that is held, in the order of its coming. On the loop's thread.

    Args:
        most: so many at one time; what comes then is not held.
    """

    def __init__(self, loop: AbstractEventLoop, most: int) -> None:
        self._loop = loop
        self._most = most
        self._held: dict[str, tuple[Hold, Callable[[], None], TimerHandle | None]] = {}
        self._number = 0
        self._stopping = False

    def __len__(self) -> int:
        return len(self._held)

    @property
    def timed(self) -> int:
        """How many are held for a time, not for a person."""
        return sum(timer is not None for _, _, timer in self._held.values())

    @property
    def listed(self) -> tuple[Hold, ...]:
        """Return what is held."""
        return tuple(self.by_id.values())

    @property
    def by_id(self) -> dict[str, Hold]:
        """Return what is held, by an id that no other exchange of this run has."""
        return {name: hold for name, (hold, _, _) in self._held.items()}

    def add(self, hold: Hold, resume: Callable[[], None]) -> bool:
        """Hold an exchange, and call `resume` in time; False when it is not held."""
        if self._stopping or len(self._held) >= self._most:
            return False
        self._number += 1
        name = f"h{self._number}"
        timer = self._loop.call_later(hold.hold_ms / 1000, self._go_on, name) if hold.hold_ms else None
        self._held[name] = hold, resume, timer
        return True

    def resume(self, tid: str = "", rule: str = "") -> int:
        """Let go on what is held: all, or of a terminal or a rule alone; return how many exchanges that were."""
        found = [name for name, (hold, _, _) in self._held.items() if tid in ("", hold.tid) and rule in ("", hold.rule)]
        for name in found:
            self._go_on(name)
        return len(found)

    def resume_one(self, held: str) -> Hold | None:
        """Let one exchange go on, by its id; return it, None where nothing is held under this id."""
        found = self._held.get(held)
        if found is None:
            return None
        self._go_on(held)
        return found[0]

    def stop(self) -> None:
        """Let everything go on, and hold nothing any more."""
        self._stopping = True
        self.resume()

    def _go_on(self, name: str) -> None:
        _, resume, timer = self._held.pop(name)
        if timer is not None:
            timer.cancel()
        resume()
