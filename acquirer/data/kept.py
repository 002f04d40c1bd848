"""A bounded memory of what is made when it is first asked for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

Item = TypeVar("Item")


class Kept(OrderedDict[str, Item]):
    """A mapping that makes what is not there; beyond its limit the oldest gives way.

    Args:
        limit: how many are kept.
        make: makes one.
    """

    def __init__(self, limit: int, make: Callable[[], Item]) -> None:
        super().__init__()
        self._limit = limit
        self._make = make

    def __missing__(self, key: str) -> Item:
        kept = self[key] = self._make()
        if len(self) > self._limit:
            self.popitem(last=False)
        return kept
