"""The terminal where Unix is missing: no fcntl, resource, epoll, poll, and no folder that can be synced."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from acquirer.testing import running_host

HIDING = """
import os, select, sys
for name in ("fcntl", "resource", "termios", "pwd", "grp"):
    sys.modules[name] = None  # importing it is an ImportError
for name in ("epoll", "poll", "EPOLLIN", "POLLIN"):
    if hasattr(select, name):
        delattr(select, name)
for name in ("O_CLOEXEC", "O_DIRECTORY", "fchmod", "fork"):
    if hasattr(os, name):
        delattr(os, name)
from acquirer.cli import run
sys.exit(run(sys.argv[1:]))
"""


@pytest.mark.slow
def test_a_sale_and_its_void(tmp_path: Path) -> None:
    with running_host() as host:
        for words in (["sale", "--amount", "1.00", "--sign", "Zhang San", "--receipt"], ["void"], ["receipt"]):
            where = [] if words == ["receipt"] else ["--host", host.address]
            command = [sys.executable, "-c", HIDING, "terminal", *words, *where, "--state", str(tmp_path)]
            ended = subprocess.run(command, capture_output=True, text=True, check=False)
            assert (ended.returncode, ended.stderr) == (0, "")
        assert [one.state for one in host.transactions] == ["voided", "approved"]
