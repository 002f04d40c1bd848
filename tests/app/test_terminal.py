"""The terminal against our own host over real TCP, blocking and asyncio."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from acquirer.app.terminal import AsyncTerminal, Terminal
from acquirer.data.toml import DataError
from acquirer.settings.terminal_state import StateFolderError
from acquirer.terminal.card import CardError, card
from acquirer.terminal.exchange import Exchange, Outcome
from acquirer.testing import RunningHost, running_host
from acquirer.wire.card_numbers import passes_luhn

TID, PINNED, DOUBLE, SM4 = "10000161", "10000162", "10000163", "10000164"
SILENT = "silent:service=sale,amount=66.66"


@pytest.fixture(scope="module")
def host() -> Iterator[RunningHost]:
    with running_host(fault=[SILENT]) as running:
        yield running


@pytest.fixture(scope="module")
def till(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """State that several tests go on with: a terminal that forgets its STAN repeats it, which the host refuses."""
    return tmp_path_factory.mktemp("till")


def test_a_day_at_the_till(host: RunningHost, tmp_path: Path) -> None:
    with Terminal(TID, host=host.address, state=tmp_path) as terminal:
        assert terminal.sign_on().code == "00"
        sold = terminal.sale("12.34", "standard", pin="123456")
        assert (sold.code, sold.receipt.amount_minor) == ("00", 1234)
        assert terminal.sale("12.34", "standard", pin="654321").code == "55"
        assert terminal.sale("5.00", "poor", entry="magstripe").code == "51"
        assert terminal.reverse().reversal == "done"
        assert terminal.echo().code == "00"
        assert terminal.sign_off().code == "00"
    states = {one.key.stan: one.state for one in host.transactions if one.key.tid == TID}
    assert states == {"000002": "reversed", "000003": "declined", "000004": "declined"}


@pytest.mark.slow
def test_an_unanswered_sale_is_reversed_and_not_booked(host: RunningHost, tmp_path: Path) -> None:
    with Terminal("20000001", host=host.address, state=tmp_path, timeout_s=2.0) as terminal:
        result = terminal.sale("66.66")
    assert (result.outcome, result.reversal) == (Outcome.NO_ANSWER, "done")
    assert [(one.service, one.outcome) for one in result.exchanges] == [
        ("sign_on", Outcome.APPROVED),
        ("sale", Outcome.NO_ANSWER),
        ("reversal", Outcome.APPROVED),
    ]
    assert host.journal.wait(tid="20000001", service="reversal").code == "00"
    booked = [one for one in host.transactions if one.key.tid == "20000001"]
    assert [one.state for one in booked] == ["reversed"]


def test_the_published_keys_are_handed_out(host: RunningHost, tmp_path: Path) -> None:
    with Terminal(PINNED, host=host.address, state=tmp_path) as terminal:
        result = terminal.sign_on()
        assert "keys PIK 900ECCE3 MAK CFF1592A" in result.exchange.notes
        assert terminal.sale("1.00").code == "00"
    assert result.exchange.reply.fields[62].hex().upper() == (
        "46F161A743497B32EAC760DF5EA57DF5900ECCE3977731A7EA402DDF0000000000000000CFF1592A"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tid", "package"),
    [
        ("20000005", "001"),
        ("20000005", "003"),
        ("20000005", "004"),
        (DOUBLE, "003"),
        (DOUBLE, "004"),
        (SM4, "005"),
        (SM4, "006"),
    ],
)
@pytest.mark.parametrize("entry", ["chip", "contactless", "magstripe", "fallback", "manual"])
def test_every_package_and_every_entry(host: RunningHost, till: Path, tid: str, package: str, entry: str) -> None:
    with Terminal(tid, host=host.address, state=till, package=package) as terminal:
        pin = "" if tid == SM4 else "123456"
        result = terminal.sale("1.00", entry=entry, pin=pin)
        assert {one.code for one in result.exchanges} == {"00"}
        assert terminal.reverse().reversal == "done"


def test_restarts_with_its_keys(host: RunningHost, tmp_path: Path) -> None:
    for stan in ("000002", "000003"):
        with Terminal("20000002", host=host.address, state=tmp_path) as terminal:
            result = terminal.sale("1.00")
            assert (result.exchange.stan, result.code) == (stan, "00")
            assert [one.mti for one in result.exchanges][-1:] == ["0200"]
            assert len(result.exchanges) == (2 if stan == "000002" else 1)


def test_signs_on_again_when_the_host_has_forgotten_it(tmp_path: Path) -> None:
    with running_host() as first, Terminal(TID, host=first.address, state=tmp_path) as terminal:
        assert terminal.sale("1.00").code == "00"
    with running_host() as second, Terminal(TID, host=second.address, state=tmp_path) as terminal:
        result = terminal.sale("1.00")
        assert (result.outcome, result.code) == (Outcome.DECLINED, "77")
        assert [one.mti for one in result.exchanges] == ["0200", "0800"]
        assert terminal.sale("1.00").code == "00"


def test_one_connection_for_many_exchanges(host: RunningHost) -> None:
    before = host.counters
    with Terminal("20000003", host=host.address, keep_open=True) as terminal:
        assert [terminal.sale(100).code for _ in range(5)] == ["00"] * 5
    opened = {name: count - before.get(name, 0) for name, count in host.counters.items()}
    assert [count for name, count in opened.items() if name == "connections"] in ([1], [])


@pytest.mark.slow
def test_many_at_once_on_asyncio(host: RunningHost, tmp_path: Path) -> None:
    async def day(number: int) -> list[str]:
        held = card(
            next(pan for pan in map(str, range(6212340000000000 + number * 10, 10**16)) if passes_luhn(pan)), "3012"
        )
        async with AsyncTerminal(f"200001{number:02d}", host=host.address, state=tmp_path) as terminal:
            codes = [(await terminal.sign_on()).code, (await terminal.sale("12.34", held)).code]
            codes += [(await terminal.reverse()).code, (await terminal.echo()).code, (await terminal.sign_off()).code]
            return codes

    async def all_days() -> list[list[str]]:
        return await asyncio.gather(*(day(number) for number in range(20)))

    assert asyncio.run(all_days()) == [["00"] * 5] * 20


@pytest.mark.slow
def test_asyncio_reverses_what_stays_unanswered(host: RunningHost) -> None:
    async def sell() -> tuple[Outcome, str]:
        async with AsyncTerminal("20000150", host=host.address, timeout_s=2.0) as terminal:
            result = await terminal.sale("66.66")
            return result.outcome, result.reversal

    assert asyncio.run(sell()) == (Outcome.NO_ANSWER, "done")


def test_someone_may_look_on(host: RunningHost) -> None:
    seen = []

    class Watch:
        def began(self, exchange: Exchange) -> None:
            seen.append(f"began {exchange.mti}")

        def ended(self, exchange: Exchange) -> None:
            seen.append(f"ended {exchange.mti} {exchange.code}")

    watch: Any = Watch()  # as observers were before slips could be printed
    with Terminal("20000004", host=host.address, watch=watch, now=lambda: datetime(2026, 1, 1)) as terminal:
        terminal.sale("1.00")
    assert seen == ["began 0800", "ended 0800 00", "began 0200", "ended 0200 00"]


def test_a_terminal_of_no_file(host: RunningHost) -> None:
    tmk = "258FB0AB70D025CDB99DF2C4D302D646"
    with Terminal("20000006", host=host.address, mid="880210010210162", tmk=tmk) as terminal:
        assert terminal.sale("1.00", card("4111111111111111", "3012"), entry="manual").code == "00"


class TestRefusals:
    def test_an_unknown_terminal(self) -> None:
        with pytest.raises(DataError, match="the demo set: holds no terminal '10000166'; did you mean '20000166'"):
            Terminal("10000166")

    def test_an_unknown_card(self) -> None:
        with Terminal(TID) as terminal, pytest.raises(CardError, match="there is no test card 'gold'; known: balance"):
            terminal.sale("1.00", "gold")

    def test_a_state_in_use(self, tmp_path: Path) -> None:
        with Terminal(TID, state=tmp_path), pytest.raises(StateFolderError, match="another process"):
            Terminal(TID, state=tmp_path)

    @pytest.mark.parametrize(
        "options", [{"host": "nowhere"}, {"tpdu": "60"}, {"head": "xyz"}, {"tmk": "12", "mid": "x"}]
    )
    def test_an_option_that_cannot_be(self, options: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=r"write|key has"):
            Terminal(TID, **options)

    @pytest.mark.parametrize("kind", [Terminal, AsyncTerminal])
    @pytest.mark.parametrize(
        ("name", "hint"), [("hots", "; did you mean 'host'?"), ("timeout", "; did you mean 'timeout_s'?"), ("x", "")]
    )
    def test_an_option_that_there_is_not(
        self, kind: type[Terminal | AsyncTerminal], name: str, hint: str, tmp_path: Path
    ) -> None:
        with pytest.raises(TypeError, match=f"^a terminal has no option '{name}'{re.escape(hint)}$"):
            kind(TID, state=tmp_path, **{name: 1})  # type: ignore[arg-type]
        assert not list(tmp_path.iterdir())


def test_a_merchants_name_that_holds_a_card_number_reaches_neither_state_nor_receipt(tmp_path: Path) -> None:
    with (
        running_host() as host,
        Terminal(
            "10000161",
            host=host.address,
            mid="880210010210162",
            tmk="258FB0AB70D025CDB99DF2C4D302D646",
            name="Shop 6212 3456 7890 1232",
            state=tmp_path,
        ) as terminal,
    ):
        receipt = terminal.sale("1.00", sign="Ann").receipt
        assert receipt is not None
        assert receipt.merchant == "Shop 6212 34** **** 1232"
        assert terminal.upload().code == "00"
    for path in tmp_path.iterdir():
        if path.suffix == ".json":
            kept = path.read_bytes()
            assert b"3456 7890" not in kept  # a shorter piece may stand in a key's digits by chance
            assert b"34567890" not in kept
