"""The page about tests of terminals, and the project beside it: what they show runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/test-your-terminal.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "docs/examples/pytest-twelve"


def run(folder: Path) -> str:
    """Run pytest in a folder, as a user does; return what it prints."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:randomly", "-p", "no:cacheprovider", "-q"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.stdout


@pytest.mark.slow
def test_the_page_runs(tmp_path: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert len(blocks) == 6
    for number, block in enumerate(blocks):
        name = "conftest.py" if block.startswith("# conftest.py") else f"test_{number}.py"
        (tmp_path / name).write_text(block, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    printed = run(tmp_path)
    assert "8 passed" in printed.splitlines()[-1], printed


@pytest.mark.slow
def test_the_twelve_run() -> None:
    printed = run(EXAMPLE)
    assert "24 passed" in printed.splitlines()[-1], printed
    tests = re.findall(r"^def test_", (EXAMPLE / "tests/test_twelve.py").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(tests) == 12


def test_the_page_names_what_there_is() -> None:
    from acquirer.testing import View

    named = re.findall(r"`acquirer\.(\w+)[.(`]", PAGE)
    assert len(set(named)) > 8
    own = {"host", "clock"}  # set when a view is made
    assert [name for name in named if not hasattr(View, name) and name not in own] == []
