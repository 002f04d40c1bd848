"""Keys of their own for every message (DUKPT), end to end: our terminal, our host, TCP between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acquirer import cli
from acquirer.app.terminal import Terminal
from acquirer.cli.errors import Code
from acquirer.data.toml import DataError
from acquirer.model.rows import Session, TerminalConfig, Transaction
from acquirer.terminal.exchange import Outcome
from acquirer.testing import RunningHost, running_host

TID, MID = "10000161", "880210010210162"
BDK = "0123456789ABCDEFFEDCBA9876543210"
DIALECTS = ["iso8583-1987-dukpt", "iso8583-1987-dukpt-aes"]


class SpokenHost:
    """A running host, and the one dialect that it speaks."""

    def __init__(self, running: RunningHost, dialect: str) -> None:
        self.running, self.dialect = running, dialect
        self.address, self.journal = running.address, running.journal

    @property
    def transactions(self) -> list[Transaction]:
        return self.running.transactions

    @property
    def terminals(self) -> dict[str, tuple[TerminalConfig, Session]]:
        return self.running.terminals


@pytest.fixture(params=DIALECTS)
def host(request: pytest.FixtureRequest) -> Iterator[SpokenHost]:
    """A host that derives keys; its `dialect` is noted beside it."""
    with running_host(dialect=request.param, timezone="UTC", fault=["silent:service=sale,amount=66.66"]) as running:
        yield SpokenHost(running, request.param)


def pos(host: SpokenHost, state: Path, **more: Any) -> Terminal:
    return Terminal(TID, host=host.address, dialect=host.dialect, state=state, **more)


def counter(terminal: Terminal) -> int:
    """Of the key that the next message uses."""
    device = terminal.state.device
    return device.dukpt.counter(device.ksn)


def test_a_day_without_a_sign_on(host: SpokenHost, tmp_path: Path) -> None:
    with pos(host, tmp_path) as terminal:
        assert terminal.echo().code == "00"
        assert counter(terminal) == 1  # what has no MAC uses up no key
        sold = terminal.sale("12.34", "standard", pin="123456")
        assert (sold.outcome, sold.code, len(sold.exchanges)) == (Outcome.APPROVED, "00", 1)
        assert terminal.sale("12.34", "standard", pin="654321").code == "55"
        assert terminal.sale("5.00", "standard", entry="magstripe").code == "00"
        assert terminal.reverse().reversal == "done"
        assert counter(terminal) == 5
    states = [(one.state, one.generation) for one in host.transactions]
    assert states == [("approved", 1), ("declined", 2), ("reversed", 3)]
    assert all(not config.tmk_kcv or config.bdk_kcv for config, _ in host.terminals.values() if config.tid == TID)


@pytest.mark.slow
def test_an_unanswered_sale_and_its_reversal_have_two_keys(host: SpokenHost, tmp_path: Path) -> None:
    with pos(host, tmp_path, timeout_s=2.0) as terminal:
        result = terminal.sale("66.66", "standard", pin="123456")
        assert (result.outcome, result.reversal) == (Outcome.NO_ANSWER, "done")
        assert counter(terminal) == 3
    assert [one.state for one in host.transactions] == ["reversed"]


def test_a_terminal_counts_on_where_it_was(host: SpokenHost, tmp_path: Path) -> None:
    for number in range(1, 4):
        with pos(host, tmp_path) as terminal:
            assert counter(terminal) == number
            assert terminal.sale("1.00").code == "00"
    assert [one.generation for one in host.transactions] == [1, 2, 3]


def test_another_bdk_is_another_device_and_the_host_says_so(host: SpokenHost, tmp_path: Path) -> None:
    with pos(host, tmp_path) as terminal:
        assert terminal.sale("1.00").code == "00"
    with pos(host, tmp_path, bdk="00112233445566778899AABBCCDDEEFF") as terminal:
        assert counter(terminal) == 1
        refused = terminal.sale("1.00")
        assert (refused.outcome, refused.code) == (Outcome.DECLINED, "63")
    why = host.journal.wait(reason="mac_differs").why
    assert "under the host's BDK this KSN has an initial key with KCV" in why


def test_a_ksn_of_ones_own(host: SpokenHost, tmp_path: Path) -> None:
    size = 10 if host.dialect == DIALECTS[0] else 12
    ksn = "FFFF9876543210E0".ljust(2 * size, "0")
    with pos(host, tmp_path, ksn=ksn) as terminal:
        assert terminal.state.device.ksn.hex().upper() == f"{ksn[:-1]}1"
        assert terminal.sale("1.00", pin="123456").code == "00"


def test_a_terminal_that_has_used_up_its_keys_sells_nothing(host: SpokenHost) -> None:
    with Terminal(TID, host=host.address, dialect=host.dialect) as terminal:
        machine = terminal._core.machine
        device = machine.state.device
        assert device is not None
        dukpt = device.dukpt
        machine.state = replace(machine.state, device=replace(device, ksn=dukpt.ksn(bytes(dukpt.ksn_bytes), 0)))
        with pytest.raises(ValueError, match=r"not sold: .* has used up its keys: it needs a new initial key"):
            terminal.sale("1.00")
    assert host.transactions == []


def test_the_host_opens_its_bdk_again_after_a_restart(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/shop.db"
    for _ in range(2):
        with (
            running_host(dialect=DIALECTS[0], store=store) as host,
            Terminal(TID, host=host.address, dialect=DIALECTS[0], state=tmp_path / "pos") as terminal,
        ):
            assert terminal.sale("1.00").code == "00"
    assert bytes.fromhex(BDK) not in (tmp_path / "shop.db").read_bytes()


def test_two_dialects_of_one_host_and_one_terminal(tmp_path: Path) -> None:
    """The keys of a sign-on and those of a KSN live side by side."""
    with running_host(listen=["127.0.0.1:0=unionpay-pos", f"127.0.0.1:0={DIALECTS[1]}"]) as host:
        for address, dialect in zip(host.addresses, ("unionpay-pos", DIALECTS[1]), strict=True):
            for _ in range(2):
                with Terminal(TID, host=address, dialect=dialect, state=tmp_path / dialect) as terminal:
                    assert terminal.sale("1.00", pin="123456").code == "00"


def test_the_command_line_needs_no_more_than_the_dialect(
    host: SpokenHost, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--host", host.address, "--dialect", host.dialect, "--state", str(tmp_path)]
    assert cli.run(["terminal", "sale", "--amount", "12.34", *words, "--pin", "123456", "--expect", "39=00"]) == Code.OK
    assert cli.run(["terminal", "reverse", *words, "--expect", "39=00"]) == Code.OK
    assert "approved" in capsys.readouterr().out.lower()


def test_a_terminal_without_the_key_that_its_dialect_needs(host: SpokenHost) -> None:
    with pytest.raises(DataError, match=f"terminal 10000162 cannot speak {host.dialect}, which derives the keys"):
        Terminal("10000162", host=host.address, dialect=host.dialect)


def test_a_sign_on_that_brings_no_keys_opens_the_day_all_the_same(tmp_path: Path) -> None:
    dialect = tmp_path / "shop.toml"
    dialect.write_text(
        'dialect = "shop"\nextends = "iso8583-1987-dukpt"\ntitle = "shop"\n'
        '[routes.sign_on]\ntitle = "sign-on"\nmti = "0800"\nwhen = { function = "001" }\n'
        'mandatory = ["sent", "stan", "tid", "mid"]\nreply = { echo = [7, 11, 41, 42, 70], make = ["code"] }\n'
    )
    with (
        running_host(dialect=str(dialect)) as host,
        Terminal(TID, host=host.address, dialect=str(dialect), state=tmp_path / "pos") as terminal,
    ):
        sold = terminal.sale("1.00", pin="123456")
        assert [(one.service, one.code) for one in sold.exchanges] == [("sign_on", "00"), ("sale", "00")]
        assert [one.service for one in terminal.sale("2.00").exchanges] == ["sale"]
        assert counter(terminal) == 3
