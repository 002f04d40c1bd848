"""Processes that hold keys leave no picture of their memory, however they end."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.served import START, Served, child_of

resource = pytest.importorskip("resource")
if not sys.platform.startswith("linux"):
    pytest.skip("limits of another process are read by prlimit(2)", allow_module_level=True)

PATTERN = Path("/proc/sys/kernel/core_pattern").read_text().strip()


def unlimited() -> None:
    """Allow core dumps, as far as this process may: for `preexec_fn`."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


@pytest.fixture
def served(tmp_path: Path):
    process = subprocess.Popen(
        [*START, "--store", f"sqlite:///{tmp_path / 'acquirer.db'}", "--json"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=unlimited,
    )
    assert process.stdout is not None
    with process:
        yield Served(process, process.stdout.readline())
        process.kill()


def test_a_host_and_its_children_write_no_core_dumps(served: Served) -> None:
    for pid in (served.process.pid, child_of(served.process, "store_writer")):
        soft, hard = resource.prlimit(pid, resource.RLIMIT_CORE)
        assert 0 <= soft <= hard <= 1


@pytest.mark.skipif("/" in PATTERN or PATTERN.startswith("|"), reason="core dumps are not written into the folder")
def test_a_host_that_is_aborted_leaves_no_file(served: Served, tmp_path: Path) -> None:
    def dumps() -> list[str]:
        return [file.name for file in tmp_path.iterdir() if file.name.startswith("core")]

    sleeping = [sys.executable, "-c", "import os; os.abort()"]
    aborted = subprocess.run(sleeping, cwd=tmp_path, preexec_fn=unlimited, check=False)
    assert aborted.returncode == -signal.SIGABRT
    if not dumps():
        pytest.skip("no process may write core dumps here")
    for name in dumps():
        (tmp_path / name).unlink()
    served.process.send_signal(signal.SIGABRT)
    assert served.process.wait(60) == -signal.SIGABRT
    assert dumps() == []
