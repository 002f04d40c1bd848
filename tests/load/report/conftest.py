"""Runs with verdicts, for each kind of report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from acquirer.load.recorded_run import read_runs
from acquirer.load.records import LoadRecord
from acquirer.load.report.judged_run import JudgedRun, judge_run
from acquirer.load.run_figures import RunFigures
from acquirer.load.thresholds import read_threshold
from tests.load.recorded import write_run

MakeRun = Callable[..., JudgedRun]


@pytest.fixture
def judged(tmp_path: Path) -> MakeRun:
    """``judged(records, thresholds, name=…, **header)``: a run with its verdicts."""

    def make(
        records: Iterable[LoadRecord], thresholds: Sequence[str] = (), name: str = "a run", **header: Any
    ) -> JudgedRun:
        place = tmp_path / f"recorded-{len(list(tmp_path.iterdir()))}"
        (run,) = read_runs([write_run(place / "worker-0.acq", records, **header)], name=name)
        return judge_run(RunFigures(run), [read_threshold(one) for one in thresholds])

    return make
