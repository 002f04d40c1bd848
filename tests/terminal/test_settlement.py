"""Our terminal settles against our host: equal, not equal, held; interrupted at every step, and gone on with."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from acquirer.security.vault import Vault
from acquirer.settlement.totals import Totals
from acquirer.slip.settlement_slip import render_settlement
from acquirer.terminal.batch_records import count_records
from acquirer.terminal.effects import NotSent
from acquirer.terminal.exchange import Outcome, Result
from acquirer.terminal.order import OrderError
from acquirer.terminal.settlement import SettleOrder, settle
from acquirer.terminal.state import State, dump, load
from acquirer.testing.rig import Rig
from acquirer.testing.rig_terminal import RigTerminal
from acquirer.wire.tlv import build_tlv
from tests.terminal.power_cut import interrupted


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.fixture
def terminal(rig: Rig) -> RigTerminal:
    return rig.terminal()


def services(result: Result) -> list[str]:
    return [one.service for one in result.exchanges]


def shop(terminal: RigTerminal) -> None:
    """A bit of everything that is counted."""
    assert terminal.sale("10.00", entry="magstripe").ok
    assert terminal.sale("20.00").ok
    assert terminal.sale("30.00", "visa", entry="manual").ok
    assert terminal.void().ok
    assert terminal.sale("40.00", entry="manual").ok
    assert terminal.refund("15.00").ok
    assert terminal.pre_auth("50.00").ok
    assert terminal.sale("60.00", "poor").failed


def forget(terminal: RigTerminal, stan: str) -> None:
    """Have the terminal count something that the host does not know of."""
    books = terminal.state.batch_books
    records = tuple(
        replace(one, amount_minor=one.amount_minor + 1) if one.stan == stan else one for one in books.records
    )
    terminal._core.machine.state = replace(terminal.state, batch_books=replace(books, records=records))


def test_an_equal_batch_uploads_chips_and_begins_the_next_one(rig: Rig, terminal: RigTerminal) -> None:
    shop(terminal)
    totals = count_records(terminal.state.batch_books.records)
    assert totals.domestic == Totals(7000, 3, 1500, 1)
    assert totals.foreign == Totals(3000, 1, 3000, 1)
    result = terminal.settle()
    assert (result.outcome, result.sentence) == (
        Outcome.APPROVED,
        "batch 000001 settled: balanced; batch 000002 begins",
    )
    assert services(result) == ["settlement", "batch_upload_chip", "batch_upload_end"]
    assert terminal.state.batch == "000002"
    assert terminal.state.batch_books.records == ()
    assert rig.journal[-1].notes == ()
    assert terminal.sale("1.00").ok
    assert terminal.settle().ok


def test_its_slip_has_the_time_of_the_host_as_those_of_sales_have(rig: Rig) -> None:
    """A machine that tests run on seldom lives in the zone of the host."""
    terminal = rig.terminal(now=lambda: rig.local_time() - timedelta(hours=8))
    assert terminal.sale("10.00").ok
    rig.advance("3s")
    slip = terminal.settle().settlement
    assert slip is not None
    assert slip.at == f"{rig.local_time():%Y/%m/%d %H:%M:%S}"


def test_what_was_undone_is_not_counted(terminal: RigTerminal) -> None:
    terminal.sale("10.00")
    terminal.reverse()
    terminal.sale("20.00")
    terminal.void()
    terminal.reverse()
    assert count_records(terminal.state.batch_books.records).domestic == Totals(2000, 1)
    assert not terminal.state.batch_books.records[0].voided
    assert terminal.settle().sentence.startswith("batch 000001 settled: balanced")


def test_a_batch_that_is_not_equal_uploads_everything(rig: Rig, terminal: RigTerminal) -> None:
    shop(terminal)
    for number in range(8):
        terminal.sale(f"{number + 1}.00", entry="magstripe")
    forget(terminal, "000002")
    result = terminal.settle()
    assert result.sentence == "batch 000001 settled: domestic not balanced, foreign balanced; batch 000002 begins"
    assert services(result) == [
        "settlement", "batch_upload", "batch_upload", "batch_upload_advice", "batch_upload_chip", "batch_upload_end",
    ]  # fmt: skip
    ended = rig.journal[-1]
    assert ended.why == (
        "upload ended, 14 details uploaded: 13 agree, 1 differ; batch 000001 is closed, the open one is 000002"
    )
    assert ended.notes == ()
    assert terminal.sale("1.00").ok


def test_the_order_of_an_upload(terminal: RigTerminal) -> None:
    """Made without the host, chips last · requests · refunds · completions by advice · chips · what they refused."""
    terminal.ecash_sale("3.50")
    terminal.sale("10.00")
    terminal.sale("11.00", chip_refuses=True)
    terminal.pre_auth("50.00")
    terminal.complete("45.00", advice=True)
    terminal.refund("1.00", stan="000003")
    terminal.sale("12.00", entry="magstripe")
    terminal.offline_sale("40.00")
    forget(terminal, "000003")
    uploaded = [one for one in terminal.settle().exchanges if one.service.startswith("batch_upload")]
    kinds = [str(one.dialect.get_from(one.request, "transaction_type") or "") for one in uploaded]
    functions = [str(one.dialect.get_from(one.request, "function") or "") for one in uploaded]
    assert list(zip(kinds, functions, strict=True)) == [
        ("30", "000"),
        ("36", "000"),
        ("00", "201"),
        ("25", "000"),
        ("24", "000"),
        ("00", "205"),
        ("00", "206"),
        ("00", "202"),
    ]


def test_signing_off_after_it(rig: Rig, terminal: RigTerminal) -> None:
    terminal.sale("10.00")
    result = terminal.settle(sign_off=True)
    assert result.sentence.endswith("batch 000002 begins; signed off")
    assert not terminal.state.signed_on
    assert terminal.sale("1.00").ok  # it signs on first
    assert terminal.state.batch == "000002"


def test_batch_numbers_begin_anew(rig: Rig, terminal: RigTerminal) -> None:
    terminal.sign_on()
    rig.sessions[terminal.tid].batch = "999999"
    terminal._core.machine.state = replace(terminal.state, batch="999999")
    terminal.sale("10.00")
    assert terminal.settle().sentence.endswith("batch 000001 begins")
    assert terminal.sale("10.00").ok


def test_an_unsigned_sale_holds_the_batch() -> None:
    rig = Rig(unsigned_at_settlement="hold")
    terminal = rig.terminal()
    terminal.sale("10.00", entry="magstripe")
    result = terminal.settle()
    assert result.outcome is Outcome.DECLINED
    assert result.sentence == ("not settled: the host answers error; batch 000001 stays open, its journal says why")
    assert terminal.sign("王伟").ok
    assert terminal.sale("5.00", entry="contactless").ok  # the batch is open, and this one needs no signature
    assert terminal.settle().sentence.startswith("batch 000001 settled: balanced")  # what waits goes up first


def test_going_on_after_an_error() -> None:
    rig = Rig(unsigned_at_settlement="hold")
    terminal = rig.terminal()
    terminal.sale("10.00", entry="magstripe")
    result = terminal.settle(upload_after_error=True)
    assert result.sentence == "batch 000001 settled: error; batch 000002 begins"
    assert services(result) == ["settlement", "batch_upload", "batch_upload_end"]
    assert "its terminal went on" in rig.journal[-1].notes[0]


def test_a_refusal_keeps_the_batch() -> None:
    rig = Rig(rules=[{"name": "closed", "when": {"service": "settlement"}, "then": {"code": "90"}}])
    terminal = rig.terminal()
    terminal.sale("10.00")
    result = terminal.settle()
    assert result.sentence == "not settled: the host answers 90 end of day in progress"
    assert terminal.sale("1.00").ok


def test_an_owed_reversal_goes_first() -> None:
    rig = Rig(faults=["silent:service=sale,count=1", "silent:service=reversal,count=1"])
    terminal = rig.terminal()
    assert terminal.sale("10.00").reversal == "owed"
    assert services(terminal.settle()) == ["reversal", "settlement", "batch_upload_end"]


def test_nothing_is_sold_while_it_is_not_finished() -> None:
    rig = Rig(faults=["silent:service=batch_upload_end,count=3"])
    terminal = rig.terminal()
    terminal.sale("10.00", entry="magstripe")
    result = terminal.settle()
    assert result.outcome is Outcome.NO_ANSWER
    assert result.sentence == (
        "the settlement of batch 000001 is not finished, the end of its upload got no answer: 'settle' goes on with it"
    )
    refused = terminal.sale("5.00")
    assert refused.sentence == ("not sold: the settlement of batch 000001 is not finished: 'settle' goes on with it")
    assert services(terminal.settle()) == ["batch_upload_end"]
    assert terminal.sale("5.00").ok


def test_nothing_is_undone_while_it_is_not_finished() -> None:
    """The host has answered error, which the terminal has not kept: it asks the same totals again."""
    terminal = Rig(unsigned_at_settlement="hold", faults=["silent:service=settlement,count=1"]).terminal()
    assert terminal.sale("10.00", entry="manual").ok
    assert terminal.settle().outcome is Outcome.NO_ANSWER
    result = terminal.reverse()
    assert (result.outcome, result.sentence) == (
        Outcome.REFUSED,
        "not sent: the settlement of batch 000001 is not finished: 'settle' goes on with it",
    )
    assert terminal.settle().outcome is Outcome.DECLINED
    assert terminal.reverse().code == "00"
    assert terminal.settle().sentence == "batch 000001 settled: balanced; batch 000002 begins"


def test_a_lost_answer_is_given_again() -> None:
    rig = Rig(faults=["silent:service=settlement,count=1"])
    terminal = rig.terminal()
    terminal.sale("10.00", entry="magstripe")
    assert "its answer cannot be used" in terminal.settle().sentence
    assert terminal.settle().sentence.startswith("batch 000001 settled: balanced")
    assert [one.replayed for one in rig.journal if one.service == "settlement"] == [False, True]


def test_what_was_sent_once_stays_under_way_without_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Found by ``acquirer simulate --seed 10059``: the host had settled, and the terminal sold on in a closed batch."""
    rig = Rig(faults=["silent:service=settlement,count=1"])
    terminal = rig.terminal(offline_upload="before-settlement")
    terminal.sale("10.00", entry="magstripe")
    assert terminal.settle().outcome is Outcome.NO_ANSWER
    with monkeypatch.context() as cut:
        cut.setattr(terminal._connection, "ask", lambda _ask: NotSent("there is no line"))
        assert "is not finished, there is no connection" in terminal.settle().sentence
    assert "is not finished" in terminal.offline_sale("5.00").sentence
    assert terminal.settle().sentence.startswith("batch 000001 settled: balanced")
    assert terminal.state.batch == rig.sessions[terminal.tid].batch == "000002"


@pytest.mark.parametrize("code", ["91", "96", "77"])
def test_and_with_an_answer_that_says_nothing_about_the_first(code: str) -> None:
    refusal = {"name": "busy", "when": {"service": "settlement"}, "then": {"code": code}, "times": 1}
    rig = Rig(faults=["lost_request:service=settlement,count=1"], rules=[refusal])
    terminal = rig.terminal()
    terminal.sale("10.00", entry="magstripe")
    assert terminal.settle().outcome is Outcome.NO_ANSWER
    again = terminal.settle()
    assert (again.code, "is not finished, the host answers" in again.sentence) == (code, True)
    assert terminal.settle().sentence.startswith("batch 000001 settled: balanced")


def test_what_no_round_brings_up_is_on_the_slip() -> None:
    rig = Rig(faults=["silent:service=batch_upload,count=3"])
    terminal = rig.terminal()
    terminal.sale("10.00", entry="magstripe")
    forget(terminal, "000002")
    result = terminal.settle()
    assert (
        result.sentence
        == "batch 000001 settled: domestic not balanced, foreign balanced; 1 not uploaded; batch 000002 begins"
    )
    assert result.settlement is not None
    assert "UNSUCCESSFUL LIST" in render_settlement(result.settlement, lang="en")


@pytest.mark.parametrize("equal", [True, False])
def test_a_power_cut_at_any_step_loses_nothing(rig: Rig, equal: bool) -> None:
    step = 1
    while True:
        rig = Rig()
        terminal = rig.terminal()
        shop(terminal)
        if not equal:
            forget(terminal, "000002")
        cut = interrupted(terminal, settle(terminal._core.machine, SettleOrder()), step)
        if cut:
            assert terminal.settle().ok
        assert terminal.state.batch == rig.sessions[terminal.tid].batch == "000002"
        row = next(iter(rig.store.settlements.values()))
        assert (row.state, row.end, row.end_count) == ("closed", "207" if equal else "202", len(rig.store.details))
        assert terminal.sale("1.00").ok
        assert terminal.settle().sentence.startswith("batch 000002 settled: balanced")
        if not cut:
            break
        step += 1
    assert step > 5


def test_the_state_keeps_all_of_it(terminal: RigTerminal) -> None:
    vault = Vault(bytes(32))
    shop(terminal)
    books = terminal.state.batch_books

    def again(state: State) -> State:
        text = dump(state, vault, lambda size: bytes(size))
        assert "6212345678901232" not in text
        return load(text, vault)

    assert again(terminal.state).batch_books == books
    terminal.settle()
    assert again(terminal.state).batch_books == terminal.state.batch_books


class TestChipsThatRefuse:
    """What a chip refused, and what was approved although it did not recognise its issuer: 204 and 206."""

    def uploads(self, result: Result) -> list[tuple[str, str]]:
        """Return function and text of the details of chips, as they travelled."""
        sent = [one for one in result.exchanges if one.service == "batch_upload_chip"]
        names = ("function", "chip_detail")
        return [tuple(str(one.dialect.get_from(one.request, name)) for name in names) for one in sent]  # type: ignore[misc]

    def test_a_refusal_is_not_sent_and_in_no_total(self, rig: Rig, terminal: RigTerminal) -> None:
        terminal.sign_on()
        result = terminal.sale("30.00", chip_refuses=True)
        assert (result.outcome, services(result), result.receipt) == (Outcome.DECLINED, [], None)
        assert result.sentence == "not sold: the chip refuses it, and the host is not asked"
        assert terminal.ecash_sale("4.00", chip_refuses=True).sentence.startswith("not paid: the chip refuses it")
        assert count_records(terminal.state.batch_books.records).domestic == Totals()
        assert terminal.state.sales == ()

    def test_one_that_asks_no_chip_has_none_that_refuses(self, terminal: RigTerminal) -> None:
        with pytest.raises(OrderError, match="an entry by magstripe asks no chip"):
            terminal.sale("30.00", entry="magstripe", chip_refuses=True)

    def test_the_upload_tells_it_after_a_balanced_settlement(self, rig: Rig, terminal: RigTerminal) -> None:
        terminal.sale("10.00")
        terminal.sale("300.00", chip_refuses=True)
        result = terminal.settle()
        assert result.sentence == "batch 000001 settled: balanced; batch 000002 begins"
        assert self.uploads(result) == [("203", "610000000000001000156"), ("204", "71001100000003000015610")]
        assert [(one.form, one.match) for one in rig.store.details.values()] == [
            ("chip", "agrees"),
            ("refused", "no_money"),
        ]
        assert rig.journal[-1].notes == ()

    def test_and_after_another(self, rig: Rig, terminal: RigTerminal) -> None:
        terminal.sale("10.00", entry="magstripe")
        terminal.sale("300.00", chip_refuses=True)
        terminal.sale("20.00")
        forget(terminal, "000002")
        result = terminal.settle()
        assert self.uploads(result) == [("205", "610000000000002000156"), ("206", "71001100000003000015610")]
        assert rig.journal[-1].why.startswith("upload ended, 3 details uploaded: 1 agree, 1 differ, 1 moved no money")

    def test_an_issuer_that_is_not_recognised(self) -> None:
        icc = build_tlv([("9F36", bytes(2)), ("91", bytes(8) + b"00")]).hex()
        rig = Rig(rules=[{"name": "wrong", "when": {"service": "sale"}, "then": {"set": {"de.55": icc}}}])
        terminal = rig.terminal()
        sold = terminal.sale("10.00", "emv")
        assert sold.exchange is not None
        assert "the ARPC is not that of the card's issuer" in sold.exchange.notes
        assert count_records(terminal.state.batch_books.records).domestic == Totals(1000, 1)
        result = terminal.settle()
        assert result.sentence == "batch 000001 settled: balanced; batch 000002 begins"
        assert self.uploads(result) == [("204", "71000500000000100015622")]
        assert [(one.form, one.match) for one in rig.store.details.values()] == [("refused", "agrees")]
