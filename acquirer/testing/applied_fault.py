"""A fault that a test put in force."""

from __future__ import annotations

from acquirer.testing.host_under_test import FaultsUnderTest


class AppliedFault:
    """A fault that is, or was, in force."""

    def __init__(self, faults: FaultsUnderTest, name: str) -> None:
        self._faults = faults
        self._applied: int | None = None  # once it is over
        self.name = name

    @property
    def applied(self) -> int:
        """Return how often it has acted."""
        return self._faults.acted().get(self.name, 0) if self._applied is None else self._applied

    def end(self) -> None:
        """Keep the number, because the fault is taken out of force."""
        self._applied = self.applied

    def __repr__(self) -> str:
        return f"<fault {self.name}: acted {self.applied} times>"
