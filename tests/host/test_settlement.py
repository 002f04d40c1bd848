"""Settlement, as a conversation: equal, not equal, error; once more, of another batch, with transactions around it."""

from __future__ import annotations

from typing import Any

import pytest

from acquirer.model.batches import Settlement
from acquirer.settlement.totals import BatchTotals, Totals, read_settlement
from acquirer.signature.jbig_encoder import encode_jbig
from acquirer.signature.pen import draw_signature
from tests.host.conftest import CARD, MID, TID, MakeRig, Pos, Rig
from tests.host.test_offline import offline

VISA = "4111111111111111"


def debit(minor: int, count: int) -> BatchTotals:
    return BatchTotals(Totals(minor, count))


def settlement(rig: Rig, batch: str = "000001") -> Settlement:
    return rig.store.settlements[MID, TID, batch]


def results(answer: Any) -> tuple[str, str]:
    return read_settlement(answer[48]).results


def test_an_equal_batch_is_closed_and_the_next_one_is_open(rig: Rig, pos: Pos) -> None:
    pos.sale(1000)
    pos.sale(234)
    answer = pos.settle(debit(1234, 2))
    assert (answer.message.mti, answer[39]) == ("0510", None)  # there is no DE 39: the results say it
    assert answer[48] == f"{1234:012}002" + "0" * 15 + "1" + "0" * 30 + "1"
    assert sorted(answer.message.fields) == [11, 12, 13, 15, 37, 41, 42, 48, 49, 60]
    assert answer.why == "balanced: debits 12.34 in 2; batch 000001 is closed, the next one is 000002"
    row = settlement(rig)
    assert (row.state, row.result, row.operator, row.host.domestic) == ("closed", "equal", "01", Totals(1234, 2))
    session = rig.store.sessions[TID]
    assert (session.batch, session.settled, session.settling) == ("000002", "000001", False)
    late = pos.sale(500)
    assert late.code == "77"
    assert "batch 000001, which was settled and is closed" in late.why or "batch 000002 open" in late.why
    pos.batch = "000002"
    assert pos.sale(500).code == "00"


def test_an_empty_batch_is_equal_too(pos: Pos) -> None:
    answer = pos.settle()
    assert results(answer) == ("1", "1")
    assert answer.why == "balanced: nothing; batch 000001 is closed, the next one is 000002"


def test_totals_are_gross_and_what_was_undone_is_in_none_of_them(pos: Pos) -> None:
    """A voided or refunded sale stays among the debits; what was declined or reversed is not counted."""
    pos.sale(1000)
    voided = pos.last
    pos.void(voided, 1000)
    refunded = pos.sale(2000)
    pos.refund(str(refunded[37]), 500)
    pos.sale(4000)
    pos.reverse(pos.last, 4000)
    pos.sale(8000, pan="6200000000000047")  # it has no money
    pos.balance()
    assert results(pos.settle(BatchTotals(Totals(3000, 2, 1500, 2)))) == ("1", "1")


def test_a_void_that_was_reversed_is_no_credit(pos: Pos) -> None:
    pos.sale(1000)
    sale = pos.last
    pos.void(sale, 1000)
    pos.reverse(pos.last, 1000, processing_code="200000", transaction_type="23")
    assert results(pos.settle(debit(1000, 1))) == ("1", "1")


def test_foreign_cards_are_counted_apart(rig: Rig, pos: Pos) -> None:
    answer = pos.sale(1000, pan=VISA)
    assert answer[63] == "VIS"
    assert pos.sale(500)[63] == "CUP"
    answer = pos.settle(debit(1500, 2))
    assert results(answer) == ("2", "2")
    assert "domestic debits 15.00 in 2 at the terminal, 5.00 in 1 at the host" in answer.why
    assert "foreign debits 0.00 in 0 at the terminal, 10.00 in 1 at the host" in answer.why
    assert settlement(rig).host == BatchTotals(Totals(500, 1), Totals(1000, 1))


def test_one_half_may_be_equal_and_the_batch_is_not(pos: Pos) -> None:
    pos.sale(1000, pan=VISA)
    answer = pos.settle(BatchTotals(Totals(), Totals(1000, 2)))
    assert results(answer) == ("1", "2")
    assert answer.why.startswith("not balanced, batch 000001: foreign debits")


def test_a_batch_that_is_not_equal_takes_nothing_more_until_its_upload_ends(rig: Rig, pos: Pos) -> None:
    pos.sale(1000)
    sale = pos.last
    answer = pos.settle(debit(900, 1))
    assert answer[48] == f"{1000:012}001" + "0" * 15 + "2" + "0" * 30 + "1"  # the host's totals
    assert settlement(rig).state == "uploading"
    late = pos.sale(100)
    assert late.code == "77"
    assert late.why.endswith("was settled and not balanced: end its upload (202 or 207), then use the next batch")
    assert pos.void(sale, 1000).code == "77"
    assert pos.reverse(sale, 1000).code == "25"
    assert pos.end_upload(0).code == "00"
    assert rig.store.sessions[TID].batch == "000002"
    pos.batch = "000002"
    assert pos.sale(100).code == "00"


@pytest.mark.parametrize("given", [debit(1000, 1), debit(900, 1)])
def test_the_same_settlement_again_gets_the_same_answer(rig: Rig, pos: Pos, given: BatchTotals) -> None:
    pos.sale(1000)
    first = pos.settle(given)
    rig.advance(60)
    again = pos.settle(given, stan=pos.last)
    assert again.message is not None
    assert first.message is not None
    assert again.message.fields == first.message.fields
    assert again.evidence[-1].replayed
    assert "its answer is given again" in again.why
    assert settlement(rig).version == 1


def test_other_totals_of_a_batch_that_is_not_closed_are_compared_anew(rig: Rig, pos: Pos) -> None:
    pos.sale(1000)
    assert results(pos.settle(debit(900, 1))) == ("2", "1")
    assert results(pos.settle(debit(1000, 1))) == ("1", "1")
    row = settlement(rig)
    assert (row.state, row.result, row.version) == ("closed", "equal", 2)


def test_a_closed_batch_stays_as_it_was(rig: Rig, pos: Pos) -> None:
    pos.sale(1000)
    pos.settle(debit(1000, 1))
    answer = pos.settle(debit(2000, 1))
    assert results(answer) == ("2", "1")
    assert answer.why == "batch 000001 is closed, and stays as it was; the host had counted debits 10.00 in 1"
    assert settlement(rig).version == 1


def test_a_batch_that_never_was_is_refused_with_a_code(pos: Pos) -> None:
    answer = pos.settle(batch="000009")
    assert answer.code == "77"
    assert "has never settled one of this number" in answer.why


def test_what_was_settled_is_not_reversed_any_more(pos: Pos) -> None:
    pos.sale(1000)
    sale = pos.last
    pos.settle(debit(1000, 1))
    answer = pos.reverse(sale, 1000)
    assert answer.code == "25"
    assert "was counted in batch 000001, which was settled" in answer.why


def test_a_refund_of_a_closed_batch_is_of_the_open_one(rig: Rig, pos: Pos) -> None:
    sale = pos.sale(1000)
    pos.settle(debit(1000, 1))
    pos.batch = "000002"
    assert pos.refund(str(sale[37]), 300).code == "00"
    assert results(pos.settle(BatchTotals(Totals(0, 0, 300, 1)))) == ("1", "1")
    assert settlement(rig).host.domestic == Totals(1000, 1)


def test_it_needs_no_sign_on_and_comes_after_sign_off(rig: Rig, pos: Pos) -> None:
    pos.sale(1000)
    pos.sign_off()
    rig.advance(24 * 3600)
    assert results(pos.settle(debit(1000, 1))) == ("1", "1")


@pytest.mark.parametrize(
    ("text", "problem"), [("0" * 60, "have 62 digits"), ("A" * 62, "digits only"), ("0" * 31, "")], ids=str
)
def test_totals_that_cannot_be_read(pos: Pos, text: str, problem: str) -> None:
    answer = pos.settle(settlement=text)
    if problem:
        assert answer.code == "30"
        assert problem in answer.why
    else:  # the domestic half alone
        assert results(answer) == ("1", "1")
        assert len(str(answer[48])) == 62


def test_batch_numbers_begin_anew_after_the_last_one(rig: Rig, pos: Pos) -> None:
    rig.store.sessions[TID].batch = pos.batch = "999999"
    pos.sale(1000)
    answer = pos.settle(debit(1000, 1))
    assert "the next one is 000001" in answer.why
    assert rig.store.sessions[TID].batch == "000001"


def test_a_batch_with_the_number_of_an_old_one_is_counted_from_its_own_beginning(rig: Rig, pos: Pos) -> None:
    pos.sale(1000)
    pos.settle(debit(1000, 1))
    rig.store.sessions[TID].batch = pos.batch = "999999"
    pos.settle()
    pos.batch = "000001"
    rig.advance(60)
    pos.sale(300)
    assert results(pos.settle(debit(300, 1))) == ("1", "1")
    assert settlement(rig).host.domestic == Totals(300, 1)


def test_more_transactions_than_the_message_has_room_for(rig: Rig, pos: Pos) -> None:
    for _ in range(1000):
        pos.sale(1)
    answer = pos.settle(debit(999, 999))
    assert results(answer) == ("3", "3")
    assert "which has room for 999 transactions" in answer.why
    assert settlement(rig).result == "error"
    assert pos.end_upload(0).code == "00"
    assert rig.store.sessions[TID].batch == "000002"


def test_a_terminal_that_uses_the_next_batch_leaves_an_upload_behind(rig: Rig, pos: Pos) -> None:
    pos.sale(1000)
    pos.settle(debit(900, 1))
    pos.batch = "000002"
    answer = pos.sale(100)
    assert answer.code == "00"
    assert "left: the upload of batch 000001 has not ended" in answer.notes
    assert rig.store.sessions[TID].batch == "000002"
    assert settlement(rig).state == "uploading"  # as it was left
    assert pos.sign_on().code == "00"
    assert pos.batch == "000002"


def test_a_sign_on_in_the_middle_keeps_the_batch_that_is_uploaded(pos: Pos) -> None:
    pos.sale(1000)
    pos.settle(debit(900, 1))
    pos.sign_on()
    assert pos.batch == "000001"
    assert pos.end_upload(0).code == "00"
    pos.sign_on()
    assert pos.batch == "000002"


def test_a_sign_off_after_it_says_the_next_batch(new_rig: MakeRig) -> None:
    rig = new_rig()
    rig.register(required="per-batch")
    pos = rig.pos()
    pos.sign_on()
    pos.sale(1000)
    pos.settle(debit(1000, 1))
    answer = pos.sign_off()  # still with the batch that was settled
    assert answer.message is not None
    assert rig.host.dialect.get(answer.message, "batch") == "000002"
    pos.sign_on()
    assert pos.batch == "000002"  # counted up once, not twice
    pos.sale(100)
    pos.sign_off()
    pos.sign_on()
    assert pos.batch == "000003"


# -- the shown totals, and transactions without a signature ------------------------------------------------------------


@pytest.mark.parametrize(("shown", "minor", "count"), [("host", 1000, 1), ("terminal", 900, 1)])
def test_whose_totals_a_reply_has_that_is_not_equal(new_rig: MakeRig, shown: str, minor: int, count: int) -> None:
    rig = new_rig(settlement_reply=shown)
    rig.register()
    pos = rig.pos()
    pos.sign_on()
    pos.sale(1000)
    assert read_settlement(str(pos.settle(debit(900, 1))[48])).totals == debit(minor, count)


def test_a_reply_without_offline_sales(new_rig: MakeRig) -> None:
    """The quirk of a host that keeps offline sales apart: its totals hold them, and its reply does not (Q/CUP 009)."""
    rig = new_rig(settlement_reply="host-without-offline")
    rig.register()
    pos = rig.pos()
    pos.sign_on()
    pos.sale(1000)
    assert offline(pos, 2000, pan=CARD).code == "00"
    shown = read_settlement(str(pos.settle(debit(900, 1))[48]))
    assert (shown.totals, shown.results) == (debit(1000, 1), ("2", "1"))
    assert settlement(rig).host == debit(3000, 2)
    assert results(pos.settle(debit(3000, 2))) == ("1", "1"), "what is equal is shown as it is"


@pytest.mark.parametrize("policy", ["accept", "flag", "hold"])
def test_transactions_without_a_signature(new_rig: MakeRig, policy: str) -> None:
    rig = new_rig(unsigned_at_settlement=policy)
    rig.register()
    pos = rig.pos()
    pos.sign_on()
    pos.sale(1000)
    unsigned = pos.last
    pos.sale(500, entry_mode="072", pan=CARD)  # contactless and small: it needs none
    answer = pos.settle(debit(1500, 2))
    if policy == "hold":
        assert results(answer) == ("3", "3")
        assert answer.why == (
            f"held: 1 transaction lacks a signature (STAN {unsigned}); batch 000001 stays open (unsigned_at_settlement "
            "= hold), the results say error: upload the signatures, then settle again"
        )
        assert settlement(rig).state == "held"
        assert pos.sale(1).code == "00"  # the batch is open
        return
    assert results(answer) == ("1", "1")
    assert ("unsigned: 1 transaction lacks a signature" in answer.notes) == (policy == "flag")


def test_a_held_batch_is_settled_once_its_signatures_are_there(new_rig: MakeRig) -> None:
    rig = new_rig(unsigned_at_settlement="hold")
    rig.register()
    pos = rig.pos()
    pos.sign_on()
    pos.sale(1234)
    sale = pos.last
    assert results(pos.settle(debit(1234, 1))) == ("3", "3")
    assert pos.upload(sale, encode_jbig(draw_signature("Ann", seed=1))).code == "00"
    assert results(pos.settle(debit(1234, 1))) == ("1", "1")
    assert (settlement(rig).state, settlement(rig).version) == ("closed", 2)


# -- sales in flight ---------------------------------------------------------------------------------------------------


def test_a_sale_that_is_committed_first_is_in_the_batch(rig: Rig, pos: Pos) -> None:
    sale = rig.start(pos.sale_frame(1000)).to_commit()
    settling = rig.start(pos.settlement_frame(debit(1000, 1), stan=pos.next_stan())).to_commit()
    assert sale.finish().code == "00"
    assert results(settling.finish()) == ("1", "1")  # its commit conflicts: it counts anew


@pytest.mark.parametrize("given", [BatchTotals(), debit(1, 1)])
def test_a_sale_that_is_committed_after_the_settlement_is_refused(rig: Rig, pos: Pos, given: BatchTotals) -> None:
    sale = rig.start(pos.sale_frame(1000)).to_commit()
    settling = rig.start(pos.settlement_frame(given, stan=pos.next_stan())).to_commit()
    settling.finish()
    assert sale.finish().code == "77"
    assert settlement(rig).host == BatchTotals()
    assert rig.transactions == []
