"""Where one message shows a mistake, `acquirer doctor` names it too, given the message and the terminal's keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mistakes.captures import CAPTURED, diagnosis
from tests.mistakes.pending import PENDING_CAPTURES
from tests.mistakes.row import Mistake
from tests.mistakes.run import Recorded
from tests.mistakes.score import capture_problems


@pytest.mark.slow
@pytest.mark.parametrize("row", CAPTURED, ids=[row.id for row in CAPTURED])
def test_the_doctor_names_the_mistake(row: Mistake, recorded: dict[str, Recorded], tmp_path: Path) -> None:
    outcome = recorded[row.id].mistaken
    printed = diagnosis(row, outcome, tmp_path)
    found = capture_problems(row, printed, outcome.facts)
    if row.id in PENDING_CAPTURES:
        assert found, f"{row.id} is recognised: take it out of PENDING_CAPTURES in tests/mistakes/pending.py"
    else:
        assert not found, "\n".join([f"{row.title}:", printed, *(f"  - {one}" for one in found)])


def test_only_captures_of_the_catalogue_are_pending() -> None:
    assert {row.id for row in CAPTURED} >= PENDING_CAPTURES
