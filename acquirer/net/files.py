"""Room for connections: every one takes a file descriptor, and a process is given only so many."""

from __future__ import annotations

import resource
from pathlib import Path

from acquirer.net.limits import RESERVED_FILES

SOMAXCONN = Path("/proc/sys/net/core/somaxconn")


def make_room(connections: int) -> list[str]:
    """Raise this process's own limit of open files for `connections` as far as the system allows.

    Returns what an operator should know before a storm: one sentence for each bound that stays too low.
    """
    wanted = connections + RESERVED_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        if allowed > soft:
            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
            soft = allowed
    if soft >= wanted:
        return []
    return [
        f"{connections} connections want {wanted} open files, the system allows {soft}: "
        f"newcomers above {soft - RESERVED_FILES} will be closed; raise it with 'ulimit -Hn {wanted}' as root"
    ]


def check_backlog(backlog: int) -> list[str]:
    """One sentence when the kernel caps the listen backlog below `backlog`; it does so without telling."""
    try:
        most = int(SOMAXCONN.read_text())
    except (OSError, ValueError):
        return []
    if most >= backlog:
        return []
    return [
        f"the kernel caps the backlog at {most}, {backlog} are wanted: bursts above it wait a second each; "
        f"set net.core.somaxconn={backlog}"
    ]
