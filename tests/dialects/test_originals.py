"""Void, refund and balance inquiry in every dialect, over TCP: whole conversations of our terminal and our host."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from acquirer.app.terminal import AsyncTerminal, Terminal
from acquirer.dialect.dialect import Dialect
from acquirer.settings.specs import load_dialect
from acquirer.terminal.card import card
from acquirer.terminal.exchange import Outcome, Signed
from acquirer.testing import RunningHost, running_host
from tests.dialects.fast import slow_except

DIALECTS = (
    "iso8583-1987-ascii",
    "iso8583-1987-binary",
    "iso8583-1987-dukpt",
    "iso8583-1987-dukpt-aes",
    "iso8583-1987-ebcdic",
    "iso8583-1993-ascii",
    "iso8583-1993-bcd",
    "iso8583-1993-ebcdic",
    "unionpay-pos",
    "unionpay-pos-sm4",
)
MID = "880210010210162"
TERMINALS = f"""
[[terminal]]
tid = "40000001..40009999"
mid = "{MID}"
name = "Chain"
tmk = "258FB0AB70D025CDB99DF2C4D302D646"
bdk = "0123456789ABCDEFFEDCBA9876543210"

[[terminal]]
tid = "50000001..50000999"
mid = "{MID}"
name = "Chain, SM4"
tmk = "1234567890ABCDEFABCDEF0987654321"
tmk_cipher = "sm4"

[[terminal]]
tid = "60000001..60000999"
mid = "{MID}"
name = "Chain, AES"
bdk = "0123456789ABCDEFFEDCBA9876543210"
bdk_cipher = "aes"

[[terminal]]
tid = "70000001..70000999"
mid = "{MID}"
name = "Chain, a batch for each sign-on"
tmk = "258FB0AB70D025CDB99DF2C4D302D646"
policy = {{ required = "per-batch" }}
"""
FIRST_TID = {"unionpay-pos-sm4": 50000001, "iso8583-1987-dukpt-aes": 60000001}
USED = count()

Sell = Callable[..., Terminal]


class Pos:
    """The terminals of one dialect at one host; each test uses numbers of its own."""

    def __init__(self, host: RunningHost, address: str, name: str, terminals: Path) -> None:
        self.host, self.address, self.name, self.terminals = host, address, name, terminals
        self.dialect: Dialect = load_dialect(name)
        self.tids: list[str] = []

    def options(self) -> dict[str, Any]:
        return {"host": self.address, "dialect": self.name, "terminals": self.terminals, "timeout_s": 10.0}

    def tid(self) -> str:
        """A number that was not used before."""
        self.tids.append(str(FIRST_TID.get(self.name, 40000001) + next(USED)))
        return self.tids[-1]

    def terminal(self, **more: Any) -> Terminal:
        return Terminal(self.tid(), **self.options() | more)

    def code(self, reason: str, service: str) -> str:
        """The code of a reason in the replies to a service."""
        return self.dialect.code_of(reason, self.dialect.find_route(service))

    def booked(self) -> list[tuple[str, str, int]]:
        """Kind, state and amount of all transactions of this test's terminals."""
        return [(one.kind, one.state, one.amount_minor) for one in self.host.transactions if one.key.tid in self.tids]

    def amount(self, euros: int) -> str:
        """An amount that is this dialect's own: a fault waits for it."""
        return f"{euros}.{DIALECTS.index(self.name):02}"


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Callable[[], Pos]]]:
    """One host that speaks every dialect."""
    terminals = tmp_path_factory.mktemp("originals") / "terminals.toml"
    terminals.write_text(TERMINALS, encoding="utf-8")
    faults = [
        f"silent:service={service},amount={euros}.{number:02},count={times}"
        for number in range(len(DIALECTS))
        for service, euros, times in (("void", 61, 1), ("refund", 62, 1), ("refund", 63, 3))
    ]
    listen = [f"127.0.0.1:0={name}" for name in DIALECTS]
    with running_host(listen=listen, terminals=str(terminals), fault=faults, timezone="UTC") as host:
        yield {
            name: partial(Pos, host, address, name, terminals)
            for name, address in zip(DIALECTS, host.addresses, strict=True)
        }


@pytest.fixture(params=slow_except("unionpay-pos", DIALECTS))
def pos(request: pytest.FixtureRequest, hosts: dict[str, Callable[[], Pos]]) -> Pos:
    return hosts[request.param]()


WITHOUT_ANSWER = ("iso8583-1987-binary", "iso8583-1987-dukpt", "iso8583-1993-ascii", "unionpay-pos")
"""Each waits for a second: these differ in how a void or a refund is undone."""

PATIENCE_S = 2.0
"""What a terminal waits where the host is silent: its next message is answered within it, on a busy machine too."""


@pytest.fixture(params=WITHOUT_ANSWER)
def silent(request: pytest.FixtureRequest, hosts: dict[str, Callable[[], Pos]]) -> Pos:
    """The same, where the host leaves certain amounts without an answer."""
    return hosts[request.param]()


class TestVoid:
    def test_a_void_can_be_undone_and_the_sale_voided_again(self, pos: Pos) -> None:
        with pos.terminal() as terminal:
            terminal.sale("12.34", pin="123456")
            voided = terminal.void()
            assert (voided.outcome, voided.code) == (Outcome.APPROVED, pos.code("approved", "void"))
            assert voided.receipt.credit
            assert pos.booked() == [("sale", "voided", 1234), ("void", "approved", 1234)]
            undone = terminal.reverse()
            assert (undone.reversal, undone.code) == ("done", pos.code("approved", "reversal"))
            assert undone.exchange.notes == ("the void is undone",)
            assert pos.booked() == [("sale", "approved", 1234), ("void", "reversed", 1234)]
            assert terminal.void(card="standard", pin="123456", entry="magstripe").outcome is Outcome.APPROVED
        assert pos.booked() == [("sale", "voided", 1234), ("void", "reversed", 1234), ("void", "approved", 1234)]

    @pytest.mark.slow
    def test_an_unanswered_void_is_reversed_by_itself(self, silent: Pos) -> None:
        pos = silent
        with pos.terminal(timeout_s=PATIENCE_S) as terminal:
            terminal.sale(pos.amount(61))
            result = terminal.void()
            assert (result.outcome, result.reversal) == (Outcome.NO_ANSWER, "done")
            assert [exchange.service for exchange in result.exchanges] == ["void", "reversal"]
            assert [state for _, state, _ in pos.booked()] == ["approved", "reversed"]
            assert terminal.void().outcome is Outcome.APPROVED
        assert [state for _, state, _ in pos.booked()] == ["voided", "reversed", "approved"]

    @pytest.mark.slow
    def test_what_a_host_refuses(self, pos: Pos) -> None:
        with pos.terminal() as terminal:
            sold = terminal.sale("5.00", entry="manual")
            stan = sold.exchange.stan
            other_card = terminal.void(card="chip", entry="manual")
            assert other_card.code == pos.code("original_card_differs", "void")
            other_amount = terminal.void(stan=stan, amount="4.00")
            assert other_amount.code == pos.code("original_amount_differs", "void")
            within = pos.host.transactions[-1].key.batch
            unknown = terminal.void(
                stan="999999", batch=within, amount="5.00", rrn="000000000099", card="standard", entry="manual"
            )
            assert unknown.code == pos.code("original_unknown", "void")
            assert terminal.void().outcome is Outcome.APPROVED
            again = terminal.void(stan=stan)
            assert again.code == pos.code("original_closed", "void")
            terminal.sale("6.00", card="chip")
            assert terminal.void(pin="999999").code == pos.code("pin_wrong", "void")
            terminal.sale(
                "1.00", card="chip", pin="123456"
            )  # a right PIN: the wrong ones of all dialects do not add up

    @pytest.mark.slow
    def test_a_void_gives_back_what_its_sale_took(self, pos: Pos) -> None:
        """Another void gives nothing back, and its reversal takes it again."""
        with pos.terminal() as terminal:
            before = terminal.balance("balance").balance_minor
            assert before is not None
            terminal.sale("7.00", card="balance")
            assert terminal.balance("balance").balance_minor == before - 700
            terminal.void()
            assert terminal.balance("balance").balance_minor == before
            terminal.reverse()
            assert terminal.balance("balance").balance_minor == before - 700
            terminal.void()
            assert terminal.balance("balance").balance_minor == before


class TestRefund:
    def test_partly_and_repeatedly_until_it_is_used_up(self, pos: Pos) -> None:
        with pos.terminal() as terminal:
            terminal.sale("10.00")
            for amount in ("4.00", "2.50"):
                given_back = terminal.refund(amount)
                assert (given_back.outcome, given_back.code) == (Outcome.APPROVED, pos.code("approved", "refund"))
            above = terminal.refund("3.51")
            assert (above.outcome, above.code) == (Outcome.DECLINED, pos.code("refund_exceeds", "refund"))
            assert terminal.refund("3.50").outcome is Outcome.APPROVED
            assert terminal.refund("0.01").code == pos.code("refund_exceeds", "refund")
            assert terminal.void(stan=terminal.state.sales[0].original.stan).code == pos.code("original_closed", "void")
        assert [(kind, state) for kind, state, _ in pos.booked()][:2] == [("sale", "refunded"), ("refund", "approved")]

    @pytest.mark.slow
    def test_at_another_terminal_of_the_merchant(self, pos: Pos) -> None:
        with pos.terminal() as first, pos.terminal() as second:
            sold = first.sale("10.00", entry="manual").receipt
            date = sold.at[5:7] + sold.at[8:10]
            given_back = second.refund("1.00", rrn=sold.rrn, date=date, card="standard", entry="magstripe")
            assert (given_back.outcome, given_back.code) == (Outcome.APPROVED, pos.code("approved", "refund"))
            stranger = second.refund("1.00", rrn=sold.rrn, date=date, card="chip", entry="manual")
            assert stranger.code == pos.code("original_unknown", "refund")
            unknown = second.refund("1.00", rrn="999999999999", date=date, card="standard", entry="manual")
            assert unknown.code == pos.code("original_unknown", "refund")
            assert "void" not in {kind for kind, _, _ in pos.booked()}
            slip = given_back.receipt
            assert (slip.original_rrn, slip.credit) == (sold.rrn, True)

    @pytest.mark.slow
    def test_one_without_an_answer(self, silent: Pos) -> None:
        """An advice is sent again, and booked once; a request is reversed."""
        pos = silent
        with pos.terminal(timeout_s=PATIENCE_S) as terminal:
            terminal.sale(pos.amount(62))
            result = terminal.refund()
            route = pos.dialect.find_route("refund")
            if route.mti[2] == "2":
                assert [exchange.mti for exchange in result.exchanges] == [route.mti, route.mti[:3] + "1"]
                assert (result.outcome, result.reversal) == (Outcome.APPROVED, "")
                assert [state for _, state, _ in pos.booked()] == ["refunded", "approved"]
            else:
                assert [exchange.service for exchange in result.exchanges] == ["refund", "reversal"]
                assert (result.outcome, result.reversal) == (Outcome.NO_ANSWER, "done")
                assert [state for _, state, _ in pos.booked()] == ["approved", "reversed"]
                assert terminal.refund().outcome is Outcome.APPROVED

    def test_a_request_can_be_undone_by_hand_and_an_advice_cannot(self, pos: Pos) -> None:
        with pos.terminal() as terminal:
            terminal.sale("10.00", card="visa")
            terminal.refund("4.00")
            undone = terminal.reverse()
            if pos.dialect.find_route("refund").mti[2] == "2":
                assert undone.sentence == "there is no sale to reverse; name one with --stan and --amount"
                assert pos.booked() == [("sale", "refunded", 1000), ("refund", "approved", 400)]
            else:
                assert (undone.reversal, undone.exchange.notes) == ("done", ("the refund is undone",))
                assert pos.booked() == [("sale", "approved", 1000), ("refund", "reversed", 400)]
                assert terminal.refund("10.00").outcome is Outcome.APPROVED

    @pytest.mark.slow
    def test_an_advice_that_stays_unanswered_is_sent_again_by_hand(self, silent: Pos) -> None:
        pos = silent
        if pos.dialect.find_route("refund").mti[2] != "2":
            pytest.skip("a refund of this dialect is a request")
        with pos.terminal(timeout_s=PATIENCE_S) as terminal:
            terminal.sale(pos.amount(63))
            result = terminal.refund()
            assert (result.outcome, len(result.exchanges)) == (Outcome.NO_ANSWER, 3)
            assert "'refund --again' sends it again" in result.sentence
            again = terminal.refund(again=True)
            assert (again.outcome, again.receipt.credit) == (Outcome.APPROVED, True)
            assert terminal.state.unanswered is None
        assert [state for _, state, _ in pos.booked()] == ["refunded", "approved"]

    @pytest.mark.slow
    def test_two_terminals_at_once_never_give_back_more_than_was_sold(self, pos: Pos) -> None:
        with pos.terminal() as terminal:
            sold = terminal.sale("10.00").receipt
        date = sold.at[5:7] + sold.at[8:10]

        async def many() -> list[str]:
            terminals = [AsyncTerminal(pos.tid(), **pos.options()) for _ in range(4)]
            refunds = (one.refund("3.00", rrn=sold.rrn, date=date, card="standard") for one in terminals)
            results = await asyncio.gather(*refunds)
            for one in terminals:
                await one.close()
            return [str(result.outcome) for result in results]

        assert sorted(asyncio.run(many())) == ["approved"] * 3 + ["declined"]
        given_back = [amount for kind, state, amount in pos.booked() if (kind, state) == ("refund", "approved")]
        assert sum(given_back) == 900


def test_after_its_batch_is_closed_a_sale_is_refunded_and_not_voided(hosts: dict[str, Callable[[], Pos]]) -> None:
    pos = hosts["unionpay-pos"]()
    tid = str(70000001 + next(USED))
    pos.tids.append(tid)
    with Terminal(tid, **pos.options()) as terminal:
        terminal.sale("10.00")
        terminal.sign_off()
        terminal.sign_on()
        assert terminal.state.batch == "000002"
        assert terminal.void().code == "25"
        why = pos.host.journal.find(service="void", tid=tid).why
        assert "belongs to a closed batch (batch 000002 is open): it is refunded, not voided" in why
        assert terminal.refund("4.00").outcome is Outcome.APPROVED


@pytest.mark.slow
def test_slips_of_voids_and_refunds_are_signed_and_uploaded(hosts: dict[str, Callable[[], Pos]]) -> None:
    pos = hosts["unionpay-pos"]()
    with pos.terminal(sign_upload="at-once") as terminal:
        terminal.sale("10.00", card="visa", sign="Li Wei")
        assert terminal.void(sign="Li Wei").signature is Signed.UPLOADED
        sold = terminal.sale("20.00", card="visa").receipt
        assert terminal.refund("2.00", sign="Li Wei").signature is Signed.UPLOADED
    signatures = [one for one in pos.host.signatures if one.key.tid in pos.tids]
    slips = [{element.tag: element.text for element in one.slip} for one in signatures]
    assert [one.amount_minor for one in signatures] == [1000, 1000, 200]
    assert [slip["FF01"] for slip in slips] == ["消费", "消费撤销", "退货"]
    assert slips[1]["FF60"] == signatures[0].key.stan
    assert (slips[2]["FF62"], slips[2]["FF63"]) == (sold.rrn, sold.at[5:7] + sold.at[8:10])


class TestBalance:
    @pytest.mark.slow
    def test_of_a_card_that_is_not_in_the_table(self, pos: Pos) -> None:
        with pos.terminal() as terminal:
            result = terminal.balance(card("4012888888881881", "3012"), entry="manual")
        assert (result.outcome, result.code) == (Outcome.APPROVED, pos.code("approved", "balance"))
        assert result.balance_minor == 100_000
        assert 4 not in result.exchange.reply.fields
        assert result.receipt is None

    def test_of_cards_that_are_counted_and_refused(self, pos: Pos) -> None:
        with pos.terminal() as terminal:
            assert terminal.balance("poor").balance_minor == 100
            refused = terminal.balance("expired")
            assert (refused.code, refused.balance_minor) == (pos.code("card_expired", "balance"), None)
            bad_pin = terminal.balance("chip", pin="000000")
            assert bad_pin.code == pos.code("pin_wrong", "balance")
            assert terminal.balance("chip", pin="123456").outcome is Outcome.APPROVED
            assert terminal.reverse().outcome is Outcome.REFUSED  # it is nothing that could be undone
        assert [kind for kind, _, _ in pos.booked()] == ["balance"] * 4


def test_a_reversal_of_an_advice_says_that_it_stands() -> None:
    """A refund that goes as an advice is not reversed; a reversal of its number is of another transaction."""
    with running_host() as host, Terminal("10000161", host=host.address) as terminal:
        terminal.sale("5.00")
        sold = host.transactions[0]
        given = terminal.refund("5.00", rrn=sold.rrn, date=sold.business_date[4:], card="standard", entry="magstripe")
        undone = terminal.reverse(stan=given.exchanges[-1].stan, amount="5.00")
        assert (undone.code, undone.reversal) == ("12", "done")
        assert undone.sentence == (
            "the host undid nothing (12 related transaction invalid): what it has under this number is another "
            "transaction, and stands"
        )
        assert [one.state for one in host.transactions] == ["refunded", "approved"]
