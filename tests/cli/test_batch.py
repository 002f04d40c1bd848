"""`acquirer batch` and `acquirer report` over a store that a host has written: what people and programs read."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from acquirer import cli
from acquirer.app.terminal import Terminal
from acquirer.cli.csv_output import safe_cell
from acquirer.cli.errors import Code
from acquirer.journey.miscounts import MISCOUNTS
from acquirer.testing import running_host
from tests.host.planted_causes import FAULTS, PLANTED, sell

TID = "10000161"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A batch that balances, one that does not (a voided sale is left out), and an open one."""
    folder: Path = tmp_path_factory.mktemp("batches")
    url = f"sqlite:///{folder / 'acquirer.db'}"
    with running_host(store=url) as host, Terminal(TID, host=host.address, state=folder / "state") as terminal:
        terminal.sale("12.34", entry="manual")
        assert terminal.settle().ok
        terminal.sale("5.00", "visa", entry="manual")
        terminal.sale("7.50", entry="manual")
        before = terminal.state.batch_books
        terminal.void()
        books = terminal.state.batch_books
        records = MISCOUNTS["voided_left_out"].change(before.records, books.records)
        terminal._core.machine.state = replace(terminal.state, batch_books=replace(books, records=records))
        assert terminal.settle().ok
        terminal.sale("1.00", entry="manual")
    return url


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = cli.run([*words])
    return code, capsys.readouterr().out


def test_batches_are_listed_settled_ones_and_the_open_one(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = run(capsys, "batch", "list", "--store", store)
    assert code == Code.OK
    rows = [line.split() for line in text.splitlines()[2:]]
    assert [row[1:4] for row in rows[:2]] == [["000001", "closed", "equal"], ["000002", "closed", "unequal"]]
    assert rows[2][:3] == [TID, "000003", "open"]
    documents = json.loads(run(capsys, "batch", "list", "--format", "json", "--store", store)[1])
    assert [one["host_debit"] for one in documents] == ["12.34", "12.50", "1.00"]
    assert documents[1]["host_foreign_debits"] == 1
    assert documents[1]["terminal_debits"] == 1


def test_one_batch_is_shown(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = run(capsys, "batch", "show", "--tid", TID, "--batch", "1", "--store", store)
    assert code == Code.OK
    assert text.startswith(f"Batch 000001 of terminal {TID}: closed, equal\n")
    document = json.loads(run(capsys, "batch", "show", "--tid", TID, "--json", "--store", store)[1])
    assert (document["batch"], document["end"], document["uploaded"]) == ("000002", "202", 2)


def test_the_report_names_the_cause_and_ends_with_1(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = run(capsys, "batch", "report", "--tid", TID, "--store", store)
    assert code == Code.EXPECTATION_FAILED
    assert text.endswith(
        "Likely causes:\n1. voided left out: sale STAN 000006 (7.50): voided, and left out of the terminal's debits; a "
        "voided sale stays counted, its void is a credit\n"
    )
    code, text = run(capsys, "batch", "report", "--tid", TID, "--format", "json", "--store", store)
    (cause,) = json.loads(text)["causes"]
    assert (cause["cause"], cause["transactions"][0]["stan"]) == ("voided_left_out", "000006")
    rows = list(
        csv.DictReader(
            io.StringIO(run(capsys, "batch", "report", "--tid", TID, "--format", "csv", "--store", store)[1])
        )
    )
    assert [(row["stan"], row["cause"]) for row in rows] == [("000006", "voided_left_out")]


@pytest.mark.slow
def test_each_cause_is_named_by_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A terminal for each: it counts wrong in one way, settles, and uploads what it counted."""
    url = f"sqlite:///{tmp_path / 'acquirer.db'}"
    causes = [one for one in PLANTED if one.by != "totals"]
    known = tmp_path / "terminals.toml"
    known.write_text(f"""[[terminal]]
tid = "{TID}..{int(TID) + len(causes)}"
mid = "880210010210162"
tmk = "258FB0AB70D025CDB99DF2C4D302D646"
""")
    with running_host(store=url, terminals=known, fault=FAULTS) as host:
        for number, planted in enumerate(causes):
            with Terminal(f"{int(TID) + number}", host=host.address, terminals=known, timeout_s=1) as terminal:
                sell(terminal, "7.50")
                planted.plant(terminal)
                sell(terminal, "93.10")
                assert terminal.settle().ok
    for number, planted in enumerate(causes):
        code, text = run(capsys, "batch", "report", "--tid", f"{int(TID) + number}", "--store", url)
        assert code == Code.EXPECTATION_FAILED
        assert f"1. {planted.cause.replace('_', ' ')}: {planted.why}" in text.partition("Likely causes:\n")[2]


def test_a_report_of_what_agrees_ends_with_0(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = run(capsys, "batch", "report", "--tid", TID, "--batch", "000001", "--store", store)
    assert (code, text.endswith("Terminal and host agree.\n")) == (Code.OK, True)


def test_a_batch_that_was_never_settled(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["batch", "show", "--tid", TID, "--batch", "9", "--store", store]) == Code.USAGE
    assert "no settlement of batch 9 of terminal 10000161; 'acquirer batch list' names those" in capsys.readouterr().err


@pytest.mark.parametrize("what", ["transactions", "signatures"])
def test_reports_have_one_set_of_rows_in_three_forms(what: str, store: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["report", what, "--tid", TID, "--store", store]
    documents = json.loads(run(capsys, *words, "--format", "json")[1])
    rows = list(csv.DictReader(io.StringIO(run(capsys, *words, "--format", "csv")[1])))
    table = run(capsys, *words)[1].splitlines()[2:]
    assert len(documents) == len(rows) == len(table) > 3
    assert [row["stan"] for row in rows] == [one["stan"] for one in documents]
    assert list(rows[0]) == list(documents[0])
    assert "4111111111111111" not in str(documents)


def test_another_format(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["report", "transactions", "--format", "xml"]) == Code.USAGE
    assert capsys.readouterr().err == "--format xml: use table, json or csv.\n"


@pytest.mark.parametrize(
    ("value", "cell"),
    [("=1+1", "'=1+1"), ("+86 10", "'+86 10"), ("@A1", "'@A1"), ("-1.50", "-1.50"), ("+5", "+5"), ("\tx", "'\tx"),
     ("-1+1", "'-1+1"), ("a=b", "a=b"), (None, ""), (False, "false")],
)  # fmt: skip
def test_no_cell_is_a_formula(value: object, cell: str) -> None:
    assert safe_cell(value) == cell
