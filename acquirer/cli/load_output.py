"""What ``acquirer load`` says of a run in the end, and the options that say how: on the screen, and in files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from acquirer.cli.errors import Code, Exit

if TYPE_CHECKING:
    from acquirer.load.report.judged_run import JudgedRun
    from acquirer.load.run_figures import RunFigures
    from acquirer.load.thresholds import Threshold

Thresholds = Annotated[
    list[str] | None,
    typer.Option(
        "--threshold",
        metavar="FIGURE",
        help="What must hold, as in 'p(99)<250ms', 'errors{phase:burst}<0.1%': else it ends with 99.",
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="End with 98 when the generator was the limit.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object.")]
Page = Annotated[Path | None, typer.Option("--report", metavar="FILE.html", help="Write a page with charts, one file.")]
Csv = Annotated[
    Path | None, typer.Option("--csv", metavar="FILE", help="Write the run over time, a row for each piece.")
]
RequestsCsv = Annotated[
    Path | None, typer.Option("--csv-requests", metavar="FILE", help="Write a row for each request.")
]
Junit = Annotated[
    Path | None, typer.Option("--junit", metavar="FILE.xml", help="Write a test case for each threshold.")
]


@dataclass(frozen=True, slots=True)
class Outputs:
    """What is wanted of a run in the end."""

    thresholds: Sequence[Threshold]
    strict: bool
    as_json: bool
    page: Path | None
    csv: Path | None
    requests_csv: Path | None
    junit: Path | None


def outputs_of(
    thresholds: Sequence[str | Threshold] | None,
    *,
    strict: bool,
    as_json: bool,
    page: Path | None,
    csv: Path | None,
    requests_csv: Path | None,
    junit: Path | None,
) -> Outputs:
    """Return what is wanted, as it was typed; before a run, so that nothing is run in vain.

    Args:
        thresholds: as they are typed, or read already.

    Raises:
        ThresholdError: a threshold is none.
        Exit: a file lies in no folder.
    """
    from acquirer.load.thresholds import read_threshold

    for option, file in (("--report", page), ("--csv", csv), ("--csv-requests", requests_csv), ("--junit", junit)):
        if file and not file.absolute().parent.is_dir():
            raise Exit(Code.USAGE, f"{option} {file}: there is no folder {file.parent}; make it first")
        if file and file.is_dir():
            raise Exit(Code.USAGE, f"{option} {file}: is a folder; name a file")
    limits = [read_threshold(one) if isinstance(one, str) else one for one in thresholds or ()]
    return Outputs(limits, strict, as_json, page, csv, requests_csv, junit)


def finish(runs: Sequence[RunFigures], outputs: Outputs) -> int:
    """Say what runs came to, on the screen and in files; return the exit code."""
    from acquirer.load.report.judged_run import judge_run

    judged = [judge_run(one, outputs.thresholds) for one in runs]
    _write_files(judged, outputs)
    if outputs.as_json:
        _print_json(judged)
    elif len(judged) == 1:
        _print_run(judged[0])
    else:
        _print_comparison(judged)
    if not all(one.passed for one in judged):
        return Code.THRESHOLDS_MISSED
    limited = any(one.generator_limited for one in runs)
    return Code.GENERATOR_LIMIT if outputs.strict and limited else Code.OK


def _print_json(runs: Sequence[JudgedRun]) -> None:
    from acquirer.cli.json_output import print_object
    from acquirer.load.report.comparison import comparison_json

    print_object(runs[0].as_json() if len(runs) == 1 else comparison_json(runs))


def _print_run(one: JudgedRun) -> None:
    from acquirer.data.text import printable
    from acquirer.load.report.headline import run_summary

    for line in run_summary(one.figures):
        print(printable(line))
    for judged in one.judged:
        print(f"{'ok    ' if judged.held else 'MISSED'} {judged.threshold.written}: {judged.words}")


def _print_comparison(runs: Sequence[JudgedRun]) -> None:
    from acquirer.cli.tables import ALERT, Line, console, table
    from acquirer.data.text import printable
    from acquirer.load.report.comparison import figure_differences
    from acquirer.load.report.headline import LIMITED, remarks

    names = [printable(one.figures.run.name) for one in runs]
    grid = table("", f"{names[0]}>", *(column for name in names[1:] for column in (f"{name}>", "change>")))
    for one in figure_differences(runs):
        cells = [Line(one.words[0])]
        for words, change, better in zip(one.words[1:], one.changes, one.better, strict=True):
            cells += [Line(words), Line(change, {True: "green", False: ALERT, None: ""}[better])]
        grid.add_row(one.name, *cells)
    console().print(grid)
    for name, run in zip(names, runs, strict=True):
        for sentence in (*remarks(run.figures), *([LIMITED] if run.figures.generator_limited else [])):
            print(f"! {name}: {printable(sentence)}")
        for judged in run.judged:
            print(f"{'ok    ' if judged.held else 'MISSED'} {name}: {judged.threshold.written}: {judged.words}")


def _write_files(runs: Sequence[JudgedRun], outputs: Outputs) -> None:
    from acquirer.load.report.csv_files import write_bucket_rows, write_request_rows
    from acquirer.load.report.junit import thresholds_junit
    from acquirer.load.report.page import report_page

    if outputs.page:
        _write("--report", outputs.page, [report_page(runs).encode()])
    if outputs.junit:
        _write("--junit", outputs.junit, [thresholds_junit(runs)])
    for option, file, rows in (
        ("--csv", outputs.csv, write_bucket_rows),
        ("--csv-requests", outputs.requests_csv, write_request_rows),
    ):
        if file:
            with _naming(option, file), file.open("w", encoding="utf-8", newline="") as text:
                rows(text, runs)


def _write(option: str, file: Path, data: Iterable[bytes]) -> None:
    with _naming(option, file), file.open("wb") as stream:
        stream.writelines(data)


@contextmanager
def _naming(option: str, file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise Exit(Code.USAGE, f"{option} {file}: cannot be written ({(exc.strerror or str(exc)).lower()})") from None
