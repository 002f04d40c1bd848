"""The journal of a running host, to assert on: what was exchanged, and the nearest exchanges when none fits."""

from __future__ import annotations

import time
from typing import Any

from acquirer.journal.entry import Entry
from acquirer.store import ExchangeFilter, Store

WAIT_S = 5.0
"""How long `wait` waits: commits take milliseconds."""


class Journal:
    """Exchanges of one host, oldest first. Criteria are fields of an entry: ``tid="10000001", code="A0"``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def list(self, **criteria: Any) -> list[Entry]:
        """Return all exchanges that fit."""
        with self._store.reader() as reader:
            entries = reader.exchanges(ExchangeFilter())
        return [entry for entry in entries if _fits(entry, criteria)]

    def find(self, **criteria: Any) -> Entry:
        """Return the latest exchange that fits.

        Raises:
            AssertionError: none does; says how the nearest ones differ.
        """
        found = self.list(**criteria)
        if not found:
            raise AssertionError(self._near(criteria))
        return found[-1]

    def wait(self, timeout_s: float = WAIT_S, **criteria: Any) -> Entry:
        """Return the latest exchange that fits, as soon as there is one. Raises AssertionError as `find` does."""
        end_s = time.monotonic() + timeout_s
        while True:
            found = self.list(**criteria)
            if found:
                return found[-1]
            if time.monotonic() > end_s:
                raise AssertionError(self._near(criteria))
            time.sleep(0.01)

    def _near(self, criteria: dict[str, Any]) -> str:
        criteria_text = ", ".join(f"{name}={value!r}" for name, value in criteria.items())
        near = sorted(self.list(), key=lambda entry: -sum(_fits(entry, {k: v}) for k, v in criteria.items()))[:3]
        lines = [f"no exchange with {criteria_text}; {'the nearest:' if near else 'there was none at all'}"]
        for entry in near:
            differs = ", ".join(f"{k}={getattr(entry, k)!r}" for k, v in criteria.items() if not _fits(entry, {k: v}))
            lines.append(f"  {entry.id}: {entry.mti} {entry.service} tid {entry.tid} differs in {differs}: {entry.why}")
        return "\n".join(lines)


def _fits(entry: Entry, criteria: dict[str, Any]) -> bool:
    for name, value in criteria.items():
        if name not in Entry.__dataclass_fields__:
            raise TypeError(f"an exchange has no '{name}'; it has {', '.join(Entry.__dataclass_fields__)}")
        if getattr(entry, name) != value:
            return False
    return True
