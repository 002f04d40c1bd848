"""The store: what the host remembers, durable before it is answered; on disk, or in memory for as long as it runs."""

from __future__ import annotations

from acquirer.store.interface import Store
from acquirer.store.location import StoreError, readable_by_others
from acquirer.store.queries import Reader, Wanted, open_reader
from acquirer.store.sqlite import open_store

__all__ = ["Reader", "Store", "StoreError", "Wanted", "open_reader", "open_store", "readable_by_others"]
