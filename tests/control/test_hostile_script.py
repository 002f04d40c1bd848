"""The script that measures how long terminals wait while HTTP is misused: that it runs, and what it prints."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_each_way_of_misuse_has_a_row() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/hostile_http.py", "--rounds", "1", "--seconds", "0.5", "--ways", "waits,strangers"],
        cwd=ROOT, env={"PYTHONPATH": str(ROOT), "PATH": ""}, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    rows = re.findall(r"^(left alone|waits|strangers) +[\d.]+ +[\d.]+ +[\d.]+ +\d+$", done.stdout, re.M)
    assert rows == ["left alone", "waits", "strangers"], done.stdout


def test_a_way_that_is_none_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/hostile_http.py", "--ways", "wait"],
        cwd=ROOT, env={"PYTHONPATH": str(ROOT), "PATH": ""}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, "there is no 'wait'" in done.stderr) == (2, True)
