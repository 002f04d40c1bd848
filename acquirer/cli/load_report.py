"""``acquirer load report``: what a run came to, once more, from its records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from acquirer.cli.errors import Code, Exit
from acquirer.cli.load_output import JsonOption, Strict, Thresholds, finish, thresholds_of


def report(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Records that 'load burst --record' kept.")],
    threshold: Thresholds = None,
    strict: Strict = False,
    as_json: JsonOption = False,
) -> int:
    """Say once more what a run came to, from the records of all its workers; also of one that was broken off."""
    from acquirer.load.burst_figures import read_run

    limits = thresholds_of(threshold)
    paths = [one for path in files for one in (sorted(path.glob("*.acq")) if path.is_dir() else [path])]
    if not paths:
        raise Exit(Code.USAGE, f"{files[0]}: holds no records (*.acq); name what 'load burst --record' wrote")
    return finish(read_run(paths), limits, strict=strict, as_json=as_json)
