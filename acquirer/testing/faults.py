"""The faults of a running host, which a test switches on and off while it serves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from acquirer.app.serve import Running
from acquirer.dialect.dialect import Dialect
from acquirer.scenario.faults import Fault, Faults, parse
from acquirer.testing.background import Background


class RunningFaults:
    """Faults in force. Each change is made between two exchanges, and returns the generation of those that follow."""

    def __init__(self, background: Background[Running]) -> None:
        self._background = background

    def add(self, *faults: Fault | str) -> int:
        """Put faults in force, all at once, in place of those of the same names.

        Args:
            faults: each as on the command line: ``silent:service=sale,count=1``.

        Raises:
            ValueError: a text cannot be used.
            FaultConflictError: one contradicts another.
        """
        read = [fault if isinstance(fault, Fault) else parse(fault, self._dialects) for fault in faults]
        return self._changed(lambda faults: faults.add(*read))

    def remove(self, *names: str) -> int:
        """Take the faults of these names out of force. What is not there changes nothing."""
        return self._changed(lambda faults: faults.remove(*names) if names else faults.generation.number)

    def clear(self) -> int:
        """Take all faults out of force."""
        return self._changed(lambda faults: faults.remove())

    @contextmanager
    def added(self, *faults: Fault | str) -> Iterator[int]:
        """Put faults in force for the time of a ``with`` block."""
        read = [fault if isinstance(fault, Fault) else parse(fault, self._dialects) for fault in faults]
        generation = self.add(*read)
        try:
            yield generation
        finally:
            self.remove(*(fault.name for fault in read))

    def acted(self) -> Mapping[str, int]:
        """Return how often each fault in force has acted, by its name."""
        faults = self._faults
        return self._background.call(lambda: {fault.name: faults.acted(fault) for fault in faults.declared})

    def _changed(self, change: Callable[[Faults], int]) -> int:
        return self._background.call(lambda: self._background.value.change_faults(change))

    @property
    def _dialects(self) -> tuple[Dialect, ...]:
        return self._background.value.parts.dialects

    @property
    def _faults(self) -> Faults:
        return self._background.value.parts.faults
