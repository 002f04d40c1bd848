"""How many refusals get their cause looked for: what is broken costs its sender nothing, and the host a millisecond.

1. One cause costs at most some milliseconds: `wire.misread` and `security.candidates` bound their trials.
2. A burst is explained whole, as a person makes it who tries things out; a flood is not, so that other terminals are
   answered in time. Then the sentence says that no cause was looked for.
"""

from __future__ import annotations

from typing import Final

from acquirer.model.effects import NO_DEADLINE

BURST: Final = 200
A_SECOND: Final = 30
"""Some 40 ms of each second, while a flood lasts."""

NOT_LOOKED_FOR: Final = (
    f"its cause was not looked for: so many requests are refused that only {A_SECOND} a second are explained; "
    "send fewer to read it"
)


class DiagnosisBudget:
    """A bucket of diagnoses that fills with time."""

    __slots__ = ("_left", "_now_s")

    def __init__(self) -> None:
        self._left = float(BURST)
        self._now_s: float | None = None

    def take(self, now_s: float) -> bool:
        """Return whether a cause may be looked for now.

        Args:
            now_s: of one monotonic clock, with any offset; infinite: time plays no role, as where captures are read.
        """
        if now_s == NO_DEADLINE:
            return True
        if self._now_s is not None:
            self._left = min(self._left + max(now_s - self._now_s, 0) * A_SECOND, BURST)
        self._now_s = now_s
        if self._left < 1:
            return False
        self._left -= 1
        return True
