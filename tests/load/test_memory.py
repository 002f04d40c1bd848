"""Memory of a process and its children: what it takes, and the most that it took since it was asked."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from acquirer.load import memory
from acquirer.load.cpu import NotMeasurable
from acquirer.load.memory import forget_peak, peak_bytes, resident_bytes

TAKES = """
import sys
for line in sys.stdin:
    taken = bytearray(int(line))
    for at in range(0, len(taken), 4096):
        taken[at] = 1
    del taken
    print("done", flush=True)
"""
PARENT = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-SEc", {TAKES!r}])
child.wait()
"""
SIZE = 64 << 20
NOISE = 16 << 20


@pytest.fixture(params=[TAKES, PARENT], ids=["itself", "its child"])
def process(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    """Takes as many bytes as it is asked for, and gives them back."""
    with subprocess.Popen(
        [sys.executable, "-SEc", request.param], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        take(process, 0)
        yield process
        assert process.stdin is not None
        process.stdin.close()


def take(process: subprocess.Popen[str], size: int) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{size}\n")
    process.stdin.flush()
    assert process.stdout.readline() == "done\n"


def test_the_most_is_kept_until_it_is_forgotten(process: subprocess.Popen[str]) -> None:
    before = sum(resident_bytes(process.pid).values())
    take(process, SIZE)
    assert (
        SIZE - NOISE <= sum(peak_bytes(process.pid).values()) - before <= SIZE + NOISE
    )  # a little of it was free before
    assert sum(resident_bytes(process.pid).values()) - before <= NOISE
    forget_peak(process.pid)
    assert sum(peak_bytes(process.pid).values()) - before <= NOISE


def test_a_system_without_proc_is_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(memory, "PROC", tmp_path)
    for measure in (resident_bytes, peak_bytes, forget_peak):
        with pytest.raises(NotMeasurable, match="memory of running processes is read from /proc"):
            measure(1)


def test_a_child_that_has_just_ended_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look at its parent and the look at itself."""
    with subprocess.Popen([sys.executable, "-SEc", ""]) as ended:
        pass
    own = os.getpid()
    monkeypatch.setattr(memory, "children_of", lambda pid: iter([ended.pid] if pid == own else []))
    for measure in (resident_bytes, peak_bytes):
        assert measure(own).keys() == {"host"}
    forget_peak(own)
