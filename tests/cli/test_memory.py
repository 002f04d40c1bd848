"""Where the system gives too little memory, a command ends with one sentence."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

SENTENCE = "There is not enough memory: end other programs, or raise the limit of this one (ulimit -v).\n"
MIB = 1 << 20
BEGUN = re.compile(r'File ".*acquirer/cli/__init__\.py", line \d+, in (main|run|_run)\b')
"""A frame of a command that has begun: from there on, an end without that sentence is a fault of ours."""


@pytest.mark.slow
@pytest.mark.parametrize("megabytes", [24, 32, 40])
@pytest.mark.parametrize(
    "words",
    [
        ("serve", "--listen", "127.0.0.1:0", "--store", "sqlite:///a.db"),
        ("receipt", "--tid", "10000161", "--stan", "000001"),
        ("store", "check"),
    ],
    ids=lambda words: words[0],
)
def test_a_start_without_enough_memory_is_one_sentence(tmp_path, words, megabytes):
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * MIB, megabytes * MIB))

    done = subprocess.run(
        [sys.executable, "-m", "acquirer", *words],
        cwd=tmp_path,
        preexec_fn=limit,
        capture_output=True,
        text=True,
        timeout=60,
    )
    if done.returncode == 1 and not BEGUN.search(done.stderr):
        pytest.skip("Python had too little memory to import what a command begins with")
    assert (done.stdout, done.returncode) == ("", 2)
    assert f"{Path('acquirer', 'cli')}" not in done.stderr  # Python's own modules may say more
    enough = words[0] != "serve" and "there is no store" in done.stderr
    assert enough or done.stderr.endswith(SENTENCE)
