"""Figures as CSV (RFC 4180), for spreadsheets: pieces of time, or request by request.

1. A row is a piece of time, or a request; the first row has the names. Times are in milliseconds, moments in seconds
   since the beginning of the run.
2. Text that a spreadsheet would take for a formula begins with an apostrophe.
3. Each row says whether the generator was the limit.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TextIO

from acquirer.load.record_columns import code_text
from acquirer.load.records import NO_TERMINAL, RequestOutcome
from acquirer.load.report.judged_run import JudgedRun
from acquirer.load.time_buckets import TimeBucket

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")

BUCKET_COLUMNS: Final = (
    "run", "begin_s", "length_s", "offered", "done", "approved", "errors", "open",
    "p50_ms", "p90_ms", "p99_ms", "max_ms", "late_p99_ms", "late_max_ms",
    *(outcome.word.replace("-", "_") for outcome in RequestOutcome if outcome is not RequestOutcome.APPROVED),
    "codes", "generator_limited",
)  # fmt: skip

REQUEST_COLUMNS: Final = (
    "run", "intended_s", "late_ms", "connected_ms", "service_ms", "latency_ms", "terminal", "phase", "service",
    "outcome", "code", "generator_limited",
)  # fmt: skip


def write_bucket_rows(file: TextIO, runs: Sequence[JudgedRun]) -> None:
    """Write a row for each piece of time."""
    _write(file, BUCKET_COLUMNS, (row for one in runs for row in _bucket_rows(one)))


def write_request_rows(file: TextIO, runs: Sequence[JudgedRun]) -> None:
    """Write a row for each request, in no particular order."""
    _write(file, REQUEST_COLUMNS, (row for one in runs for row in _request_rows(one)))


def cell(text: str) -> str:
    """Return text that no spreadsheet takes for a formula.

    >>> cell("=1+1"), cell("00")
    ("'=1+1", '00')
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def _write(file: TextIO, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows(rows)


def _bucket_rows(one: JudgedRun) -> Iterator[list[object]]:
    limited = _truth(one.figures.generator_limited)
    for bucket in one.figures.buckets:
        yield [
            cell(one.figures.run.name),
            f"{bucket.begin_s:g}",
            f"{bucket.length_s:g}",
            bucket.offered,
            bucket.done,
            bucket.approved,
            sum(bucket.errors.values()),
            bucket.open,
            *_times(bucket),
            *(bucket.errors.get(outcome, 0) for outcome in RequestOutcome if outcome is not RequestOutcome.APPROVED),
            cell(" ".join(f"{code}×{n}" for code, n in sorted(bucket.codes.items()))),
            limited,
        ]


def _times(bucket: TimeBucket) -> list[object]:
    """Return the times of what was due in a piece; nothing where nothing was begun."""
    latency, lateness = bucket.latency, bucket.lateness
    if latency is None or lateness is None:
        return [""] * 6
    return [time.ms for time in (latency.p50, latency.p90, latency.p99, latency.most, lateness.p99, lateness.most)]


def _request_rows(one: JudgedRun) -> Iterator[list[object]]:
    run, columns = one.figures.run, one.figures.run.columns
    name, limited = cell(run.name), _truth(one.figures.generator_limited)
    phases = [cell(str(phase["name"])) for phase in run.phases]
    services = [cell(service) for service in run.services]
    codes = {number: cell(code_text(number)) for number in set(columns.code)}
    outcomes = [outcome.word for outcome in RequestOutcome]
    for intended_us, late_us, connected_us, done_us, terminal, code, service, outcome, phase in zip(
        columns.intended_us, columns.late_us, columns.connected_us, columns.done_us, columns.terminal, columns.code,
        columns.service, columns.outcome, columns.phase, strict=True,
    ):  # fmt: skip
        yield [
            name,
            intended_us / 1_000_000,
            late_us / 1000,
            connected_us / 1000,
            done_us / 1000,
            (late_us + done_us) / 1000,
            "" if terminal == NO_TERMINAL else terminal,
            phases[phase],
            services[service],
            outcomes[outcome],
            codes[code],
            limited,
        ]


def _truth(value: bool) -> str:
    return "true" if value else "false"
