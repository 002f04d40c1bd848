"""Files of cases with all that they name: dialects, options of our terminal, names that stand in two files."""

from __future__ import annotations

from pathlib import Path

import pytest

from acquirer.app.certification.prepare import prepare_cases
from acquirer.data.toml import DataError
from tests.app.certification.rehearsal import certify, failing

CASE = """
[[case]]
name = "sells"
title = "A sale is approved"
why = "Else there is no money."
source = "the shop"
{more}
[[case.step]]
name = "sale"
do = "Pay 1.00."
sale = "1.00"
arrives = {{ service = "sale", amount = "1.00" }}

[[case.step.expect]]
what = "one sale, approved"
verify = {{ service = "sale", reason = "approved", count = 1 }}
"""


def write(folder: Path, name: str, head: str = "", more: str = "") -> str:
    """Write a file of one case, and return its path."""
    path = folder / name
    path.write_text(head + CASE.format(more=more), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    "dialect", ["iso8583-1987-ascii", "iso8583-1993-bcd", "iso8583-1987-dukpt", "unionpay-pos-sm4"]
)
def test_cases_are_run_in_every_dialect_whose_terminals_are_described(dialect: str, tmp_path: Path) -> None:
    name = write(tmp_path, "mine.toml", f'[certification]\ndialect = "{dialect}"\n')
    report = certify(tmp_path, [name])
    assert failing(report) == {}
    assert report.dialect == dialect


def test_a_dialect_of_ones_own_lies_beside_the_cases(tmp_path: Path) -> None:
    (tmp_path / "shop.toml").write_text(
        'dialect = "shop"\ntitle = "shop"\nextends = "unionpay-pos"\n', encoding="utf-8"
    )
    name = write(tmp_path, "mine.toml", '[certification]\ndialect = "shop.toml"\n')
    assert certify(tmp_path, [name]).dialect == "shop"


@pytest.mark.parametrize(
    ("head", "more", "sentence"),
    [
        ("", "terminal = { sign_prts = 3 }", ":7: case[0].terminal.sign_prts: unknown key; did you mean 'sign_parts'?"),
        ("", 'terminal = { sign_upload = "now" }', ":7: case[0].terminal: there is no time 'now' to upload signatures"),
        ("", "terminal = { package = 3 }", ":7: case[0].terminal: there is no key package '3'"),
        ('[certification]\ndialect = "none"\n', "", "none: no dialect of this name"),
        ('[certification]\ndialect = "none.toml"\n', "", "/none.toml: cannot be read"),
    ],
)
def test_what_a_file_names_and_is_not_there_is_refused(head: str, more: str, sentence: str, tmp_path: Path) -> None:
    name = write(tmp_path, "mine.toml", head, more)
    with pytest.raises(DataError) as refused:
        prepare_cases([name])
    assert sentence in str(refused.value)


def test_no_two_cases_have_the_same_name(tmp_path: Path) -> None:
    first, second = write(tmp_path, "a.toml"), write(tmp_path, "b.toml")
    with pytest.raises(DataError) as refused:
        prepare_cases([first, second])
    assert str(refused.value) == f"{second}:2: case 'sells' stands in {first} too; no two have the same name"


def test_all_files_of_a_run_have_one_dialect(tmp_path: Path) -> None:
    first = write(tmp_path, "a.toml")
    second = write(tmp_path, "b.toml", '[certification]\ndialect = "iso8583-1987-ascii"\n')
    with pytest.raises(DataError) as refused:
        prepare_cases([first, second])
    assert "b.toml:2: certification.dialect: is another dialect than that of" in str(refused.value)
