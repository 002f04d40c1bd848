"""Files whose first or last line was changed by others: one sentence, or a report; never a traceback."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from acquirer.load.recorded_run import read_runs
from acquirer.load.records import RecordsError
from acquirer.load.report.csv_files import write_bucket_rows, write_request_rows
from acquirer.load.report.headline import run_summary
from acquirer.load.report.judged_run import judge_run
from acquirer.load.report.junit import thresholds_junit
from acquirer.load.report.page import report_page
from acquirer.load.run_figures import RunFigures
from acquirer.load.thresholds import read_threshold
from tests.load.recorded import drawn_records, footer, header, write_run

JUNK: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    10**30,
    "",
    "x",
    "3/0",
    "2/1",
    [],
    [None],
    ["x"],
    {},
    {"x": 1},
    [{"name": 3}],
]
RECORDS = drawn_records(3, 100_000)


def report_in_every_form(path: Path) -> None:
    for run in read_runs([path]):
        one = judge_run(RunFigures(run), [read_threshold("p(99)<1s")])
        one.as_json()
        run_summary(one.figures)
        thresholds_junit([one])
        report_page([one])
        write_bucket_rows(io.StringIO(), [one])
        write_request_rows(io.StringIO(), [one])


def refusal(path: Path) -> str:
    """Return what is named by the sentence that refuses a file; "" when it is reported."""
    try:
        report_in_every_form(path)
    except RecordsError as exc:
        return str(exc).partition(": ")[0]
    return ""


@pytest.mark.slow
@pytest.mark.parametrize("key", sorted(header()))
def test_a_first_line_that_was_changed(tmp_path: Path, key: str) -> None:
    for number, value in enumerate(JUNK):
        path = write_run(tmp_path / f"{number}/a.acq", RECORDS, **{key: value})
        assert refusal(path) in ("", str(path)), value


@pytest.mark.slow
@pytest.mark.parametrize("key", sorted({*footer()} - {"requests", "records"}))
def test_a_last_line_that_was_changed(tmp_path: Path, key: str) -> None:
    for number, value in enumerate(JUNK):
        path = write_run(tmp_path / f"{number}/a.acq", RECORDS, end=footer(**{key: value}))
        assert refusal(path) in ("", str(path)), value


@pytest.mark.slow
@pytest.mark.parametrize("key", ["name", "kind", "begin_s", "length_s"])
def test_a_phase_that_was_changed(tmp_path: Path, key: str) -> None:
    for number, value in enumerate(JUNK):
        phase = {"name": "burst", "kind": "burst", "begin_s": 0.0, "length_s": 1.0, key: value}
        path = write_run(tmp_path / f"{number}/a.acq", RECORDS, phases=[phase])
        assert refusal(path) in ("", str(path)), value
