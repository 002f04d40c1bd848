"""Exit codes are what the documentation says they are."""

from __future__ import annotations

import re
from pathlib import Path

from acquirer.cli.errors import MEANINGS, Code
from acquirer.cli.operation_end import ENDS
from acquirer.terminal.exchange import Outcome

PAGE = (Path(__file__).parents[2] / "docs" / "exit-codes.md").read_text(encoding="utf-8")


def test_the_documented_codes_are_those_that_commands_end_with() -> None:
    rows = re.findall(r"^\| (\d+) \| ([a-z ]+) \| (.+) \|$", PAGE, re.M)
    assert [(int(number), name.upper().replace(" ", "_")) for number, name, _ in rows] == [
        (code.value, code.name) for code in Code
    ]
    assert [meaning for _, _, meaning in rows] == [MEANINGS[code] for code in Code]


def test_every_outcome_of_a_terminal_has_a_code() -> None:
    assert set(ENDS) == {str(outcome) for outcome in Outcome}
