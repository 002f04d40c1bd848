"""Sign-ons after which no MAC was right: a sign that a terminal has another master key than the host.

With another TMK a terminal finds other check values and signs on again, or sends MACs that no key explains; neither
ever helps. Only what one process has seen is counted, because it leads to advice and to no decision.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

UNPROVED_MOST: Final = 3
"""Sign-ons in a row without a right MAC at which the master key is mentioned: twice happens by switching off and on."""

_TERMINALS_MOST: Final = 20_000
"""Terminals that are remembered, about 200 bytes each; those that signed on first are forgotten first."""


class UnprovedSignOns:
    """Counts the sign-ons of each terminal since its last right MAC. For one thread."""

    __slots__ = ("_by_tid",)

    def __init__(self) -> None:
        self._by_tid: OrderedDict[str, tuple[int, int, str]] = OrderedDict()  # first and last sign-on, day of the note

    def copied(self) -> UnprovedSignOns:
        """Return the same counts once more."""
        other = UnprovedSignOns()
        other._by_tid = self._by_tid.copy()
        return other

    def signed_on(self, tid: str, number: int, day: str) -> bool:
        """Note that a terminal was given the keys of sign-on `number`; deciding about it again changes nothing.

        Returns:
            Whether this is worth a note: once per terminal and day.
        """
        first, last, noted = self._by_tid.get(tid, (number, number, ""))
        if number < last:  # the terminal was registered anew
            first = number
        is_due = number - first + 1 >= UNPROVED_MOST and (noted != day or number == last)
        self._by_tid[tid] = (first, number, day if is_due else noted)
        if len(self._by_tid) > _TERMINALS_MOST:
            self._by_tid.popitem(last=False)
        return is_due

    def proved(self, tid: str) -> None:
        """Note that a MAC of a terminal was right, also under its previous keys: its master key is the host's."""
        known = self._by_tid.get(tid)
        if known is not None and known[0] <= known[1]:
            self._by_tid[tid] = (known[1] + 1, known[1], known[2])
            self._by_tid.move_to_end(tid)
