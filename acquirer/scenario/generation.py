"""The number of the set of rules and faults that is in force: each change makes it one higher.

A host has one counter, which its rules and its faults share. An exchange takes the number when it begins, and is under
the rules and faults of that number until its end; changes are made between exchanges, on the host's own thread.
"""

from __future__ import annotations


class GenerationCounter:
    """Counts changes; 0 is what the host began with."""

    __slots__ = ("number",)

    def __init__(self) -> None:
        self.number = 0

    def copied(self) -> GenerationCounter:
        """Return another counter that stands at the same number."""
        other = GenerationCounter()
        other.number = self.number
        return other

    def advance(self) -> int:
        """Count one change; return the number of what is in force from now on."""
        self.number += 1
        return self.number
