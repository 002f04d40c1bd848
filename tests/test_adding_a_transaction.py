"""docs/adding-a-transaction.md is followed step by step with a copy of the program."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "adding-a-transaction.md"
BLOCK = re.compile(r"^```\w+ title=(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program with the page's steps taken."""
    copy = tmp_path_factory.mktemp("program")
    for folder in ("acquirer", "specs"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for title, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        target = copy / title
        if target.exists():  # a row of a table
            before, last, after = target.read_text(encoding="utf-8").partition('    "balance": TransactionKind(')
            assert last
            target.write_text(before + text + last + after, encoding="utf-8")
        else:
            target.write_text(text, encoding="utf-8")
    return copy


def run(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=copy, env=environment, capture_output=True, text=True, timeout=120
    )


def test_nothing_else_of_the_host_is_touched(copy: Path) -> None:
    changed = {
        path.relative_to(copy).as_posix()
        for path in (copy / "acquirer" / "host").rglob("*.py")
        if not (ROOT / path.relative_to(copy)).exists()
        or path.read_bytes() != (ROOT / path.relative_to(copy)).read_bytes()
    }
    assert changed == {"acquirer/host/kinds.py", "acquirer/host/services/identity_check.py"}


@pytest.mark.slow
def test_the_dialect_is_served(copy: Path) -> None:
    found = run(copy, "acquirer", "dialect", "lint", "verifying.toml")
    assert (found.returncode, found.stderr) == (0, "")


@pytest.mark.slow
def test_the_conversation_holds(copy: Path) -> None:
    found = run(copy, "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "test_identity_check.py")
    assert found.returncode == 0, found.stdout
    assert "1 passed" in found.stdout
