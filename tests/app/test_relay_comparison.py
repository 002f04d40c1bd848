"""A relay beside which our host answers too: what differs, what must differ, and that no byte of it is sent."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from acquirer.app.comparison import ComparisonReport
from acquirer.app.terminal import Terminal
from acquirer.data.toml import DataError
from acquirer.settings.config import make_config
from acquirer.settings.specs import load_dialect
from acquirer.testing import running_host
from tests.app.relay_line import ECHO, PAN, answer, line, message, sale
from tests.app.relayed import DIALECTS, relayed


def counting(report: ComparisonReport) -> list[tuple[str, str, str, int]]:
    return [(one.service, one.path, one.kind, one.times) for one in report.places(counts=True)]


def pack(tmp_path: Path, text: str) -> str:
    path = tmp_path / "rules.toml"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_day_at_a_host_like_ours_does_not_differ_in_any_dialect(dialect: str, tmp_path: Path) -> None:
    """Keys are drawn by each host; ours takes those of the real one, so MACs, PIN blocks and tracks are right here."""
    with (
        running_host(dialect=dialect) as host,
        relayed(host, tmp_path, compare={}, dialect=dialect) as relay,
        relay.terminal(dialect=dialect) as terminal,
    ):
        services = {route.service for route in load_dialect(dialect).routes}
        if "sign_on" in services:
            terminal.sign_on()
        terminal.sale("12.34")
        terminal.sale("20.00", card="poor")
        terminal.sale("5.00")
        terminal.reverse()
        if "sign_off" in services:
            terminal.sign_off()
        entries = relay.entries()
        assert len(entries) >= 4
        assert [(entry.service, entry.compared, entry.notes) for entry in entries if entry.compared != "same"] == []
        assert relay.report.holds
        assert relay.report.compared == len(entries)


def test_a_day_of_every_kind_does_not_differ(tmp_path: Path) -> None:
    """What follows names numbers that the real host gave: reference numbers, authorisation codes, batches."""
    with running_host() as host, relayed(host, tmp_path, compare={}) as relay, relay.terminal() as terminal:
        with Terminal("10000162", host=host.address, state=None) as other:  # so that its numbers are not ours
            for _ in range(3):
                other.pre_auth("1.00")
        terminal.sign_on()
        terminal.sale("12.34", pin="123456")
        terminal.refund()
        terminal.balance(pin="123456")
        terminal.pre_auth("100.00")
        terminal.top_up("20.00")
        terminal.complete("50.00")
        terminal.void()
        terminal.settle()
        terminal.sign_on()
        terminal.sale("1.00")
        assert counting(relay.report) == []
        assert relay.report.holds
        services = {entry.service for entry in relay.entries()}
        assert {"refund", "balance", "completion", "completion_void", "settlement"} <= services


DIFFERENT = """
[[rule]]
name = "poor"
when = { service = "sale", amount = "0.60" }
then = { code = "51" }

[[rule]]
name = "another institution"
when = { service = "sale", amount = "12.34" }
then = { set = { "de.44" = "12345678   87654321   " }, drop = ["settlement_date"] }
"""


def test_differences_stand_in_journal_and_report_and_the_books_follow_the_real_host(tmp_path: Path) -> None:
    with (
        running_host(pack=[pack(tmp_path, DIFFERENT)]) as host,
        relayed(host, tmp_path, compare={}) as relay,
        relay.terminal() as terminal,
    ):
        terminal.sign_on()
        assert terminal.sale("12.34").code == "00"
        assert terminal.sale("0.60", card="poor").code == "51"
        assert terminal.sale("0.90", card="poor").code == "00"  # of its 1.00 nothing was taken
        assert terminal.void(stan="000002").code == "00"
        sign_on, first, second, third, void = relay.entries()
        assert (sign_on.compared, first.compared, second.compared) == ("same", "differs", "differs")
        assert (third.compared, void.compared) == ("same", "same")
        assert first.notes[0].startswith("differs: DE 15 (settlement date): theirs has none, ours ")
        assert first.notes[1] == "differs: DE 44.1 (issuer): theirs '12345678   ', ours '90310000   '"
        assert "differs: DE 39 (response code): theirs 51 (not enough funds), ours 00 (approved)" in second.notes
        assert second.notes[-1].startswith("ours: approved on card 'poor' 620000******0047")
        assert not relay.report.holds
        assert ("sale", "39", "other", 1) in counting(relay.report)
        document = relay.report.as_json()
        assert (document["compared"], document["same"], document["differ"]) == (5, 3, 2)
        assert PAN not in json.dumps(document)
        lines = list(relay.report.lines())
        assert lines[0] == "5 exchanges compared, 2 differ"
        assert any("1 × sale: DE 39 (response code): theirs 51" in one for one in lines)
        assert lines[-1].startswith("  differ as they must, or as was asked: ")


def test_fields_that_may_differ_are_named(tmp_path: Path) -> None:
    with (
        running_host(pack=[pack(tmp_path, DIFFERENT)]) as host,
        relayed(host, tmp_path, compare={}, ignore=("de.44", "settlement_date")) as relay,
        relay.terminal() as terminal,
    ):
        terminal.sign_on()
        terminal.sale("12.34")
        assert relay.report.holds


def test_rules_terminals_and_cards_of_ours_count(tmp_path: Path) -> None:
    """With the rules of the real host, ours answers as it does."""
    rules = pack(tmp_path, DIFFERENT)
    with (
        running_host(pack=[rules]) as host,
        relayed(host, tmp_path, compare={"pack": [rules]}) as relay,
        relay.terminal() as terminal,
    ):
        terminal.sign_on()
        terminal.sale("12.34")
        terminal.sale("0.60", card="poor")
        assert relay.report.holds


def test_a_real_decline_of_a_sign_on_leaves_the_keys_that_were_there(tmp_path: Path) -> None:
    rules = "[[rule]]\nname = 'no'\nwhen = { service = 'sign_on' }\nthen = { code = '91' }\nafter = 1\ntimes = 1\n"
    with (
        running_host(pack=[pack(tmp_path, rules)]) as host,
        relayed(host, tmp_path, compare={}) as relay,
        relay.terminal() as terminal,
    ):
        terminal.sign_on()
        terminal.sign_on()
        terminal.sale("1.00")
        found = [(entry.service, entry.code, entry.compared) for entry in relay.entries()]
        assert found == [("sign_on", "00", "same"), ("sign_on", "91", "differs"), ("sale", "00", "same")]


def test_a_terminal_that_signed_on_before_is_not_compared_until_it_signs_on_again(tmp_path: Path) -> None:
    with running_host() as host, Terminal("10000161", host=host.address, state=tmp_path / "state") as before:
        before.sign_on()
        with relayed(host, tmp_path, compare={}) as relay:
            before.close()
            with relay.terminal(state=tmp_path / "state") as terminal:
                terminal.sale("1.00")
                assert relay.report.outcomes == {"same": 0, "differs": 0, "not-compared": 1}
                assert relay.report.as_json()["holds"] is False  # nothing was compared
                terminal.sign_on()
                terminal.sale("1.00")
                assert relay.report.as_json()["holds"] is True
                (first, *_) = relay.entries()
                assert first.notes == (
                    "not compared: terminal 10000161 signed on before the relay began: have it sign on once more",
                )


def registered(folder: Path, tid: str) -> Path:
    """Return a file of one terminal, whose master key is not that of the demo terminals."""
    file = folder / "terminals.toml"
    file.write_text(f"[[terminal]]\ntid = '{tid}'\nmid = '880210010210162'\ntmk = '{'0123456789ABCDEF' * 2}'\n")
    return file


def test_a_terminal_that_ours_does_not_know_is_not_compared_and_the_remedy_is_named(tmp_path: Path) -> None:
    known = registered(tmp_path, "99999999")
    with (
        running_host() as host,
        relayed(host, tmp_path, compare={"terminals": known}) as relay,
        relay.terminal() as terminal,
    ):
        terminal.sign_on()
        (entry,) = relay.entries()
        assert entry.compared == "not-compared"
        assert entry.notes == ("not compared: terminal 10000161 is not known here: register it, --terminals FILE.toml",)


def test_another_master_key_shows_in_keys_that_do_not_open(tmp_path: Path) -> None:
    known = registered(tmp_path, "10000161")
    with (
        running_host() as host,
        relayed(host, tmp_path, compare={"terminals": known}) as relay,
        relay.terminal() as terminal,
    ):
        terminal.sign_on()
        (entry,) = relay.entries()
        assert entry.compared == "differs"
        assert any("the working keys of the reply cannot be used: PIK KCV differs" in note for note in entry.notes)


def test_a_mac_of_the_real_host_under_another_key_is_a_difference(tmp_path: Path) -> None:
    with (
        running_host(fault=["wrong_mac:service=sale,times=1"]) as host,
        relayed(host, tmp_path, compare={}) as relay,
        relay.terminal() as terminal,
    ):
        terminal.sign_on()
        assert str(terminal.sale("1.00").outcome) == "mac-differs"
        sale_ = next(entry for entry in relay.entries() if entry.service == "sale")
        assert sale_.compared == "differs"
        assert any(note.startswith("differs: the MAC of theirs is not made with MAK KCV ") for note in sale_.notes)


def test_silence_and_what_cannot_be_decoded_are_differences(tmp_path: Path) -> None:
    async def converse() -> None:
        async with line(tmp_path, patience_s=0.001, compare=make_config()) as both:
            await both.ask(sale("000001"))
            while not both.entries():
                both.relay.journal.look()
                await asyncio.sleep(0)
            await both.ask(sale("000002"))
            await both.reply(answer("000002", "00")[:-3] + b"\xff\xff\xff")
            entries = await both.end()
        silent = entries[0]
        assert silent.compared == "differs"
        assert silent.notes[0] == "differs: theirs is silent, ours answers 0210 77"

    asyncio.run(converse())


def test_a_terminal_that_sends_no_more_still_gets_its_reply_and_it_is_compared(tmp_path: Path) -> None:
    async def converse() -> None:
        async with line(tmp_path, compare=make_config()) as both:
            await both.ask(sale("000001"))
            both.terminal.shutdown(socket.SHUT_WR)
            assert await both.reply(answer("000001", "77")) == answer("000001", "77")
            (entry,) = await both.end()
        assert (entry.code, entry.compared) == ("77", "differs")
        assert not any("DE 39" in note for note in entry.notes)

    asyncio.run(converse())


def test_what_a_fault_of_the_relay_acted_on_is_not_compared(tmp_path: Path) -> None:
    with (
        running_host() as host,
        relayed(host, tmp_path, compare={}, request_fault=("delay:fixed=1ms,service=echo",)) as relay,
        relay.terminal() as terminal,
    ):
        terminal.sign_on()
        terminal.echo()
        outcomes = {entry.service: entry.compared for entry in relay.entries()}
        assert outcomes == {"sign_on": "same", "echo": "not-compared"}


def test_requests_of_the_host_are_not_compared(tmp_path: Path) -> None:
    async def converse() -> None:
        async with line(tmp_path, compare=make_config()) as both:
            await both.reply(message("0820", ECHO))
            await both.ask(message("0830", {**ECHO, 39: "00"}))
            (entry,) = await both.end()
            assert entry.compared == ""

    asyncio.run(converse())


def test_an_exception_of_ours_stops_no_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from acquirer.app.compared_host import ComparedHost

    def broken(*_: Any) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr(ComparedHost, "answer", broken)
    with running_host() as host, relayed(host, tmp_path, compare={}) as relay, relay.terminal() as terminal:
        assert terminal.sign_on().code == "00"
        assert terminal.sale("1.00").code == "00"


def test_a_field_that_is_none_is_refused_at_the_start(tmp_path: Path) -> None:
    with (
        pytest.raises(DataError, match="'rnr' is no field of unionpay-pos"),
        relayed("127.0.0.1:1", tmp_path, compare={}, ignore=("rnr",)),
    ):
        pass
