"""Host and terminal speak through every framing, in a dialect that says nothing but how frames are cut."""

from __future__ import annotations

from pathlib import Path

import pytest

from acquirer.app.terminal import Terminal
from acquirer.testing import running_host

FRAMINGS = {
    "binary2 that counts itself": "includes_itself = true",
    "binary4": 'length = "binary4"',
    "bcd2": 'length = "bcd2"',
    "ascii4": 'length = "ascii4"',
    "hex4": 'length = "hex4"',
    "ebcdic4 that counts itself": 'length = "ebcdic4"\nincludes_itself = true',
    "zeros behind the length": 'filler = "0000"',
    "STX and ETX": 'length = "bcd2"\nstart = "02"\nend = "03"',
    "an ETX that is counted": 'end = "03"\nincludes_end = true',
}


def dialect(path: Path, extends: str, framing: str) -> str:
    file = path / "mine.toml"
    file.write_text(
        f'dialect = "mine"\nextends = "{extends}"\nsamples = false\n[framing]\n{framing}\n', encoding="utf-8"
    )
    return str(file)


def conversation(mine: str) -> None:
    with running_host(dialect=mine) as host, Terminal("10000161", host=host.address, dialect=mine) as terminal:
        assert terminal.sign_on().code == "00"
        assert terminal.sale("12.34", "standard", entry="magstripe").code == "00"
        assert terminal.echo().code == "00"
        assert {entry.reason for entry in host.journal.list()} == {"approved"}


@pytest.mark.slow
@pytest.mark.parametrize("framing", FRAMINGS.values(), ids=list(FRAMINGS))
def test_a_sale_through_any_framing(framing: str, tmp_path: Path) -> None:
    conversation(dialect(tmp_path, "unionpay-pos", framing))


@pytest.mark.parametrize("start", ["", "02"])
def test_a_sale_without_lengths(start: str, tmp_path: Path) -> None:
    conversation(
        dialect(tmp_path, "iso8583-1987-ascii", f'length = "none"\nstart = "{start}"\nend = "03"\nlimit_bytes = 8192')
    )


def test_a_terminal_in_another_framing_reads_from_the_host_what_it_does(tmp_path: Path) -> None:
    mine = dialect(tmp_path, "unionpay-pos", 'length = "ascii4"')
    with running_host() as host, Terminal("10000161", host=host.address, dialect=mine) as terminal:
        assert terminal.sign_on().code == ""
        entry = host.journal.wait(reason="too-long")
    assert entry.why.endswith(
        "a good message stands behind a 4-digit ASCII length (88), "
        'which a dialect writes as [framing] length = "ascii4"; '
        "unionpay-pos on this port has a 2-byte length; send that, or change [framing] in the dialect"
    )
