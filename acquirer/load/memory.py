"""Memory of a process and of everything that it started: what it takes, and the most that it took since it was asked.

Read from /proc (Linux). The kernel keeps the most that a process took (`VmHWM`), so nothing is missed between two
looks. A page that processes share is counted with each of them. The most of several processes is the sum of what each
took at its own height, and so never too little. What the kernel holds for sockets is no process's memory; the kernel
bounds it (tcp_rmem, tcp_wmem).
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Final

from acquirer.load.cpu import PROC, NotMeasurable, children_of, process_name

FORGET_PEAK: Final = "5"
"""What resets `VmHWM` to what is taken now: proc_pid_clear_refs(5)."""

_STATUS: Final = re.compile(r"(?m)^(VmRSS|VmHWM):\s*([0-9]+) kB$")


def resident_bytes(pid: int, name: str = "host") -> dict[str, int]:
    """Return the memory that a process and its living descendants take, by what each is for.

    Raises:
        NotMeasurable: the system is not Linux.
    """
    return _memory(pid, name, "VmRSS")


def peak_bytes(pid: int, name: str = "host") -> dict[str, int]:
    """Return the most that each took since its start or since `forget_peak`. Raises NotMeasurable."""
    return _memory(pid, name, "VmHWM")


def forget_peak(pid: int) -> None:
    """Have `peak_bytes` of a process and its living descendants begin anew. Raises NotMeasurable."""
    try:
        (PROC / str(pid) / "clear_refs").write_text(FORGET_PEAK)
    except FileNotFoundError:
        raise NotMeasurable(_NO_PROC) from None
    for child in _children(pid):
        with suppress(NotMeasurable, ProcessLookupError):  # it ended meanwhile
            forget_peak(child)


_NO_PROC: Final = "memory of running processes is read from /proc, which this system does not have"


def _memory(pid: int, name: str, of: str) -> dict[str, int]:
    try:
        values = dict(_STATUS.findall((PROC / str(pid) / "status").read_text()))
    except FileNotFoundError:
        raise NotMeasurable(_NO_PROC) from None
    found = {name: int(values.get(of, 0)) << 10}  # none of a process that has just ended
    for child in _children(pid):
        with suppress(NotMeasurable, FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            for what, size in _memory(child, process_name(child), of).items():
                found[what] = found.get(what, 0) + size
    return found


def _children(pid: int) -> list[int]:
    """Return the children of a process: none where it has just ended."""
    try:
        return list(children_of(pid))
    except FileNotFoundError:
        return []
