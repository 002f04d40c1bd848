"""How commands start is measured for each of them, and held to its mark."""

from __future__ import annotations

import pytest

from acquirer.load import starts
from acquirer.load.starts import MANY, YARDSTICK_NAME, MeasuredCommand, measure


@pytest.mark.parametrize(
    ("command", "expected", "missed"),
    [
        (MeasuredCommand("x", (), 3.5), "300 ms    3.0 ×  mark 3.5 × reached", False),
        (MeasuredCommand("x", (), 2.5), "300 ms    3.0 ×  mark 2.5 × MISSED", True),
        (MeasuredCommand("x", (), mark_s=0.5), "300 ms    3.0 ×  mark 0.5 s reached", False),
        (MeasuredCommand("x", (), mark_s=0.2), "300 ms    3.0 ×  mark 0.2 s MISSED", True),
        (MeasuredCommand("x", (), mark_s=0.2, base="y"), "mark 0.2 s more than y reached", False),
        (MeasuredCommand("x", (), mark_s=0.1, base="y"), "mark 0.1 s more than y MISSED", True),
    ],
)
def test_a_command_is_held_to_its_mark(
    command: MeasuredCommand, expected: str, missed: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert starts._report(command, {YARDSTICK_NAME: 0.1, "x": 0.3, "y": 0.15}) is missed
    assert expected in capsys.readouterr().out


def test_a_command_that_fails_is_no_measurement(tmp_path) -> None:
    with pytest.raises(SystemExit, match=r"ended with 3: .*no way"):
        starts._ended_s(["-c", "import sys; print('no way'); sys.exit(3)"], tmp_path)


@pytest.mark.slow
def test_every_command_is_measured(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starts, "MANY", 40)
    measure(1)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith('python -c "import typer, rich.console" ')
    names = ["journal list", "terminals list", "decode", "doctor", "dialect list", "terminal echo", "serve"]
    for name in (*names, "serve, 40 terminals", "terminals list, 40 terminals"):
        assert any(line.startswith(f"{name} ") and line.endswith(("reached", "MISSED")) for line in lines), name
    assert MANY == 20_000
