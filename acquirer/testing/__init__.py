"""For tests, ours and other people's: a ready host in the background, with its journal to assert on.

>>> from acquirer.testing import running_host
>>> with running_host() as host:
...     print(host.address.rpartition(":")[0])
127.0.0.1
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from acquirer.app.in_memory_store import InMemoryStore as FakeStore
    from acquirer.testing.host import RunningHost, running_host
    from acquirer.testing.journal import Journal
    from acquirer.testing.playbook import Playbook
    from acquirer.testing.rig import Rig
    from acquirer.testing.view import View

__all__ = ["FakeStore", "Journal", "Playbook", "Rig", "RunningHost", "View", "running_host"]

_MODULES = {
    "Journal": "journal",
    "Playbook": "playbook",
    "Rig": "rig",
    "RunningHost": "host",
    "View": "view",
    "running_host": "host",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for: a store in dictionaries needs no server, no loop and no database."""
    if name == "FakeStore":  # as version 0.1 called it
        return import_module("acquirer.app.in_memory_store").InMemoryStore
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
