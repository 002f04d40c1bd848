"""What is made without the host waits for its upload: when it goes up, what survives, what is listed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from acquirer.host.batch_totals import batch_totals
from acquirer.settlement.totals import BatchTotals
from acquirer.slip.settlement_slip import render_settlement
from acquirer.terminal.batch_records import count_records
from acquirer.terminal.effects import Ask, NoAnswer, NotSent
from acquirer.terminal.exchange import Outcome, Result
from acquirer.terminal.offline_queue import upload_queue
from acquirer.terminal.offline_sale import offline_sale
from acquirer.testing.rig import Rig
from acquirer.testing.rig_terminal import RigTerminal
from tests.terminal.power_cut import interrupted

if TYPE_CHECKING:
    from collections.abc import Callable

    from acquirer.terminal.order import Order
    from tests.terminal.conftest import Bench, Foreign


def waiting(rig: Rig, when: str = "after-next", **options: Any) -> RigTerminal:
    """Return a terminal that is signed on and keeps what is made without the host."""
    terminal = rig.terminal(offline_upload=when, **options)
    terminal.sign_on()
    return terminal


def sent(result: Result) -> list[str]:
    return [f"{one.mti} {one.service} {one.code}".rstrip() for one in result.exchanges]


def host_totals(rig: Rig, batch: str = "000001") -> BatchTotals:
    return batch_totals(rig.host.dialect, [one for one in rig.transactions if one.key.batch == batch])


def totals(terminal: RigTerminal) -> BatchTotals:
    return count_records(terminal.state.batch_books.records)


def without_line(terminal: RigTerminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal._connection, "ask", lambda _ask: NotSent("there is no line"))


class TestWhenItGoesUp:
    def test_nothing_is_sent_before(self) -> None:
        rig = Rig()
        terminal = waiting(rig)
        result = terminal.offline_sale("40.00", auth_id="A12345")
        assert (result.outcome, result.code, sent(result)) == (Outcome.DONE, "", [])
        assert result.sentence == "1 transaction (40.00) made without the host waits: 'upload' sends what is kept"
        assert result.receipt is not None
        assert (result.receipt.auth_id, result.receipt.rrn, result.receipt.stan) == ("A12345", "", result.stan)
        assert rig.transactions == []

    def test_after_the_next_transaction(self) -> None:
        rig = Rig()
        terminal = waiting(rig)
        first = terminal.offline_sale("40.00")
        terminal.ecash_sale("3.50")
        terminal.tip("4.00", stan=first.stan)
        assert sent(terminal.sale("10.00")) == [
            "0200 sale 00",
            "0220 offline_sale 00",
            "0220 tip_adjustment 00",
            "0200 ecash_sale 00",  # what a chip has approved goes last
        ]
        assert terminal.state.queue == ()
        assert totals(terminal) == host_totals(rig)

    def test_a_foreign_card_is_known_by_the_answer(self) -> None:
        rig = Rig()
        terminal = waiting(rig)
        terminal.offline_sale("40.00", "visa")
        terminal.upload()
        assert totals(terminal).foreign.debit_minor == 4000
        assert totals(terminal) == host_totals(rig)

    def test_only_before_the_settlement(self) -> None:
        rig = Rig()
        terminal = waiting(rig, "before-settlement")
        terminal.offline_sale("40.00")
        assert sent(terminal.sale("10.00")) == ["0200 sale 00"]
        settled = terminal.settle()
        assert sent(settled)[:2] == ["0220 offline_sale 00", "0500 settlement"]
        assert settled.sentence == "batch 000001 settled: balanced; batch 000002 begins"

    def test_when_so_many_wait(self) -> None:
        terminal = waiting(Rig(), "before-settlement", offline_most=2)
        assert sent(terminal.offline_sale("40.00")) == []
        assert sent(terminal.offline_sale("41.00")) == ["0220 offline_sale 00", "0220 offline_sale 00"]

    def test_before_a_sign_off_and_by_hand(self) -> None:
        terminal = waiting(Rig(), "before-settlement")
        terminal.offline_sale("40.00")
        assert sent(terminal.upload()) == ["0220 offline_sale 00"]
        terminal.offline_sale("41.00")
        assert sent(terminal.sign_off()) == ["0220 offline_sale 00", "0820 sign_off 00"]

    def test_before_the_host_is_to_do_something_to_it(self) -> None:
        terminal = waiting(Rig(), "before-settlement")
        coffee = terminal.ecash_sale("3.50")
        assert sent(terminal.refund("1.50", stan=coffee.stan)) == ["0200 ecash_sale 00", "0220 ecash_refund 00"]
        shoes = terminal.offline_sale("40.00")
        assert sent(terminal.refund("10.00", stan=shoes.stan)) == ["0220 offline_sale 00", "0220 refund 00"]

    def test_a_sign_off_says_what_still_waits(self) -> None:
        terminal = waiting(Rig(faults=["silent:service=offline_sale"]))
        terminal.offline_sale("40.00")
        signed_off = terminal.sign_off()
        assert (signed_off.code, sent(signed_off)) == ("00", ["0220 offline_sale", "0820 sign_off 00"])
        assert signed_off.sentence.startswith("1 transaction (40.00) made without the host waits")

    def test_before_the_host_is_to_void_what_has_been_adjusted(self) -> None:
        rig = Rig()
        terminal = waiting(rig, "before-settlement")
        dinner = terminal.sale("80.00")
        terminal.tip("8.00", stan=dinner.stan)
        assert sent(terminal.void(stan=dinner.stan)) == ["0220 tip_adjustment 00", "0200 void 25"]
        assert totals(terminal) == host_totals(rig)


class TestTrouble:
    def test_without_a_line_it_is_sold_all_the_same(self, monkeypatch: pytest.MonkeyPatch) -> None:
        terminal = waiting(Rig())
        without_line(terminal, monkeypatch)
        assert terminal.offline_sale("40.00").ok
        refused = terminal.settle()
        assert (refused.outcome, len(terminal.state.queue)) == (Outcome.NOT_SENT, 1)
        assert refused.sentence == (
            "not settled: 0 uploaded, 0 not taken; 1 transaction (40.00) made without the host waits: 'upload' sends "
            "what is kept, 'settle --drop-reversal' gives it up"
        )
        monkeypatch.undo()
        assert terminal.settle().sentence == "batch 000001 settled: balanced; batch 000002 begins"

    def test_a_reversal_that_is_owed_keeps_no_one_from_selling_without_the_host(self) -> None:
        rig = Rig(faults=["silent:service=sale,times=1", "silent:service=reversal,times=1"])
        terminal = waiting(rig)
        assert terminal.sale("10.00").reversal == "owed"
        assert terminal.offline_sale("40.00").ok
        assert sent(terminal.sale("11.00")) == ["0400 reversal 00", "0200 sale 00", "0220 offline_sale 00"]

    def test_one_without_an_answer_is_repeated(self) -> None:
        rig = Rig(faults=["silent:service=offline_sale,times=1"])
        terminal = waiting(rig)
        terminal.offline_sale("40.00")
        terminal.offline_sale("41.00")
        assert sent(terminal.sale("10.00")) == ["0200 sale 00", "0220 offline_sale"]  # the second one is not tried
        assert sent(terminal.sale("11.00")) == ["0200 sale 00", "0221 offline_sale 00", "0220 offline_sale 00"]
        assert totals(terminal) == host_totals(rig)

    def test_a_repeat_that_is_answered_94_is_taken(
        self, make_bench: type[Bench], signed_on: Bench, host: Foreign, make_order: Callable[..., Order]
    ) -> None:
        bench = make_bench(signed_on.state, offline_upload="after-next")
        bench.run(offline_sale(bench.machine, make_order(4000, entry="manual")))
        bench.run(upload_queue(bench.machine), NoAnswer("lost", 1))
        bench.run(upload_queue(bench.machine), host.reply("94"))
        assert [one.mti for one in bench.requests] == ["0220", "0221"]
        assert (bench.state.queue, len(bench.state.batch_books.records)) == ((), 1)

    def test_a_first_message_that_is_answered_94_is_refused(
        self, make_bench: type[Bench], signed_on: Bench, host: Foreign, make_order: Callable[..., Order]
    ) -> None:
        bench = make_bench(signed_on.state, offline_upload="after-next")
        bench.run(offline_sale(bench.machine, make_order(4000, entry="manual")))
        bench.run(upload_queue(bench.machine), host.reply("94"))
        books = bench.state.batch_books
        assert (bench.state.queue, books.records, len(books.not_taken)) == ((), (), 1)

    def test_its_tries_come_to_an_end_until_the_settlement(self) -> None:
        rig = Rig(faults=["silent:service=offline_sale,times=4"])
        terminal = waiting(rig)
        terminal.offline_sale("40.00")
        for _ in range(3):
            assert sent(terminal.sale("10.00"))[1:]
        assert sent(terminal.sale("10.00"))[1:] == []
        settled = terminal.settle()
        assert sent(settled)[:3] == ["0221 offline_sale", "0221 offline_sale 00", "0500 settlement"]
        assert settled.sentence == "batch 000001 settled: balanced; batch 000002 begins"

    def test_what_the_host_refuses_is_listed(self) -> None:
        rules = [{"name": "no", "when": {"service": "offline_sale", "amount": "40.00"}, "then": {"code": "05"}}]
        rig = Rig(rules=rules)
        terminal = waiting(rig)
        terminal.offline_sale("40.00", sign="王伟")
        terminal.offline_sale("41.00")
        sold = terminal.sale("10.00")
        assert sent(sold) == ["0200 sale 00", "0220 offline_sale 05", "0220 offline_sale 00"]
        assert [slip.receipt.amount_minor for slip in sold.slips] == [4000]  # signed on paper instead
        assert [one.service for one in terminal.state.sales] == ["offline_sale", "sale"]
        assert totals(terminal) == host_totals(rig)
        settled = terminal.settle()
        assert settled.sentence == "batch 000001 settled: balanced; 1 not taken; batch 000002 begins"
        assert settled.settlement is not None
        slip = render_settlement(settled.settlement, lang="en")
        assert slip.partition("DENIED LIST")[2].split()[:3] == ["000002", "L", "40.00"]
        assert terminal.settle().sentence == "batch 000002 settled: balanced; batch 000003 begins"

    def test_a_refused_adjustment_leaves_its_sale(self) -> None:
        rig = Rig(rules=[{"name": "no", "when": {"service": "tip_adjustment"}, "then": {"code": "05"}}])
        terminal = waiting(rig)
        dinner = terminal.sale("80.00")
        terminal.tip("8.00", stan=dinner.stan)
        assert totals(terminal).domestic.debit_minor == 8800
        terminal.upload()
        assert totals(terminal) == host_totals(rig)
        assert totals(terminal).domestic.debit_minor == 8000
        assert not terminal.state.sales[-1].voided

    def test_what_is_adjusted_is_not_adjusted_again(self) -> None:
        rig = Rig()
        terminal = waiting(rig)
        dinner = terminal.offline_sale("80.00")
        assert terminal.adjust("40.00", stan=dinner.stan).outcome is Outcome.DONE
        again = terminal.tip("8.00", stan=dinner.stan)
        assert (again.outcome, again.sentence) == (
            Outcome.REFUSED,
            "not adjusted: the offline sale of STAN 000002 is voided, completed or adjusted already",
        )
        assert totals(terminal).domestic.debit_minor == 4000
        assert terminal.settle().sentence.startswith("batch 000001 settled: balanced")

    def test_what_is_given_up_is_listed(self) -> None:
        rig = Rig(faults=["lost_request:service=offline_sale"])
        terminal = waiting(rig)
        terminal.offline_sale("40.00")
        assert terminal.settle().outcome is Outcome.NO_ANSWER
        settled = terminal.settle(drop_reversal=True)
        assert settled.sentence == "batch 000001 settled: balanced; 1 not uploaded; batch 000002 begins"

    def test_a_host_that_wants_a_sign_on_gets_it_first(self) -> None:
        rig = Rig()
        terminal = waiting(rig)
        terminal.offline_sale("40.00")
        rig.advance(24 * 3600)
        assert sent(terminal.upload()) == ["0220 offline_sale 77", "0800 sign_on 00", "0220 offline_sale 00"]

    def test_a_terminal_that_owes_an_upload_is_not_reset(self) -> None:
        terminal = waiting(Rig())
        terminal.set_up_operators("9000", "9900")
        terminal.add_operator("01", "1111", supervisor="9000")
        terminal.log_on("01", "1111")
        terminal.offline_sale("40.00")
        assert terminal.reset(administrator="9900").sentence.startswith(
            "not reset: 1 transaction (40.00) made without the host"
        )


class TestSignatures:
    def test_they_wait_for_their_transaction(self) -> None:
        rig = Rig()
        terminal = waiting(rig)
        terminal.offline_sale("40.00", sign="王伟")
        assert terminal.state.waiting[0].feature == "00020100"  # of batch and STAN: there is no reference number yet
        assert sent(terminal.sale("10.00")) == ["0200 sale 00", "0220 offline_sale 00", "0820 signature 00"]

    def test_one_whose_transaction_got_no_answer_stays(self) -> None:
        terminal = waiting(Rig(faults=["silent:service=offline_sale,times=1"]))
        terminal.offline_sale("40.00", sign="王伟")
        assert sent(terminal.sale("10.00")) == ["0200 sale 00", "0220 offline_sale"]
        assert sent(terminal.sale("10.00"))[1:] == ["0221 offline_sale 00", "0820 signature 00"]

    def test_also_where_they_go_up_at_once(self) -> None:
        terminal = waiting(Rig(), sign_upload="at-once")
        kept = terminal.offline_sale("40.00")
        assert sent(terminal.sign("王伟", stan=kept.stan)) == []
        assert sent(terminal.sale("10.00")) == ["0200 sale 00", "0220 offline_sale 00", "0820 signature 00"]


@pytest.mark.parametrize("lose", [False, True])
def test_a_power_cut_at_any_step_loses_and_doubles_nothing(lose: bool) -> None:
    for steps in range(1, 40):
        rig = Rig()
        terminal = waiting(rig)
        terminal.offline_sale("40.00")
        terminal.ecash_sale("3.50")
        uploading = upload_queue(terminal._core.machine, 2, all_left=True)
        cut = interrupted(terminal, uploading, steps, lose=lose)
        terminal.upload()
        assert terminal.state.queue == ()
        assert [(one.kind, one.state) for one in rig.transactions] == [
            ("offline_sale", "approved"),
            ("ecash_sale", "approved"),
        ]
        assert totals(terminal) == host_totals(rig)
        assert terminal.settle().sentence == "batch 000001 settled: balanced; batch 000002 begins"
        if not cut:
            break
    else:
        pytest.fail("it was interrupted every time")


def test_the_undoing_of_a_void_without_an_answer_opens_no_sale_that_was_adjusted_since(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Found by ``acquirer simulate --seed 183``: the tip was counted, and the sale in whose place it stands too."""
    rig = Rig()
    terminal = waiting(rig, "before-settlement")
    stan = terminal.sale("100.00").stan
    reach_host, frames = terminal._connection.ask, list[Ask]()

    def lose(ask: Ask) -> NoAnswer:
        """Lose the answer to the void, and its reversal whole."""
        if not frames:
            reach_host(ask)
        frames.append(ask)
        return NoAnswer("waited 60 s", 1)

    with monkeypatch.context() as silent:
        silent.setattr(terminal._connection, "ask", lose)
        assert terminal.void(stan=stan).reversal == "owed"
    assert terminal.tip("110.00", stan=stan).outcome is Outcome.DONE  # kept for its upload: it stands in its place
    assert terminal.sale("5.00").ok  # the reversal goes out before it, and the host's sale lives again
    assert terminal.state.pending is None

    again = terminal.tip("112.00", stan=stan)
    assert (again.outcome, again.sentence.endswith("voided, completed or adjusted already")) == (Outcome.REFUSED, True)
    assert terminal.settle().sentence.startswith("batch 000001 settled: balanced")
    assert host_totals(rig).domestic.debit_minor == 21_500
