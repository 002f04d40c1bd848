"""Changes packed for a writer in this process, which calls a dialect by itself."""

from __future__ import annotations

from typing import Any

from acquirer.model.effects import Changes
from acquirer.model.ready_exchange import ReadyExchange
from acquirer.store.packed_changes import PackedChanges, pack_changes


def pack(changes: Changes | ReadyExchange, *stored: Any) -> PackedChanges:
    """Return changes as they are written."""
    return pack_changes(changes, lambda dialect: dialect, *stored)
