"""docs/adding-a-fault.md, followed step by step in a copy of the project."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from acquirer.model.effects import Send
from acquirer.scenario.faults import parse

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "adding-a-fault.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^`([\w/.]+)`:\n\n```python\n(.*?)^```$", PAGE, re.M | re.S))
KIND, TEST = "acquirer/scenario/faults/blank.py", "tests/scenario/faults/test_blank.py"

PROGRAMS = {
    "acquirer": [sys.executable, "-m", "acquirer"],
    "pytest": [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"],
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of what the page's steps need of the project."""
    for name in ("acquirer", "tests/scenario", "docs"):
        shutil.copytree(ROOT / name, tmp_path / name)  # with compiled files: what is not changed is not compiled again
    for name in ("pyproject.toml", "tests/conftest.py", "specs", "CHANGELOG.md"):
        (tmp_path / name).symlink_to(ROOT / name)
    wanting_a_row_for_each_kind = ("test_on_the_wire", "test_terminal_survives")
    without_kinds = ("test_switching", "rules/test_every_service")
    for name in ("test_adding_a_fault", *wanting_a_row_for_each_kind, *without_kinds):
        (tmp_path / f"tests/scenario/{name}.py").unlink()
    return tmp_path


def run(command: str, place: Path) -> subprocess.CompletedProcess[str]:
    """Run one line of the page in a copy of the project."""
    line, _, output = command.partition(" > ")
    program, *arguments = shlex.split(line)
    environment = {**os.environ, "PYTHONPATH": str(place), "TEST_PROFILE": "fast"}
    done = subprocess.run(
        [*PROGRAMS[program], *arguments], capture_output=True, text=True, check=False, cwd=place, env=environment
    )
    if output:
        (place / output).write_text(done.stdout, encoding="utf-8")
    return done


def section(number: int) -> list[str]:
    """Return the shell lines of a numbered section."""
    text = PAGE.partition(f"\n## {number}. ")[2].partition("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", text, re.S)[0].splitlines()


def test_the_page_adds_one_file_and_its_test() -> None:
    assert list(FILES) == [KIND, TEST]


@pytest.mark.slow
def test_following_the_page_adds_a_kind_that_works(copy: Path) -> None:
    before = run("acquirer faults blank", copy)
    assert before.returncode == 2
    assert before.stderr.startswith("unknown kind 'blank'")
    for name, source in FILES.items():
        (copy / name).write_text(source, encoding="utf-8")
    for command in section(4):
        done = run(command, copy)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "### `blank`" in (copy / "docs" / "faults.md").read_text(encoding="utf-8")
    assert run("acquirer faults blank", copy).returncode == 0


def test_the_kind_of_the_page_may_come_from_another_distribution(distribution, sale) -> None:
    (point,) = re.findall(r'^blank = "(\w+:\w+)"$', PAGE, re.M)
    module, _, _ = point.partition(":")
    distribution("my-faults", {"blank": point}, **{module: FILES[KIND]})
    (line,) = section(5)
    fault = parse(shlex.split(line)[-1])
    assert list(fault.apply([Send(b"x" * 50)], sale)) == [Send(b"x" * 30 + bytes(20))]
    assert (fault.service, fault.amount_minor) == ("sale", 6666)
