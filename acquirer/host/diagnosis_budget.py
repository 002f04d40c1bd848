"""How many refusals get their cause looked for: what is broken costs its sender nothing, and the host a millisecond.

1. One cause costs some milliseconds, that of a MAC five: `wire.misread`, `security.candidates` bound their trials. So
   each has turns of the loop to itself (`model.effects.LONG_PAUSE`), those of MACs and PIN blocks one for each slice
   of their trials, and others have four fifths of the time (`app.driver.LONG_REST`).
2. A burst is explained whole, as a person makes it who tries things out; a flood is not, so that other terminals are
   answered in time. Then the sentence says that no cause was looked for.
3. What is left last is for peers that had little of it: a flood leaves others their explanations.
"""

from __future__ import annotations

from typing import Final

from acquirer.model.effects import NO_DEADLINE

BURST: Final = 200
A_SECOND: Final = 30
"""Some 40 to 150 ms of each second, while a flood lasts: `app.driver.LONG_REST` lets it be 200 at most."""

RESERVE: Final = 50
"""Of the bucket, for peers that had fewer than `FIRST` explanations."""

FIRST: Final = 3
PEERS: Final = 1_024
"""So many are remembered, those that were explained something last."""

NOT_LOOKED_FOR: Final = (
    f"its cause was not looked for: so many requests are refused that only {A_SECOND} a second are explained; "
    "send fewer to read it"
)


class DiagnosisBudget:
    """A bucket of diagnoses that fills with time."""

    __slots__ = ("_had", "_left", "_now_s")

    def __init__(self) -> None:
        self._left = float(BURST)
        self._now_s: float | None = None
        self._had: dict[str, int] = {}  # peers, and how many explanations each had

    def take(self, now_s: float, peer: str) -> bool:
        """Return whether a cause may be looked for now.

        Args:
            now_s: of one monotonic clock, with any offset; infinite: time plays no role, as where captures are read.
            peer: who sent it: address and port.
        """
        if now_s == NO_DEADLINE:
            return True
        if self._now_s is not None:
            self._left = min(self._left + max(now_s - self._now_s, 0) * A_SECOND, BURST)
        self._now_s = now_s
        had = self._had.get(peer, 0)
        if self._left < (1 if had < FIRST else 1 + RESERVE):
            return False
        self._left -= 1
        self._had.pop(peer, None)
        self._had[peer] = had + 1
        if len(self._had) > PEERS:
            del self._had[next(iter(self._had))]
        return True
