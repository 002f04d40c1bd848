"""Working keys wherever an acquirer has them, in any form: blocks with check values, or TR-31 key blocks."""

from __future__ import annotations

from pathlib import Path

import pytest

from acquirer.app.terminal import Terminal
from acquirer.data.toml import DataError
from acquirer.dialect.suite import Suite
from acquirer.security.tr31 import open_key_block
from acquirer.settings.specs import load_dialect
from acquirer.settings.terminals import demo_terminals
from acquirer.terminal.exchange import Outcome
from acquirer.testing import running_host

TID = "10000161"
TMK = next(one.tmk for one in demo_terminals() if one.tid == TID)

HEAD = 'dialect = "mine"\ntitle = "mine"\nextends = "{parent}"\n'
BLOCKS = (
    '[[security.packages]]\nselector = ["{selectors}"]\ncipher = "3des"\nkeys = ["pik 16", "mak 16"]\nwrap = "{wrap}"\n'
)

PLAIN, TR31_B, TR31_D = "", "tr31-b", "tr31-d"

WAYS = {
    "1987 ascii, DE 48": ("iso8583-1987-ascii", "48", PLAIN),
    "1987 ascii, DE 125": ("iso8583-1987-ascii", "125", PLAIN),
    "1987 binary, DE 62": ("iso8583-1987-binary", "62", PLAIN),
    "1993 ascii, DE 53": ("iso8583-1993-ascii", "53", PLAIN),
    "1993 bcd, DE 96": ("iso8583-1993-bcd", "96", PLAIN),
    "1987 ascii, DE 48, TR-31 B": ("iso8583-1987-ascii", "48", TR31_B),
    "1987 ebcdic, DE 125, TR-31 B": ("iso8583-1987-ebcdic", "125", TR31_B),
    "1987 binary, DE 48, TR-31 D": ("iso8583-1987-binary", "48", TR31_D),
    "1993 ascii, DE 96, TR-31 B": ("iso8583-1993-ascii", "96", TR31_B),
}


def write(folder: Path, parent: str, de: str, wrap: str, more: str = "") -> str:
    """A dialect that has its keys in `de`, wrapped like that; gives its file's name."""
    selectors = '", "'.join(load_dialect(parent).security.packages)
    text = HEAD.format(parent=parent) + f'[elements]\nkeys = "{de}"\n' + more
    file = folder / "mine.toml"
    file.write_text(text + (BLOCKS.format(selectors=selectors, wrap=wrap) if wrap else ""), encoding="utf-8")
    return str(file)


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_keys_at_sign_on_and_by_key_change(way: str, tmp_path: Path) -> None:
    parent, de, wrap = WAYS[way]
    name = write(tmp_path, parent, de, wrap)
    with running_host(dialect=name, timezone="UTC") as host, Terminal(TID, host=host.address, dialect=name) as terminal:
        result = terminal.sign_on()
        assert result.outcome is Outcome.APPROVED, result.exchange
        assert int(de) in result.exchange.reply.fields
        assert terminal.key_change().outcome is Outcome.APPROVED
        kcvs = terminal.state.keys.kcvs
        assert kcvs in host.journal.find(service="key_change").why
        assert terminal.sale("12.34", pin="123456").outcome is Outcome.APPROVED


def test_a_key_block_says_what_its_key_is_for(tmp_path: Path) -> None:
    name = write(tmp_path, "iso8583-1987-ascii", "48", TR31_B)
    with running_host(dialect=name) as host, Terminal(TID, host=host.address, dialect=name) as terminal:
        text = str(terminal.sign_on().exchange.reply.fields[48])
        keys = terminal.state.keys
    size = int(text[1:5])
    assert TMK is not None
    pin, mac = open_key_block(TMK, text[:size]), open_key_block(TMK, text[size:])
    assert (pin.header.usage, pin.header.mode, pin.key) == ("P0", "E", keys.pik)
    assert (mac.header.usage, mac.header.mode, mac.key) == ("M3", "C", keys.mak)


def test_another_master_key_is_noticed(tmp_path: Path) -> None:
    for wrap, detail in (
        (PLAIN, "PIK KCV differs: the package says "),
        (TR31_B, "the key block's MAC differs: it was altered, or made under another key than the one with KCV "),
    ):
        name = write(tmp_path, "iso8583-1987-ascii", "48", wrap)
        with running_host(dialect=name) as host:
            tmk = "0123456789ABCDEFFEDCBA9876543210"
            with Terminal(TID, host=host.address, dialect=name, mid="880210010210162", tmk=tmk) as terminal:
                result = terminal.sign_on()
                assert (result.outcome, terminal.state.keys) == (Outcome.KEYS_DIFFER, None)
                assert result.exchange.detail.startswith(detail)


def test_a_sign_on_may_hand_out_no_keys_at_all(tmp_path: Path) -> None:
    """They come by key change only, and the sign-on before the first sale fetches none."""
    more = '[routes.sign_on.reply]\nmake = ["time", "date", "code"]\n'
    name = write(tmp_path, "iso8583-1987-ascii", "48", PLAIN, more)
    with running_host(dialect=name) as host, Terminal(TID, host=host.address, dialect=name) as terminal:
        assert terminal.sign_on().outcome is Outcome.APPROVED
        assert terminal.state.keys is None
        assert host.journal.find(service="sign_on").why.startswith("signed on; sign-on 1 of ")
        assert terminal.key_change().outcome is Outcome.APPROVED
        assert [one.service for one in terminal.sale("1.00", pin="123456").exchanges] == ["sale"]


def test_a_key_change_begins_no_day(tmp_path: Path) -> None:
    name = "iso8583-1987-ascii"
    with running_host(dialect=name) as host, Terminal(TID, host=host.address, dialect=name) as terminal:
        assert terminal.key_change().outcome is Outcome.APPROVED
        _, session = host.terminals[TID]
        assert (session.signed_on_us, session.current.number) == (0, 1)
        assert [one.service for one in terminal.sale("1.00").exchanges] == ["sign_on", "sale"]


def test_a_key_change_may_need_a_mac(tmp_path: Path) -> None:
    """Then it is proved by the old keys, and answered under them; without keys it is refused."""
    more = '[routes.key_change]\nmac = "both"\nreply.make = ["code", "keys", "mac"]\n'
    name = write(tmp_path, "iso8583-1987-ascii", "48", PLAIN, more)
    with running_host(dialect=name) as host, Terminal(TID, host=host.address, dialect=name) as terminal:
        refused = terminal.key_change()
        assert (refused.outcome, refused.code) == (Outcome.DECLINED, "80")
        terminal.sign_on()
        before = terminal.state.keys
        assert before is not None
        changed = terminal.key_change()
        assert changed.outcome is Outcome.APPROVED
        reply = changed.exchange.reply
        assert reply is not None
        assert Suite(load_dialect(name)).verify_message(before, reply)
        assert terminal.sale("1.00").outcome is Outcome.APPROVED


def test_without_macs_keys_and_sign_on(tmp_path: Path) -> None:
    """What many hosts are like while they are being written: a sale, a reversal, and nothing else."""
    name = str(tmp_path / "bare.toml")
    (tmp_path / "bare.toml").write_text(
        'dialect = "bare"\ntitle = "bare"\nextends = "iso8583-1987-ascii"\n'
        "[elements]\nkeys = false\nmac = false\nmac_secondary = false\n"
        '[security]\nmac = ""\npackages = []\n'
        "[routes]\nsign_on = false\nsign_off = false\nkey_change = false\n"
        '[routes.sale]\nmac = "none"\nreply.make = ["rrn", "auth_id", "code"]\n'
        '[routes.reversal]\nmac = "none"\nreply.make = ["code"]\n'
        '[terminal]\npackage = ""\nsign_on_again = []\n',
        encoding="utf-8",
    )
    with running_host(dialect=name) as host, Terminal(TID, host=host.address, dialect=name) as terminal:
        assert terminal.echo().outcome is Outcome.APPROVED
        assert [one.service for one in terminal.sale("1.00").exchanges] == ["sale"]
        assert terminal.reverse().reversal == "done"
        assert [one.state for one in host.transactions] == ["reversed"]
        with pytest.raises(ValueError, match="given none: bare hands out no keys; leave the PIN away"):
            terminal.sale("1.00", pin="123456")
        with pytest.raises(LookupError, match="bare knows no service 'sign_on'"):
            terminal.sign_on()


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ('[security]\nmac = ""\n', "mac: security.mac names no algorithm; known: cmac"),
        ('[security]\ntrack = "tdb"\n', "security.track: 'tdb' is not known"),
        ("[elements]\nmac = false\n", "routes.sale.reply.make: unknown element 'mac'"),
        (
            BLOCKS.format(selectors="001", wrap="tr31-b").replace('"3des"', '"sm4"'),
            "security.packages[0]: key blocks (TR-31) hold no SM4 keys",
        ),
        (BLOCKS.format(selectors="001", wrap="tr31-b") + "kcv_bytes = 3\n", "is not for key blocks"),
        (BLOCKS.format(selectors="001", wrap="tr31-c"), "unknown value 'tr31-c'; did you mean 'tr31-"),
        ('[numbering]\nwithin = "bacth"\n', "numbering.within: unknown element 'bacth'"),
        ('[routes.sale]\ncodes = { approved = "0" }\n', "routes.sale.codes.approved: unknown code '0'"),
    ],
)
def test_what_cannot_be_is_reported_with_its_line(more: str, problem: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(HEAD.format(parent="iso8583-1987-ascii") + more, encoding="utf-8")
    with pytest.raises(DataError) as error:
        Suite(load_dialect(str(file)))
    assert problem in str(error.value)
    assert error.value.line
