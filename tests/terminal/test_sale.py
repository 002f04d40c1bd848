"""Sales: what goes out, what comes back, and what the terminal then does by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys
from acquirer.terminal.card import CardError, card
from acquirer.terminal.exchange import Outcome
from acquirer.terminal.rendering import line
from acquirer.terminal.sale import OrderError, sale
from acquirer.wire.tlv import find_value, parse_tlv

if TYPE_CHECKING:
    from collections.abc import Callable

    from acquirer.terminal.effects import Response
    from acquirer.terminal.sale import Order
    from tests.terminal.conftest import Bench, Foreign

PAN, EXPIRY = "6212345678901232", "3012"
OTHER_MAK = WorkingKeys(Secret.from_hex("D931648F3DE313A4A22C15DCA4F4299E"), Secret.from_hex("313215FDA2C4AB4C"))


class TestWhatGoesOut:
    def test_a_chip_sale(self, signed_on: Bench, host: Foreign, make_order: Callable[..., Order]) -> None:
        signed_on.run(sale(signed_on.machine, make_order()), host.reply())
        fields = signed_on.requests[0].fields
        assert sorted(fields) == [2, 3, 4, 11, 14, 22, 23, 25, 35, 41, 42, 49, 53, 55, 60, 64]
        assert (fields[3], fields[4], fields[11], fields[22], fields[23]) == (
            "000000",
            "000000001234",
            "000012",
            "052",
            "001",
        )
        assert (fields[25], fields[49], fields[53], fields[60]) == ("00", "156", "0600000000000000", "2200000700060")

    def test_its_chip_data_is_plausible(
        self, signed_on: Bench, host: Foreign, make_order: Callable[..., Order]
    ) -> None:
        held = card(PAN, EXPIRY, pin="123456")
        signed_on.run(sale(signed_on.machine, make_order(held=held)), host.reply())
        chip = signed_on.requests[0].fields[55]
        assert isinstance(chip, bytes)
        tags = parse_tlv(chip)
        assert [tag.tag for tag in tags][:14] == (
            ["9F26", "9F27", "9F10", "9F37", "9F36", "95", "9A", "9C", "9F02", "5F2A", "82", "9F1A", "9F03", "9F33"]
        )
        assert {name: find_value(tags, name).hex() for name in ("9F02", "9A", "9C", "9F36", "95", "9F34", "9F1E")} == {
            "9F02": "000000001234",
            "9A": "261120",
            "9C": "00",
            "9F36": "0012",
            "95": "0000048000",
            "9F34": "420300",
            "9F1E": b"10000161".hex(),
        }

    @pytest.mark.parametrize(
        ("entry", "mode", "has", "has_not"),
        [
            ("chip", "052", {2, 14, 23, 35, 55}, set()),
            ("contactless", "072", {2, 14, 23, 35, 55}, set()),
            ("magstripe", "022", {35}, {2, 14, 23, 55}),
            ("fallback", "022", {35}, {2, 14, 23, 55}),
            ("manual", "012", {2, 14}, {23, 35, 53, 55}),
        ],
    )
    def test_each_way_of_entry(
        self,
        signed_on: Bench,
        host: Foreign,
        make_order: Callable[..., Order],
        entry: str,
        mode: str,
        has: set[int],
        has_not: set[int],
    ) -> None:
        signed_on.run(sale(signed_on.machine, make_order(entry=entry)), host.reply())
        fields = signed_on.requests[0].fields
        assert fields[22] == mode
        assert has <= set(fields)
        assert not has_not & set(fields)
        assert fields[60][12] == ("2" if entry == "fallback" else "0")

    def test_a_pin_travels_under_the_pik(
        self, signed_on: Bench, host: Foreign, make_order: Callable[..., Order]
    ) -> None:
        signed_on.run(sale(signed_on.machine, make_order(held=card(PAN, EXPIRY, pin="123456"))), host.reply())
        fields = signed_on.requests[0].fields
        assert (fields[22], fields[26], fields[53]) == ("051", "12", "2600000000000000")
        block, control = fields[52], fields[53]
        assert isinstance(block, bytes)
        assert isinstance(control, str)
        assert signed_on.setup.suite.open_pin(host.keys, block, PAN, control).pin == "123456"

    def test_a_track_travels_under_the_tdk_if_there_is_one(
        self, signed_on: Bench, host: Foreign, make_order: Callable[..., Order]
    ) -> None:
        tdk = Secret.from_hex("C9A0F37E18EA3FF71E3BDA58ACCEFCE0")
        signed_on.machine.state = replace(signed_on.state, keys=WorkingKeys(host.keys.pik, host.keys.mak, tdk))
        held = card(track2="6212790200001797D24122200000012345")
        signed_on.run(sale(signed_on.machine, make_order(held=held, entry="magstripe")), host.reply())
        fields = signed_on.requests[0].fields
        assert fields[35] == "62127902000017971616C2DD59511A2D45"
        assert fields[53] == "0610000000000000"

    def test_the_mac_is_right(self, signed_on: Bench, host: Foreign, make_order: Callable[..., Order]) -> None:
        signed_on.run(sale(signed_on.machine, make_order()), host.reply())
        assert signed_on.setup.suite.verify_message(host.keys, signed_on.requests[0])


class TestWhatCannotBeSold:
    @pytest.mark.parametrize(
        ("more", "says"),
        [
            ({"entry": "telepathy"}, "there is no entry 'telepathy'; known: chip, contactless"),
            ({"amount_minor": -1}, "an amount is between"),
            ({"amount_minor": 10**12}, "an amount is between"),
            ({"held": card(PAN), "entry": "magstripe"}, "needs a track 2"),
        ],
    )
    def test_is_refused_in_one_sentence_before_anything_leaves(
        self, signed_on: Bench, make_order: Callable[..., Order], more: dict[str, object], says: str
    ) -> None:
        with pytest.raises(OrderError, match=says):
            signed_on.run(sale(signed_on.machine, make_order(**more)))
        assert signed_on.state.pending is None
        assert signed_on.requests == []

    def test_a_pin_that_finds_no_room(self, signed_on: Bench, host: Foreign, make_order: Callable[..., Order]) -> None:
        sm4 = Secret.from_hex("F351D490994603795C6EBEE8FAEBB481", "sm4")
        signed_on.machine.state = replace(signed_on.state, keys=WorkingKeys(sm4, sm4))
        with pytest.raises(OrderError, match="a PIN block under SM4 has 16 bytes and DE 52 holds 8"):
            signed_on.run(sale(signed_on.machine, make_order(held=card(PAN, EXPIRY, pin="123456"))))

    @pytest.mark.parametrize(
        "given",
        [
            {"pan": "621234567890123a"},
            {"pan": ""},
            {"pan": PAN, "expiry": "1330"},
            {"pan": PAN, "pin": "123"},
            {"track2": "6212345678901232"},
            {"track2": f"{PAN}D3012220{'0' * 20}"},
            {"track2": f"{PAN}D3012220", "pan": "4111111111111111"},
        ],
    )
    def test_a_card_that_cannot_be(self, given: dict[str, str]) -> None:
        with pytest.raises(CardError) as error:
            card(**given)
        assert PAN not in str(error.value)


class TestAnswers:
    def test_approved(self, signed_on: Bench, host: Foreign, make_order: Callable[..., Order]) -> None:
        result = signed_on.run(
            sale(signed_on.machine, make_order()),
            host.reply(de37="112012345678", de38="654321", de44="90310000   03025840   ", de63="CUP"),
        )
        assert line(result.exchange) == ("→ 0200 sale STAN 000012 12.34 621234******1232 … ← 0210 00 approved · 3 ms")
        assert signed_on.state.pending is None
        assert signed_on.state.last.stan == "000012"
        assert result.receipt == signed_on.state.receipt
        assert (result.receipt.rrn, result.receipt.auth_id, result.receipt.issuer, result.receipt.acquirer) == (
            "112012345678",
            "654321",
            "90310000",
            "03025840",
        )
        assert (result.receipt.at, result.receipt.kind, result.receipt.entry) == (
            "2026/11/20 12:00:00",
            "消费/SALE",
            "I",
        )

    def test_approved_by_a_host_that_sends_the_least(
        self, signed_on: Bench, host: Foreign, make_order: Callable[..., Order]
    ) -> None:
        reply = host.reply(keep=(11, 41, 42), de12=None, de13=None)
        result = signed_on.run(sale(signed_on.machine, make_order()), reply)
        assert result.outcome is Outcome.APPROVED
        assert result.receipt.at == "2026/11/20 12:00:00"

    @pytest.mark.parametrize("code", ["51", "30", "96", "ZZ"])
    def test_declined_by_six_fields(
        self, signed_on: Bench, host: Foreign, make_order: Callable[..., Order], code: str
    ) -> None:
        result = signed_on.run(sale(signed_on.machine, make_order()), host.short(code))
        assert (result.outcome, result.code) == (Outcome.DECLINED, code)
        assert signed_on.state.pending is None
        assert result.receipt is None

    @pytest.mark.parametrize("code", ["11", "A2", "A6"])
    def test_other_approvals_need_no_mac(
        self, signed_on: Bench, host: Foreign, make_order: Callable[..., Order], code: str
    ) -> None:
        result = signed_on.run(sale(signed_on.machine, make_order()), host.reply(code))
        assert result.outcome is Outcome.APPROVED

    def test_approved_in_part(self, signed_on: Bench, host: Foreign, make_order: Callable[..., Order]) -> None:
        result = signed_on.run(sale(signed_on.machine, make_order()), host.reply("10", de4="000000001000"))
        assert result.outcome is Outcome.APPROVED
        assert result.receipt.amount_minor == 1000

    def test_a_late_reply_to_an_earlier_sale_is_left_aside(
        self, signed_on: Bench, host: Foreign, make_order: Callable[..., Order]
    ) -> None:
        result = signed_on.run(sale(signed_on.machine, make_order()), [host.reply(de11="000011"), host.reply("51")])
        assert result.code == "51"
        assert result.exchange.notes == ("a 0210 for STAN 000011 was left aside",)

    def test_first_use_signs_on_and_then_sells(
        self, bench: Bench, host: Foreign, make_order: Callable[..., Order]
    ) -> None:
        result = bench.run(sale(bench.machine, make_order()), host.sign_on(), host.reply())
        assert [request.mti for request in bench.requests] == ["0800", "0200"]
        assert result.outcome is Outcome.APPROVED
        assert bench.requests[1].fields[60][2:8] == "000007"

    def test_nothing_is_sold_when_the_sign_on_fails(
        self, bench: Bench, host: Foreign, make_order: Callable[..., Order]
    ) -> None:
        result = bench.run(sale(bench.machine, make_order()), host.short("97"))
        assert result.sentence == "not sold: the sign-on before it failed: 97 terminal unknown"
        assert bench.state.pending is None

    @pytest.mark.parametrize("code", ["77", "99", "A0"])
    def test_signs_on_again_and_reports_the_decline(
        self, signed_on: Bench, host: Foreign, make_order: Callable[..., Order], code: str
    ) -> None:
        result = signed_on.run(sale(signed_on.machine, make_order()), host.short(code), host.sign_on())
        assert (result.outcome, result.code) == (Outcome.DECLINED, code)
        assert [request.mti for request in signed_on.requests] == ["0200", "0800"]
        assert signed_on.state.signed_on

    def test_signs_on_before_the_next_sale_if_that_sign_on_failed(
        self, signed_on: Bench, host: Foreign, make_order: Callable[..., Order], silence: Response
    ) -> None:
        signed_on.run(sale(signed_on.machine, make_order()), host.short("77"), silence)
        signed_on.run(sale(signed_on.machine, make_order()), host.sign_on(), host.reply())
        assert [request.mti for request in signed_on.requests] == ["0200", "0800", "0800", "0200"]

    def test_signs_on_when_the_head_says_so(
        self, signed_on: Bench, host: Foreign, make_order: Callable[..., Order]
    ) -> None:
        result = signed_on.run(sale(signed_on.machine, make_order()), host.reply(nibble=3), host.sign_on())
        assert result.outcome is Outcome.APPROVED
        assert signed_on.requests[-1].mti == "0800"

    def test_nothing_is_owed_when_nothing_left(
        self, signed_on: Bench, make_order: Callable[..., Order], no_line: Response
    ) -> None:
        result = signed_on.run(sale(signed_on.machine, make_order()), no_line)
        assert result.outcome is Outcome.NOT_SENT
        assert signed_on.state.pending is None

    def test_asks_for_other_keys_before_it_sells(
        self, signed_on: Bench, make_bench: type[Bench], host: Foreign, make_order: Callable[..., Order]
    ) -> None:
        bench = make_bench(signed_on.state, package="001")
        bench.run(sale(bench.machine, make_order()), host.short("40"))
        assert bench.requests[0].fields[60][-3:] == "001"


class TestOutbox:
    def test_is_durable_before_the_sale_leaves(
        self, signed_on: Bench, host: Foreign, make_order: Callable[..., Order]
    ) -> None:
        signed_on.run(sale(signed_on.machine, make_order(held=card(PAN, EXPIRY, pin="123456"))), host.reply())
        assert signed_on.trace == ["keep", "ask 0200", "keep", "ended"]
        before = signed_on.kept[1]
        assert (before.pending.stan, before.stan) == ("000012", "000012")

    def test_never_holds_track_pin_or_mac(
        self, signed_on: Bench, host: Foreign, make_order: Callable[..., Order]
    ) -> None:
        signed_on.run(sale(signed_on.machine, make_order(held=card(PAN, EXPIRY, pin="123456"))), host.reply())
        fields = signed_on.kept[1].pending.fields
        assert sorted(fields) == [2, 3, 4, 11, 14, 22, 23, 25, 41, 42, 49, 55, 60]
        chip = fields[55]
        assert isinstance(chip, bytes)
        assert [tag.tag for tag in parse_tlv(chip)] == ["9F10", "9F36", "95", "9F1E"]

    def test_is_cleared_before_the_approval_is_shown(
        self, signed_on: Bench, host: Foreign, make_order: Callable[..., Order]
    ) -> None:
        signed_on.run(sale(signed_on.machine, make_order()), host.reply())
        assert signed_on.trace.index("ended") > signed_on.trace.index("ask 0200") + 1
        assert signed_on.kept[-1].pending is None
