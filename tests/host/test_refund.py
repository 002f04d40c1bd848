"""Refunds: any terminal of the merchant, by reference number, date and card, until the amount is used up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acquirer.host.kinds import KINDS
from acquirer.host.registry import Undoing
from acquirer.host.services.refund import undo
from acquirer.model.rows import Card, Transaction, TransactionKey
from tests.host.conftest import Pos, Rig

COUNTED = "6200000000000005"
OTHER_TID = "10000162"
DAY_S = 86_400
KEY = TransactionKey("880210010210162", "10000161", "000001", "000003")


@pytest.fixture
def two(new_rig) -> tuple[Rig, Pos, Pos]:
    """Two terminals of one merchant; the first has sold 100.00 with STAN 000002."""
    rig = new_rig()
    for tid in ("10000161", OTHER_TID):
        rig.register(tid, required="never")
    first, second = rig.pos(), rig.pos(OTHER_TID)
    first.sign_on()
    second.sign_on()
    assert first.sale(10_000).code == "00"
    return rig, first, second


def sale(rig: Rig):
    return next(one for one in rig.store.transactions.values() if one.kind == "sale")


def test_partly_and_repeatedly_by_another_terminal(two):
    rig, _, second = two
    rrn = sale(rig).rrn
    first = second.refund(rrn, 4_000)
    assert (first.code, first.evidence[0].service) == ("00", "refund")
    assert first.why == (
        "refunded: 40.00 of the sale of 100.00 with STAN 000002, batch 000001 on terminal 10000161; "
        "60.00 of it may still be refunded"
    )
    assert (sale(rig).state, sale(rig).refunded_minor) == ("refunded", 4_000)
    above = second.refund(rrn, 6_001)
    assert (above.code, sale(rig).refunded_minor) == ("61", 4_000)
    assert "40.00 of it refunded before: 60.00 is left, the refund asks for 60.01" in above.why
    rest = second.refund(rrn, 6_000)
    assert (rest.code, sale(rig).refunded_minor) == ("00", 10_000)
    assert rest.why.endswith("nothing of it is left to refund")
    assert second.refund(rrn, 1).code == "61"


def test_the_repeat_of_an_advice_is_answered_alike(two):
    rig, _, second = two
    frame = second.refund_frame(sale(rig).rrn, 4_000, stan="000030")
    again = second.refund_frame(sale(rig).rrn, 4_000, stan="000030", mti="0221")
    assert [rig.send(frame).code, rig.send(again).code] == ["00", "00"]
    assert sale(rig).refunded_minor == 4_000


def test_after_its_batch_is_closed_and_within_thirty_days(two):
    rig, _, second = two
    rrn = sale(rig).rrn
    rig.advance(30 * DAY_S)
    assert second.refund(rrn, 1_000).code == "00"
    rig.advance(DAY_S)
    late = second.refund(rrn, 1_000)
    assert (late.code, "is 31 days old; this host refunds for 30 days" in late.why) == ("22", True)


def test_two_terminals_at_once_never_give_back_more_than_was_paid(two):
    rig, first, second = two
    rrn = sale(rig).rrn
    runs = [rig.start(pos.refund_frame(rrn, 6_000)).to_commit() for pos in (first, second)]
    assert sorted(str(run.finish().code) for run in runs) == ["00", "61"]
    assert sale(rig).refunded_minor == 6_000


def test_money_goes_back_to_a_counted_card(new_rig):
    rig = new_rig()
    rig.register()
    pos = rig.pos()
    pos.sign_on()
    pos.sale(30_000, pan=COUNTED)
    pos.refund(sale(rig).rrn, 10_000, pan=COUNTED)
    card = rig.store.cards[rig.host.vault.token(COUNTED)]
    assert (card.spent_minor, card.day_count) == (20_000, 1)


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"rrn": "999999999999"}, "25", "no terminal of merchant 880210010210162 has booked a sale"),
        (
            {"date": "0311"},
            "25",
            "and DE 61 (original date, characters 13–16) says 0311: send 0310, the date on the receipt",
        ),
        ({"pan": COUNTED}, "25", "is of card 621234******1232, the message is of card 620000******0005"),
        ({"original_stan": "000044"}, "25", "but the original data elements name STAN 000044"),
        ({"original_stan": "000002", "original_batch": "000001"}, "00", "refunded"),
        ({"amount": 0}, "13", "a refund needs an amount above zero"),
    ],
)
def test_what_is_refused_and_why(change, code, words, two):
    rig, _, second = two
    change = {"rrn": sale(rig).rrn, "amount": 1_000, **change}
    answer = second.refund(change.pop("rrn"), change.pop("amount"), **change)
    assert answer.code == code
    assert words in answer.why


def test_what_was_voided_reversed_or_declined_is_not_refunded(two):
    rig, first, second = two
    first.void("000002", 10_000)
    answer = second.refund(sale(rig).rrn, 1_000)
    assert (answer.code, "is voided already: it cannot be refunded" in answer.why) == ("25", True)
    first.sale(500, stan="000050")
    first.reverse("000050", 500)
    answer = second.refund(next(one.rrn for key, one in rig.store.transactions.items() if key.stan == "000050"), 500)
    assert (answer.code, "was reversed at" in answer.why) == ("25", True)


def test_a_refunded_sale_is_neither_voided_nor_reversed(two):
    rig, first, second = two
    second.refund(sale(rig).rrn, 1_000)
    assert first.void("000002", 10_000).code == "25"
    assert first.reverse("000002", 10_000).code == "25"
    assert (sale(rig).state, sale(rig).refunded_minor) == ("refunded", 1_000)


def test_an_advice_is_never_reversed(two):
    rig, _, second = two
    assert KINDS["refund"].reversible == "requests"
    second.refund(sale(rig).rrn, 1_000, stan="000060")
    answer = second.reverse("000060", 1_000, processing_code="200000", transaction_type="25")
    assert (answer.code, sale(rig).refunded_minor) == ("40", 1_000)
    assert answer.why == "a refund (0220) is never reversed: send it again until it is answered"


def test_a_sale_in_another_currency_is_not_refunded(two):
    rig, _, second = two
    row = sale(rig)
    rig.store.transactions[row.key] = replace(row, currency="978")
    answer = second.refund(row.rrn, 1_000)
    assert (answer.code, "is in currency 978, the message says 156" in answer.why) == ("12", True)


def test_a_used_stan_with_another_reference_number_is_no_repeat(two):
    rig, first, second = two
    first.sale(10_000, stan="000050")
    other = next(row for key, row in rig.store.transactions.items() if key.stan == "000050")
    assert second.refund(sale(rig).rrn, 5_000, stan="000070").code == "00"
    answer = second.refund(other.rrn, 5_000, stan="000070")
    assert (answer.code, "reference number" in answer.why) == ("94", True)
    assert rig.store.transactions[other.key].refunded_minor == 0


def test_every_reference_to_a_sale_keeps_it_longer(two):
    rig, first, second = two
    for refer in (
        lambda: second.refund(sale(rig).rrn, 1_000),
        lambda: first.upload(
            "000002",
            bytes.fromhex("0000010000000080000000010000000100000000000800ff02"),
            amount="000000010000",
        ),
    ):
        rig.advance(3_600)
        refer()
        assert sale(rig).used_us == rig.now_us


def test_a_refund_sent_as_a_request_can_be_reversed(two):
    rig, _, second = two
    row = sale(rig)
    second.refund(row.rrn, 1_000, stan="000061")
    refund = next(one for key, one in rig.store.transactions.items() if key.stan == "000061")
    rig.store.transactions[refund.key] = replace(refund, mti="0200")  # as dialects with a refund of that MTI book it
    rig.advance(3_600)
    answer = second.reverse("000061", 1_000, processing_code="200000", transaction_type="25")
    assert answer.code == "00"
    after = sale(rig)
    assert (after.state, after.refunded_minor, after.used_us) == ("approved", 0, rig.now_us)


def test_another_batch_than_the_sales_own_is_refused(two):
    rig, _, second = two
    answer = second.refund(sale(rig).rrn, 1_000, original_stan="000002", original_batch="000009")
    assert (answer.code, sale(rig).refunded_minor) == ("25", 0)


def test_undoing_a_refund_is_no_use_of_the_card(new_rig):
    rig = new_rig()
    rig.register()
    pos = rig.pos()
    pos.sign_on()
    pos.sale(30_000, pan=COUNTED)
    pos.refund(sale(rig).rrn, 10_000, pan=COUNTED, stan="000061")
    refund = next(one for key, one in rig.store.transactions.items() if key.stan == "000061")
    rig.store.transactions[refund.key] = replace(refund, mti="0200")
    pos.reverse("000061", 10_000, pan=COUNTED, processing_code="200000", transaction_type="25")
    card = rig.store.cards[rig.host.vault.token(COUNTED)]
    assert (card.spent_minor, card.day_count) == (30_000, 1)


def test_a_refund_whose_sale_is_gone_is_undone_alone():
    gone = undo(Undoing(Transaction(KEY, kind="refund", amount_minor=1234), None, None))
    assert (gone.original, gone.card) == (None, None)


@pytest.mark.parametrize(
    ("refunded", "left", "state"), [(1234, 234, "refunded"), (1000, 0, "approved"), (1, 0, "approved")]
)
def test_a_refund_that_is_undone(refunded, left, state):
    sale = Transaction(KEY, state="refunded", amount_minor=2000, refunded_minor=refunded, business_date="20250310")
    undone = undo(Undoing(Transaction(KEY, kind="refund", amount_minor=1000), sale, Card("c", day="20250310")))
    assert undone.original == replace(sale, state=state, refunded_minor=left)
    assert (undone.card.spent_minor, undone.card.day_spent_minor, undone.card.day_count) == (1000, 1000, 0)
    assert undo(Undoing(Transaction(KEY, kind="refund"), sale, None)).card is None
