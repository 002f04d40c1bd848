"""A card number of twelve digits, the shortest there is: swiped, keyed and with a PIN, in every family of dialects."""

from __future__ import annotations

from pathlib import Path

import pytest

from acquirer.app.terminal import Terminal
from acquirer.terminal.card import card
from acquirer.terminal.exchange import Outcome
from acquirer.testing import running_host

SHORT = "501800000009"  # a published test number of Maestro
TERMINALS = {
    "unionpay-pos": "10000161",
    "unionpay-pos-sm4": "10000164",
    "iso8583-1987-ascii": "10000161",
    "iso8583-1987-binary": "10000161",
    "iso8583-1987-dukpt": "10000161",
    "iso8583-1993-bcd": "10000161",
}


@pytest.mark.parametrize("name", TERMINALS)
def test_a_card_number_of_twelve_digits(name: str, tmp_path: Path) -> None:
    cards = tmp_path / "cards.toml"
    cards.write_text(f'[[card]]\nname = "short"\npan = "{SHORT}"\nexpiry = "3012"\npin = "1234"\n', "utf-8")
    with (
        running_host(dialect=name, cards=str(cards), timezone="UTC") as host,
        Terminal(TERMINALS[name], host=host.address, dialect=name) as terminal,
    ):
        for entry in ("magstripe", "manual", "chip"):
            assert terminal.sale("1.00", card(SHORT, "3012"), entry=entry).outcome is Outcome.APPROVED
            assert host.journal.list()[-1].why == "approved on card 'short' 50180***0009"
        assert terminal.sale("2.00", card(SHORT, "3012", pin="1234"), entry="magstripe").outcome is Outcome.APPROVED
        assert terminal.sale("3.00", card(SHORT, "3012", pin="4321"), entry="magstripe").outcome is Outcome.DECLINED
        assert "has another PIN: the block opened well, to 4 digits" in host.journal.list()[-1].why
        assert SHORT not in repr(host.journal.list())
        assert {one.pan_masked for one in host.transactions} == {"50180***0009"}


def test_it_is_known_to_be_published_and_another_of_its_bin_is_not() -> None:
    with running_host() as host, Terminal("10000161", host=host.address) as terminal:
        for pan, noted in ((SHORT, False), ("501800000017", True)):
            assert terminal.sale("1.00", card(pan, "3012"), entry="magstripe").outcome is Outcome.APPROVED
            assert any(note.startswith("no-test-bin") for note in host.journal.list()[-1].notes) is noted
