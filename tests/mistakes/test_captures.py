"""Where one message shows a mistake, `acquirer doctor` names it too, given the message and the terminal's keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from acquirer.cli import run
from tests.mistakes.catalogue import ROWS
from tests.mistakes.pending import PENDING_CAPTURES
from tests.mistakes.pos import MID, TMK
from tests.mistakes.row import Mistake
from tests.mistakes.run import Outcome, Recorded
from tests.mistakes.score import capture_problems

CAPTURED = [row for row in ROWS if row.capture]


def terminals(row: Mistake, outcome: Outcome) -> str:
    """Return a file of terminals that pins the keys which the host gave."""
    keys = {"tid": outcome.facts["TID"], "mid": MID, "tmk": TMK.hex().upper(), **row.terminal}
    lines = ["[[terminal]]", "test = true", *(f'{name} = "{value}"' for name, value in keys.items() if value)]
    if outcome.clear:
        pinned = ", ".join(f'{name} = "{key.hex().upper()}"' for name, key in outcome.clear.items())
        lines.append(f"fixed_keys = {{ {pinned} }}")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("row", CAPTURED, ids=[row.id for row in CAPTURED])
def test_the_doctor_names_the_mistake(
    row: Mistake, recorded: dict[str, Recorded], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = recorded[row.id].mistaken
    (tmp_path / "frame.hex").write_text(outcome.frame.hex(), encoding="ascii")
    (tmp_path / "terminals.toml").write_text(terminals(row, outcome), encoding="utf-8")
    known = ["--dialect", row.listener, "--terminals", str(tmp_path / "terminals.toml")]
    run(["doctor", str(tmp_path / "frame.hex"), *known])
    printed = capsys.readouterr().out
    found = capture_problems(row, printed, outcome.facts)
    if row.id in PENDING_CAPTURES:
        assert found, f"{row.id} is recognised: take it out of PENDING_CAPTURES in tests/mistakes/pending.py"
    else:
        assert not found, "\n".join([f"{row.title}:", printed, *(f"  - {one}" for one in found)])


def test_only_captures_of_the_catalogue_are_pending() -> None:
    assert {row.id for row in CAPTURED} >= PENDING_CAPTURES
