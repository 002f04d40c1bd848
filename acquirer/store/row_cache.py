"""Rows kept in memory, written through: what the loop would otherwise read from disk for every message.

The database stays the truth. Only this host writes it, so a cached row goes stale in one way alone: it was read while a
commit changed it. Then the next commit on it conflicts, and a conflict removes the row from the cache.
"""

from __future__ import annotations

from typing import Final, Generic, TypeVar

MOST_ROWS: Final = 50_000
"""A large chain of shops, at about 2 kB a terminal; when it is reached the cache is emptied and filled anew."""

CachedRow = TypeVar("CachedRow")


class RowCache(Generic[CachedRow]):
    """A bounded map from a row's key to the row. For the loop's thread."""

    def __init__(self, most: int = MOST_ROWS) -> None:
        self._rows: dict[str, CachedRow] = {}
        self._most = most
        self.get = self._rows.get
        self.clear = self._rows.clear

    def put(self, key: str, row: CachedRow) -> None:
        """Keep `row` as the latest of `key`."""
        if len(self._rows) >= self._most:
            self._rows.clear()
        self._rows[key] = row

    def forget(self, key: str) -> None:
        """Read `key` from disk the next time."""
        self._rows.pop(key, None)

    def __len__(self) -> int:
        return len(self._rows)
