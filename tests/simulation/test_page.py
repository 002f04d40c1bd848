"""docs/simulation.md is printed from the program where it lists things, and its commands run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from acquirer.cli import run
from acquirer.simulation.campaign import read_remembered
from acquirer.simulation.checkers import checker_sentences
from acquirer.simulation.plan import CRASH_POINTS, FAULT_KINDS
from tests.simulation.planted_bugs import BUGS
from tests.simulation.test_planted_bugs import MOST_SEEDS
from tests.simulation.test_simulation import COMMIT_DAYS, REMEMBERED

PAGE = (Path(__file__).parents[2] / "docs" / "simulation.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ acquirer (.*)$", PAGE, re.M)


def rows(name: str) -> dict[str, str]:
    """Return the rows of a table of the page: key and sentence."""
    table = PAGE.partition(f"<!-- {name}: ")[2].partition(f"<!-- end of {name} -->")[0]
    return dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", table, re.M)[1:])


def test_its_tables_are_those_of_the_program() -> None:
    assert rows("kinds") == FAULT_KINDS
    assert rows("checkers") == checker_sentences()


def test_its_numbers_are_those_of_the_tests() -> None:
    assert f"holds {len(BUGS)} bugs" in PAGE
    assert f"and {sum(COMMIT_DAYS.values())} days whose seeds follow from the" in PAGE
    assert "within forty days" in PAGE
    assert MOST_SEEDS == 40
    assert "one of six points" in PAGE
    assert len(CRASH_POINTS) == 6
    assert len(read_remembered(REMEMBERED)) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_its_commands_run(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(shlex.split(command)) == 0
    assert capsys.readouterr().out
