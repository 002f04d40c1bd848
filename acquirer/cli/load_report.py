"""``acquirer load report``: what runs came to, once more, from their records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from acquirer.cli.load_output import (
    Csv,
    JsonOption,
    Junit,
    Page,
    RequestsCsv,
    Strict,
    Thresholds,
    finish,
    outputs_of,
)


def report(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="RECORDS...", help="What --record kept: folders, or files of workers (*.acq)."),
    ],
    threshold: Thresholds = None,
    strict: Strict = False,
    as_json: JsonOption = False,
    page: Page = None,
    csv: Csv = None,
    csv_requests: RequestsCsv = None,
    junit: Junit = None,
) -> int:
    """Say once more what runs came to, from their records; also of a run that was broken off.

    Records of one run are put together, whichever workers and machines wrote them. Those of several runs are compared,
    with the first that is named.
    """
    from acquirer.load.recorded_run import read_runs
    from acquirer.load.run_figures import RunFigures

    outputs = outputs_of(
        threshold, strict=strict, as_json=as_json, page=page, csv=csv, requests_csv=csv_requests, junit=junit
    )
    return finish([RunFigures(run) for run in read_runs(files)], outputs)
