"""Figures as CSV, read back by Python's reader."""

from __future__ import annotations

import csv
import io

import pytest

from acquirer.load.records import NO_TERMINAL, RequestOutcome
from acquirer.load.report.csv_files import BUCKET_COLUMNS, REQUEST_COLUMNS, write_bucket_rows, write_request_rows
from tests.load.recorded import drawn_records, record
from tests.load.report.conftest import MakeRun

FORMULA = "=cmd|' /C calc'!A0"


def rows(text: str) -> list[dict[str, str]]:
    assert text.replace("\r\n", "").count("\n") == 0, "each line ends as RFC 4180 has it"
    return list(csv.DictReader(io.StringIO(text)))


def test_a_row_for_each_piece_of_time(judged: MakeRun) -> None:
    one, two = judged(drawn_records(300, 1_000_000), name="one"), judged([record()], name="two")
    file = io.StringIO()
    write_bucket_rows(file, [one, two])
    found = rows(file.getvalue())
    assert tuple(found[0]) == BUCKET_COLUMNS
    assert [row["run"] for row in found] == ["one"] * len(one.figures.buckets) + ["two"]
    assert sum(int(row["done"]) for row in found) == 301
    assert sum(int(row["declined"]) for row in found) == sum(int(row["errors"]) for row in found)
    assert found[1]["begin_s"] == "0.1"
    last = found[-2]
    assert (last["offered"], last["p50_ms"]) == ("0", ""), "where nothing was due there are no times"
    assert found[-1]["codes"] == "00×1"


def test_a_row_for_each_request(judged: MakeRun) -> None:
    records = [
        record(2_000, 30_000, intended_us=1_500_000, terminal=7, service=1),
        record(0, 0, RequestOutcome.NO_TERMINAL_FREE, terminal=NO_TERMINAL),
    ]
    file = io.StringIO()
    write_request_rows(file, [judged(records)])
    found = rows(file.getvalue())
    assert tuple(found[0]) == REQUEST_COLUMNS
    assert found[0] == {
        "run": "a run", "intended_s": "1.5", "late_ms": "2.0", "connected_ms": "0.01", "service_ms": "30.0",
        "latency_ms": "32.0", "terminal": "7", "phase": "burst", "service": "sale", "outcome": "approved",
        "code": "00", "generator_limited": "true",
    }  # fmt: skip
    assert (found[1]["terminal"], found[1]["outcome"]) == ("", "no-terminal-free")


@pytest.mark.parametrize("first", ["=", "+", "-", "@"])
def test_no_text_becomes_a_formula(judged: MakeRun, first: str) -> None:
    formula = first + FORMULA[1:]
    one = judged(
        [record()._replace(code=formula[:4].encode())],
        name=formula,
        services=[formula, "sale"],
        phases=[{"name": formula, "kind": "burst", "begin_s": 0, "length_s": 1}],
    )
    for write in (write_bucket_rows, write_request_rows):
        file = io.StringIO()
        write(file, [one])
        for row in rows(file.getvalue()):
            assert [cell for cell in row.values() if cell.startswith(("=", "+", "-", "@"))] == []
            assert row["run"] == f"'{formula}"
