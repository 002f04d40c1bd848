"""Processor time of a process and of everything that it started.

Two ways, because a process that runs is measured from outside and one that has ended by its parent: `used_s` reads the
system's accounts of living processes (Linux only), `run_s` runs a command to its end and takes what the system adds up
for its parent.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from acquirer.errors import ConfigurationError

PROC: Final = Path("/proc")


class NotMeasurable(ConfigurationError):
    """This system does not say how much processor time another process has used."""


def used_s(pid: int) -> float:
    """Return the processor time, in seconds, that a process and its living descendants have used so far.

    Descendants that ended and were waited for are counted with their parents.

    Raises:
        NotMeasurable: the system is not Linux.
        ProcessLookupError: the process has ended.
    """
    return sum(used_by_process(pid).values())


def used_by_process(pid: int, name: str = "host") -> dict[str, float]:
    """Return the same for each of its processes, by what each is for: its children by the module that they run.

    Raises:
        NotMeasurable, ProcessLookupError: see `used_s`.
    """
    if not (PROC / str(pid) / "task").is_dir():
        if PROC.is_dir():
            raise ProcessLookupError(f"process {pid} has ended")
        raise NotMeasurable("processor time of running processes is read from /proc, which this system does not have")
    used = {name: _own_s(pid)}
    for child in list(children_of(pid)):
        try:
            for what, seconds in used_by_process(child, process_name(child)).items():
                used[what] = used.get(what, 0.0) + seconds
        except (ProcessLookupError, FileNotFoundError):  # it ended meanwhile: from now on its parent counts it
            continue
    return used


def process_name(pid: int) -> str:
    """Return what a process of a host is for: ``store writer``; ``other`` where it is none of ours."""
    found = _MODULE.search((PROC / str(pid) / "cmdline").read_bytes())
    return found[1].decode().replace("_", " ") if found else "other"


_MODULE: Final = re.compile(rb"from [\w.]+\.(\w+) import main")  # as `process.channel` starts them


def run_s(command: Sequence[str], **options: Any) -> tuple[int, float]:
    """Run a command to its end; return its exit code and the processor time it and its descendants used, in seconds.

    Args:
        options: for `subprocess.Popen`.

    Raises:
        NotMeasurable: this system does not say what an ended process used.
    """
    if not hasattr(os, "wait4"):
        raise NotMeasurable("processor time of ended processes is what os.wait4 says, which this system does not have")
    with subprocess.Popen(command, **options) as process:  # noqa: S603  our own commands
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_utime + usage.ru_stime


def _own_s(pid: int) -> float:
    """What the process used, to the nanosecond, and what its ended children did, to the tick of the system's clock."""
    fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    ended_s = (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")  # cutime, cstime: proc_pid_stat(5)
    try:
        return time.clock_gettime(~pid << 3 | 2) + ended_s  # CPUCLOCK_SCHED of a process: clock_getcpuclockid(3)
    except OSError:
        raise ProcessLookupError(f"process {pid} has ended") from None


def children_of(pid: int) -> Iterator[int]:
    """Yield the children of all threads of a process: each thread has those that it started."""
    for task in (PROC / str(pid) / "task").iterdir():
        try:
            yield from map(int, (task / "children").read_text().split())
        except (FileNotFoundError, ProcessLookupError):  # the thread has ended
            continue
