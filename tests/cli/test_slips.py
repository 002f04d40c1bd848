"""Slips from the command line: found by what a customer knows, printed in trouble, backed up and checked."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from acquirer.app.terminal import Terminal
from acquirer.cli import run
from acquirer.testing import running_host

TID = "10000161"
Say = pytest.CaptureFixture[str]
Acquirer = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a host's store, the state of a terminal and three slips, two of them signed."""
    folder = tmp_path_factory.mktemp("shop")
    with running_host(store=f"sqlite:///{folder / 'host.db'}", clock="2025-03-10T12:00:00") as host:
        with Terminal(TID, host=host.address, state=folder, now=lambda: datetime(2025, 3, 10, 12)) as till:
            till.sale("12.34", sign="王小明", pin="123456")  # 000002
            till.sale("12.34", sign="Ann", card="visa")  # 000003
            till.sale("7.00")  # 000004
            till.upload()
        yield folder


@pytest.fixture
def acquirer(shop: Path, capsys: Say) -> Acquirer:
    """Run a command about the shop; returns its code, output and sentences."""

    def call(*words: str, store: str = "host.db") -> tuple[int, str, str]:
        where = ["--state", str(shop)] if words[0] == "terminal" else ["--store", f"sqlite:///{shop / store}"]
        code = run([*words, *where])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return call


@pytest.mark.parametrize(
    ("words", "stan"),
    [
        (["--amount", "7.00"], "000004"),
        (["--amount", "12.34", "--last4", "1232"], "000002"),
        (["--rrn", "000000000003", "--date", "0310"], "000003"),
        (["--mid", "880210010210162", "--date", "20250310", "--amount", "7"], "000004"),
        (["--tid", TID, "--stan", "2"], "000002"),
    ],
)
def test_a_slip_is_found_by_what_a_customer_knows(words: list[str], stan: str, acquirer: Acquirer) -> None:
    code, out, _ = acquirer("receipt", *words, "--lang", "zh")
    assert code == 0
    assert f"凭证号{stan:>26}" in out


def test_several_are_listed(acquirer: Acquirer) -> None:
    code, out, err = acquirer("receipt", "--amount", "12.34")
    assert (code, out.count("12.34"), "签购单" in out) == (2, 2, False)
    assert err == "2 transactions fit: say which with --tid, --stan, --batch, --date, --last4, --rrn.\n"
    code, out, _ = acquirer("receipt", "--date", "0310", "--json")
    assert [one["stan"] for one in json.loads(out)] == ["000002", "000003", "000004"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "Say which slip"),
        (["--amount", "9.99"], "no transaction with a slip that fits"),
        (["--amount", "x"], "--amount: 'x' is no amount"),
        (["--date", "10.3."], "write MMDD or YYYYMMDD"),
        (["--last4", "12"], "write the last four digits"),
        (["--amount", "7.00", "--columns", "40"], "paper has 32 or 48 columns"),
        (["--amount", "7.00", "--out", "slip.doc"], "slip.doc: a slip is written as .txt, .png, .html, .pdf, .escpos"),
        (["--amount", "7.00", "--out", "none/slip.txt"], "none/slip.txt: the slip cannot be written"),
    ],
)
def test_what_cannot_be_is_explained(words: list[str], sentence: str, acquirer: Acquirer) -> None:
    code, _, err = acquirer("receipt", *words)
    assert (code, sentence in err) == (2, True), err


def test_a_slip_is_written_in_every_form(acquirer: Acquirer, tmp_path: Path) -> None:
    names = ["slip.txt", "slip.png", "slip.html", "slip.pdf", "slip.escpos"]
    outs = [word for name in names for word in ("--out", str(tmp_path / name))]
    code, out, _ = acquirer("receipt", "--rrn", "000000000002", "--columns", "48", *outs)
    begins = {name: (tmp_path / name).read_bytes()[:15] for name in names}
    assert (code, (tmp_path / "slip.txt").read_text()) == (0, out)
    assert begins["slip.png"].startswith(b"\x89PNG")
    assert begins["slip.html"] == b"<!doctype html>"
    assert begins["slip.pdf"].startswith(b"%PDF-")
    assert begins["slip.escpos"].startswith(b"\x1b@\x1dv0")
    assert all((tmp_path / name).stat().st_mode & 0o077 == 0 for name in names)
    assert "font-face" in (tmp_path / "slip.html").read_text()


def test_a_printer_in_trouble(acquirer: Acquirer) -> None:
    code, out, err = acquirer("terminal", "receipt", "--stan", "000002", "--printer", "jam")
    assert (code, "重打印" in out, "the paper is jammed" in err) == (8, False, True)
    code, out, _ = acquirer(
        "terminal", "receipt", "--stan", "2", "--copy", "cardholder", "--copy", "bank", "--lang", "en"
    )
    assert (code, out.count("DUPLICATED 2"), "BANK COPY" in out) == (0, 2, True)
    code, _, err = acquirer("terminal", "receipt", "--printer", "power-cut")
    assert (code, "the power failed while a slip was printed" in err) == (8, True)
    code, out, _ = acquirer("terminal", "prints", "--json")
    found = [(one["stan"], one["copy"], one["reprint"], one["trouble"]) for one in json.loads(out)]
    assert found == [
        ("000002", "merchant", 1, "jam"),
        ("000002", "cardholder", 2, ""),
        ("000002", "bank", 2, ""),
    ]
    code, _, err = acquirer("terminal", "receipt", "--printer", "fire")
    assert (code, "a printer has no trouble 'fire'" in err) == (2, True)


def test_a_printer_in_trouble_is_one_that_prints(tmp_path: Path, capsys: Say) -> None:
    with running_host() as host:
        where = ["--state", str(tmp_path), "--host", host.address]
        assert run(["terminal", "sale", *where, "--amount", "3.00", "--printer", "no-paper"]) == 8
        assert run(["terminal", "receipt", "--state", str(tmp_path)]) == 0
        assert [one.state for one in host.transactions] == ["approved"]
    capsys.readouterr()


def test_a_form_that_is_not_installed_ends_a_command_before_anything_is_printed(
    acquirer: Acquirer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, module in (("slip.pdf", "reportlab.pdfgen.canvas"), ("slip.escpos", "escpos.printer")):
        with monkeypatch.context() as patched:
            patched.setitem(sys.modules, module, None)
            code, out, err = acquirer("terminal", "receipt", "--out", str(tmp_path / name))
        assert (code, out, "pip install 'acquirer[" in err) == (2, "", True)


def test_slips_are_backed_up_checked_and_brought_back(acquirer: Acquirer, shop: Path, tmp_path: Path) -> None:
    code, out, _ = acquirer("terminal", "slips", "export", "--out", str(tmp_path))
    assert (code, len(out.splitlines())) == (0, 3)
    assert acquirer("slips", "check", str(tmp_path)) == (0, "3 slips checked: OK\n", "")
    slip = tmp_path / f"{TID}-000001-000004.slip"
    slip.write_text(slip.read_text().replace('"amount_minor": 700', '"amount_minor": 70000'))
    code, out, err = acquirer("slips", "check", str(tmp_path))
    assert (code, out) == (1, "2 slips checked: 1 problem found\n")
    assert err == f"{slip.name} is not as it was exported: its facts were changed.\n"
    other = tmp_path / "other"
    words = ["slips", "import", str(tmp_path), "--tid", TID, "--state", str(other)]
    assert run(["terminal", *words]) == 5
    assert run(["terminal", "receipt", "--stan", "000003", "--tid", TID, "--state", str(other)]) == 2
    assert run(["terminal", "slips", "list", "--tid", TID, "--state", str(other), "--json"]) == 0


def test_the_hosts_slips_are_those_of_the_terminal(acquirer: Acquirer, tmp_path: Path) -> None:
    code, out, _ = acquirer("slips", "export", "--out", str(tmp_path))
    assert (code, len(out.splitlines())) == (0, 3)
    assert acquirer("slips", "check", str(tmp_path))[0] == 0
    assert acquirer("slips", "check", str(tmp_path / "none"))[0] == 2


def test_a_host_that_lost_its_signatures_gets_them_from_the_terminal(
    acquirer: Acquirer, shop: Path, tmp_path: Path, capsys: Say
) -> None:
    acquirer("terminal", "slips", "export", "--out", str(tmp_path))
    url = f"sqlite:///{tmp_path / 'fresh.db'}"
    with running_host(store=url):
        pass
    assert run(["signatures", "import", str(tmp_path), "--store", url]) == 0
    assert capsys.readouterr().out == "2 imported, 0 known already, 0 not imported\n"
    assert run(["slips", "check", str(tmp_path), "--store", url]) == 1
    assert "it is not in the books" in capsys.readouterr().err


def test_the_report_of_a_reversal_that_did_not_succeed(tmp_path: Path, capsys: Say) -> None:
    words = ["terminal", "fault-report", "--tid", TID, "--state", str(tmp_path), "--lang", "en"]
    with running_host(fault=["silent:service=sale", "silent:service=reversal"]) as host:
        with Terminal(TID, host=host.address, state=tmp_path, timeout_s=0.3) as till:
            till.sign_on()
            assert run(words) == 2  # another process plays it
            till.sale("12.34")
        capsys.readouterr()
        assert run(words) == 0
        shown = capsys.readouterr().out
    assert "***FAULT REPORT, NO RECEIPT***" in shown
    assert f"VOUCHER NO{'000002':>22}" in shown
    assert "NOT REVERSED: TO BE SETTLED BY" in shown
    assert "12.34" in shown
    assert run([*words[:4], "--state", str(tmp_path / "none")]) == 2
    assert "no reversal is owed" in capsys.readouterr().err
