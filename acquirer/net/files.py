"""Room for connections: every one takes a file descriptor, and a process is given only so many."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from acquirer.net.limits import RESERVED_FILES

resource: Any = None
with suppress(ImportError):  # Windows, where a process has no such limit
    resource = import_module("resource")

MOST_BACKLOG = 65_535
"""What is assumed where the kernel does not say."""

SOMAXCONN = Path("/proc/sys/net/core/somaxconn")


def make_room(connections: int) -> int:
    """Raise this process's own limit of open files for so many connections; return how many there is room for."""
    if resource is None:
        return connections
    wanted = connections + RESERVED_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        except (OSError, ValueError):  # macOS caps it below what it calls unlimited
            soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return connections if soft == resource.RLIM_INFINITY else min(connections, max(soft - RESERVED_FILES, 1))


def bounds_too_low(connections: int, room: int, backlog: int) -> list[str]:
    """Return one sentence for each bound of the system that is too low for a burst of connections."""
    sentences = []
    if room < connections:
        sentences.append(
            f"{connections} connections want {connections + RESERVED_FILES} open files, there is room for {room}: "
            f"newcomers above that will be closed; raise the limit with 'ulimit -Hn {connections + RESERVED_FILES}'"
        )
    most = _somaxconn()
    if most < backlog:
        sentences.append(
            f"the kernel caps the backlog at {most}, {backlog} are wanted: what a burst brings above it waits a "
            f"second each; set net.core.somaxconn={backlog}"
        )
    return sentences


def _somaxconn() -> int:
    try:
        return int(SOMAXCONN.read_text())
    except (OSError, ValueError):
        return MOST_BACKLOG
