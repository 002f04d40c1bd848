"""Room for connections: every one takes a file descriptor, and a process is given only so many."""

from __future__ import annotations

import resource
from pathlib import Path

from acquirer.net.limits import RESERVED_FILES

MOST_BACKLOG = 65_535
"""What is assumed where the kernel does not tell."""

SOMAXCONN = Path("/proc/sys/net/core/somaxconn")


def make_room(connections: int) -> int:
    """Raise this process's own limit of open files for so many connections; returns how many there is room for."""
    wanted = connections + RESERVED_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return connections if soft == resource.RLIM_INFINITY else min(connections, max(soft - RESERVED_FILES, 1))


def bounds_too_low(connections: int, room: int, backlog: int) -> list[str]:
    """What an operator should know before a storm: one sentence for each bound of the system that is too low."""
    told = []
    if room < connections:
        told.append(
            f"{connections} connections want {connections + RESERVED_FILES} open files, there is room for {room}: "
            f"newcomers above that will be closed; raise the limit with 'ulimit -Hn {connections + RESERVED_FILES}'"
        )
    most = _somaxconn()
    if most < backlog:
        told.append(
            f"the kernel caps the backlog at {most}, {backlog} are wanted: what a burst brings above it waits a "
            f"second each; set net.core.somaxconn={backlog}"
        )
    return told


def _somaxconn() -> int:
    try:
        return int(SOMAXCONN.read_text())
    except (OSError, ValueError):
        return MOST_BACKLOG
