"""Pages that commands print: as they lie in docs/ for a file, laid out for a screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from acquirer import cli
from acquirer.cli.errors import Code

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("rules", "faults", "journeys", "transactions")


@pytest.mark.parametrize("name", PAGES)
def test_a_file_gets_the_page_of_the_documentation(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert cli.run([name]) == Code.OK
    assert capsys.readouterr().out == (DOCS / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("width", [60, 80])
@pytest.mark.parametrize("name", PAGES)
def test_a_screen_gets_lines_that_fit_and_no_marks_of_tables(
    name: str, width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    assert cli.run([name]) == Code.OK
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= width
    assert "| ---" not in shown
    assert "```" not in shown
    words = {
        "rules": ("poor after ten yuan", "scenario", "day-end"),
        "faults": ("silent", "bandwidth", "late"),
        "journeys": ("@lunch", "power_cut", "a-day-in-a-shop"),
        "transactions": ("pre_auth_void", "periods", "completion"),
    }
    assert all(word in shown for word in words[name])
