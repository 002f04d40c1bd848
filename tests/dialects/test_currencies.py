"""Currencies without two decimals: what a person enters and reads at a terminal, and what travels."""

from __future__ import annotations

from pathlib import Path

import pytest

from acquirer.app.terminal import Terminal
from acquirer.cli import run
from acquirer.dialect.amounts import decimals_of
from acquirer.settings.specs import load_dialect
from acquirer.slip.receipt import render_receipt
from acquirer.testing import running_host

CURRENCIES = {  # numeric code, letters → what a person enters, minor units, how it is shown
    ("392", "JPY"): ("1234", 1234, "1234"),
    ("414", "KWD"): ("1.234", 1234, "1.234"),
    ("156", "CNY"): ("12.34", 1234, "12.34"),
}


@pytest.fixture(params=CURRENCIES, ids=[letters for _, letters in CURRENCIES])
def currency(request: pytest.FixtureRequest) -> tuple[str, str]:
    return request.param


@pytest.fixture
def dialect(currency: tuple[str, str], tmp_path: Path) -> str:
    """A dialect of this currency: UnionPay's in all else."""
    numeric, letters = currency
    path = tmp_path / "mine.toml"
    path.write_text(
        f'dialect = "mine"\nextends = "unionpay-pos"\ntitle = "mine"\n[constants]\ncurrency = "{numeric}"\n'
        f'[terminal.slip]\ncurrency = "{letters}"\n',
        encoding="utf-8",
    )
    return str(path)


def test_a_sale_is_entered_and_shown_in_the_places_of_its_currency(
    dialect: str, currency: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    entered, minor, shown = CURRENCIES[currency]
    with running_host(dialect=dialect) as host:
        with Terminal("10000161", host=host.address, dialect=dialect) as terminal:
            sold = terminal.sale(entered)
            assert sold.code == "00"
            assert sold.receipt is not None
            assert (sold.receipt.amount_minor, decimals_of(load_dialect(dialect))) == (
                minor,
                len(shown.partition(".")[2]),
            )
            assert f"{currency[1]} {shown}" in render_receipt(sold.receipt)
            assert terminal.reverse().reversal == "done"
        assert [one.amount_minor for one in host.transactions] == [minor]
        options = [
            "--host",
            host.address,
            "--dialect",
            dialect,
            "--tid",
            "10000161",
            "--state",
            str(Path(dialect).parent),
        ]
        assert run(["terminal", "sale", "--amount", entered, *options]) == 0
        assert f" {shown} 621234******1232" in capsys.readouterr().out


def test_more_decimals_than_a_currency_has_are_refused(dialect: str, currency: tuple[str, str]) -> None:
    _, _, shown = CURRENCIES[currency]
    terminal = Terminal("10000161", host="127.0.0.1:1", dialect=dialect)
    with terminal, pytest.raises(ValueError, match=f"is no amount; write it like {shown}"):
        terminal.sale(f"{shown}.5" if "." not in shown else f"{shown}5")
