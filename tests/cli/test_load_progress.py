"""What a terminal shows while a run goes on, and when it says that the run is to end."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from rich.console import Console

from acquirer.cli.load_progress import LiveDisplay, watching
from acquirer.load.live_figures import LiveFigures
from acquirer.load.records import LoadRecord, RequestOutcome
from acquirer.load.thresholds import read_threshold
from tests.load.recorded import SERVICES, record


@dataclass(frozen=True)
class Moment:
    elapsed_s: float
    offered: int
    done: int
    new: Sequence[LoadRecord] = ()


def shown(planned: int, moment: Moment, width: int = 100) -> list[str]:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    figures = LiveFigures(SERVICES, ["burst"])
    figures.add(moment.new)
    console.print(LiveDisplay(planned, figures, console).picture(moment))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return [" ".join(re.sub("[━╸╺]", "", line).split()) for line in text.splitlines()]


def test_it_shows_offered_done_errors_percentiles_and_lateness() -> None:
    lost = record(700, 2_000_000, RequestOutcome.LOST)
    new = [*[record(500, 5_000, intended_us=n * 1000) for n in range(99)], lost]
    assert shown(20_000, Moment(3.21, 12_000, 11_940, new)) == [
        "offered 12,000 of 20,000",
        "done 11,940 of 20,000, 957 answered a second",
        "3.2 s errors: 1 lost p50 5.5 ms p99 5.5 ms begun late p99 0.5 ms",
    ]


def test_where_nothing_is_planned_it_counts() -> None:
    lines = shown(0, Moment(1.0, 40, 38))
    assert lines[0].endswith("40")
    assert lines[1].endswith("38, 0 answered a second")


def test_a_line_is_never_wider_than_the_screen() -> None:
    new = [record(outcome=outcome) for outcome in RequestOutcome]
    lines = shown(100, Moment(1.0, 40, 38, new), width=50)
    assert max(map(len, lines)) <= 50


def test_elsewhere_than_on_a_terminal_nothing_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    figures = LiveFigures(SERVICES, ["burst"])
    with watching(10, figures) as watch:
        assert watch(Moment(0.1, 3, 1, [record()])) is False
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("coloured", [True, False])
def test_on_a_terminal_it_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch, coloured: bool) -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    if not coloured:
        monkeypatch.setenv("NO_COLOR", "1")
    with watching(10, LiveFigures(SERVICES, ["burst"])) as watch:
        watch(Moment(0.1, 3, 1, [record()]))
    text = screen.getvalue()
    assert "3 of 10" in text
    assert text.endswith("\x1b[2K"), "its lines are wiped"
    assert ("\x1b[36m" in text) is coloured


def test_a_run_is_to_end_once_a_threshold_is_missed(capsys: pytest.CaptureFixture[str]) -> None:
    thresholds = [read_threshold("errors<1%"), read_threshold("p(99)<250ms", abort=True, grace_s=2)]
    with watching(10, LiveFigures(SERVICES, ["burst"]), thresholds) as watch:
        assert watch(Moment(1.0, 3, 1, [record(done_us=900_000, outcome=RequestOutcome.DECLINED)])) is False
        assert watch(Moment(2.5, 3, 1)) is True
        assert watch(Moment(2.6, 3, 1)) is True
        assert watch.why == "ended after 2.5 s: p(99)<250ms is missed (900.0 ms)"
        assert capsys.readouterr().err == ""
    assert capsys.readouterr() == ("", f"{watch.why}\n")
