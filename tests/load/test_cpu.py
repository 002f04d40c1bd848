"""Processor time is counted for a process and for everything it started, living or ended."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from acquirer.load import cpu
from acquirer.load.cpu import NotMeasurable, run_s, used_s

BURN = "import time\nwhile time.process_time() < 0.2: pass\n"
CHILD = (
    f"subprocess.Popen([sys.executable, '-SEc', {BURN!r} + sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)"
)


@contextmanager
def running(script: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that has burnt its share once it has written a byte, and ends with its input."""
    command = [sys.executable, "-SEc", script, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.read(1)
        yield process
        process.stdin.close()


WAITS = "import os, sys; os.write(1, b'.'); sys.stdin.buffer.read()"


@pytest.mark.slow
def test_a_command_is_charged_with_its_children() -> None:
    script = f"import subprocess, sys\nsubprocess.run([sys.executable, '-SEc', {BURN!r}])\n{BURN}"
    code, used = run_s([sys.executable, "-SEc", script])
    assert code == 0
    assert used >= 0.4


def test_the_exit_code_of_a_command_is_returned() -> None:
    assert run_s([sys.executable, "-SEc", "raise SystemExit(7)"])[0] == 7
    assert run_s([sys.executable, "-SEc", "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"])[0] == -15


def test_a_running_process_is_charged_with_itself() -> None:
    with running(BURN + WAITS) as process:
        assert 0.2 <= used_s(process.pid) <= used_s(process.pid)


def test_a_running_process_is_charged_with_children_of_all_its_threads() -> None:
    script = f"""
import subprocess, sys, threading
def start():
    global child
    child = {CHILD}
    child.stdout.read(1)
    done.set()
    sys.stdin.buffer.read()
    child.stdin.close()
    child.wait()
done = threading.Event()
thread = threading.Thread(target=start)
thread.start()
done.wait()
import os
os.write(1, b".")
thread.join()
"""
    with running(script, WAITS) as process:
        assert used_s(process.pid) >= 0.2


def test_children_that_have_ended_are_counted_with_their_parent() -> None:
    with running(f"import subprocess, sys\nchild = {CHILD}\nchild.communicate()\n{WAITS}", "") as process:
        assert used_s(process.pid) >= 0.2


def test_a_process_that_has_ended_differs_from_one_that_cannot_be_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with running(WAITS) as process:
        pass
    with pytest.raises(ProcessLookupError):
        used_s(process.pid)
    monkeypatch.setattr(cpu, "PROC", tmp_path / "none")
    with pytest.raises(NotMeasurable, match="does not have"):
        used_s(os.getpid())
