"""The store: what the host remembers, durable before it is answered; on disk, or in memory for as long as it runs.

Reading is imported here, writing only when it is used: a command that reads needs neither dialects nor keys.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from acquirer.errors import StoreError
from acquirer.store.filters import ExchangeFilter, TerminalFilter
from acquirer.store.location import StoreInUseError, begins_anew, readable_by_others
from acquirer.store.queries import Reader, open_reader

if TYPE_CHECKING:
    from acquirer.store.interface import Store
    from acquirer.store.sqlite import open_store

__all__ = [
    "ExchangeFilter",
    "Reader",
    "Store",
    "StoreError",
    "StoreInUseError",
    "TerminalFilter",
    "begins_anew",
    "open_reader",
    "open_store",
    "readable_by_others",
]

_LATER = {"Store": "acquirer.store.interface", "open_store": "acquirer.store.sqlite"}


def __getattr__(name: str) -> Any:
    """Import what writes, at the first use."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)
