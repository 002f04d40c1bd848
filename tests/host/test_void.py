"""Voids: a sale of this terminal is taken back once, whole, while its day and its batch last."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from acquirer.app.in_memory_store import InMemoryStore
from acquirer.host.registry import Undoing
from acquirer.host.services.void import undo
from acquirer.model.rows import Card, Transaction, TransactionKey
from tests.host.conftest import Pos, Rig

COUNTED = "6200000000000005"  # has a balance of 1000.00
OTHER = "6200000000000047"
KEY = TransactionKey("880210010210162", "10000161", "000001", "000003")


@pytest.fixture
def sold(rig: Rig, pos: Pos) -> Pos:
    """A terminal with an approved sale of 12.34, STAN 000002."""
    assert pos.sale().code == "00"
    return pos


def row(rig: Rig, stan: str):
    store: InMemoryStore = rig.store
    return next(one for key, one in store.transactions.items() if key.stan == stan)


def test_a_sale_is_voided_with_its_own_numbers(rig, sold):
    answer = sold.void("000002")
    assert (answer.code, answer[11], answer[4]) == ("00", "000003", "000000001234")
    assert answer.why == ("voided: the sale of 12.34 with STAN 000002, batch 000001 on terminal 10000161 is taken back")
    sale, void = row(rig, "000002"), row(rig, "000003")
    assert (sale.state, void.kind, void.state, void.original) == ("voided", "void", "approved", sale.key)
    assert answer.message is not None
    assert sold.suite.verify_reply(sold.keys, answer.message)


def test_its_repeat_is_answered_alike_and_takes_nothing_twice(rig, sold):
    frame = sold.void_frame("000002")
    first, again = rig.send(frame), rig.send(frame)
    assert (first.code, again.code, again.evidence[0].replayed) == ("00", "00", True)
    assert first[37] == again[37]


def test_a_second_void_finds_it_closed(sold):
    assert sold.void("000002").code == "00"
    again = sold.void("000002")
    assert again.code == "25"
    assert again.why.endswith("is voided already: it cannot be voided; make a new sale if the money is due")


def test_a_void_that_is_reversed_lets_the_sale_live_again(rig, sold):
    sold.void("000002")
    reversal = sold.reverse("000003", processing_code="200000", transaction_type="23", original_stan="000002")
    assert reversal.code == "00"
    assert reversal.why.startswith("reversed: the void of 12.34 with STAN 000003, batch 000001 is undone")
    assert [row(rig, stan).state for stan in ("000002", "000003")] == ["approved", "reversed"]
    assert sold.void("000002").code == "00"


def test_the_money_goes_back_to_the_card_and_comes_again(rig, pos):
    def spent():
        return rig.store.cards[rig.host.vault.token(COUNTED)].spent_minor

    pos.sale(30_000, pan=COUNTED)
    assert spent() == 30_000
    pos.void("000002", 30_000, pan=COUNTED)
    assert spent() == 0
    pos.reverse("000003", 30_000, pan=COUNTED, processing_code="200000", transaction_type="23")
    assert spent() == 30_000


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ({"stan_of": "000077"}, "25", "has booked nothing with STAN 000077 in batch 000001"),
        ({"pan": OTHER}, "14", "is of card 621234******1232, the message is of card 620000******0047"),
        ({"amount": 1200}, "64", "the void asks for 12.00: send the whole amount, 12.34"),
    ],
)
def test_what_is_refused_and_why(more, code, words, rig, sold):
    more = dict(more)
    answer = sold.void(more.pop("stan_of", "000002"), more.pop("amount", 1234), **more)
    assert answer.code == code
    assert words in answer.why
    assert row(rig, "000002").state == "approved"


def test_another_business_day(new_rig):
    for allowed, code in ((False, "25"), (True, "00")):
        rig = new_rig(void_other_day=allowed)
        rig.register(required="never")
        pos = rig.pos()
        pos.sign_on()
        pos.sale()
        rig.advance(86_400)
        answer = pos.void("000002")
        assert answer.code == code
        assert not allowed or "taken back" in answer.why


def test_a_closed_batch(new_rig):
    rig = new_rig()
    rig.register(required="per-batch")
    pos = rig.pos()
    pos.sign_on()
    pos.sale()
    pos.sign_off()
    pos.sign_on()
    answer = pos.void("000002", original_batch="000001")
    assert answer.code == "25"
    assert "belongs to a closed batch (batch 000002 is open)" in answer.why


def test_a_declined_sale_and_a_void_cannot_be_voided(rig, pos):
    pos.sale(0)
    assert pos.void("000002").code == "25"
    pos.sale()
    pos.void(pos.last)
    answer = pos.void(pos.last)
    assert (answer.code, "is a void: it cannot be voided" in answer.why) == ("25", True)


def test_without_a_valid_mac_nothing_is_taken_back(rig, sold):
    frame = sold.void_frame("000002")
    answer = rig.send(frame[:-1] + bytes((frame[-1] ^ 1,)))
    assert (answer.code, row(rig, "000002").state) == ("A0", "approved")


def test_a_reversal_of_the_voided_sale_changes_nothing(rig, sold):
    sold.void("000002")
    answer = sold.reverse("000002")
    assert (answer.code, row(rig, "000002").state) == ("25", "voided")
    assert "the sale was approved and voided since" in answer.why


def test_a_repeat_of_the_voided_sale_is_not_approved(rig, sold):
    frame = sold.sale_frame(stan="000009")
    rig.send(frame)
    sold.void("000009")
    answer = rig.send(frame)
    assert (answer.code, "was booked, and voided since" in answer.why) == ("94", True)


class TestRefusedCards:
    """A void is of a card like any other transaction: what is wrong with the card, or with its PIN, refuses it."""

    def test_an_unsound_card(self, rig, sold):
        answer = sold.void("000002", pan="6212345678901233")
        assert (answer.code, row(rig, "000002").state) == ("14", "approved")
        assert row(rig, "000003").state == "declined"

    def test_a_pin_that_does_not_open(self, rig, sold):
        block = {"security_control": "2600000000000000", "pin_block": bytes(8)}
        answer = sold.void("000002", entry_mode="011", **block)
        assert answer.code == "99"
        assert answer.why.startswith("under PIK KCV ")
        assert (row(rig, "000002").state, row(rig, "000003").state) == ("approved", "declined")

    def test_a_sale_in_another_currency(self, rig, sold):
        sale = row(rig, "000002")
        rig.store.transactions[sale.key] = replace(sale, currency="840")
        answer = sold.void("000002")
        assert (answer.code, answer.evidence[0].reason) == ("12", "currency_differs")
        assert answer.why.endswith(" is in currency 840, the message says 156; send 840")
        assert row(rig, "000002").state == "approved"


def test_a_void_whose_sale_is_gone_is_undone_alone():
    gone = undo(Undoing(Transaction(KEY, kind="void", amount_minor=1234), None, None))
    assert (gone.original, gone.card) == (None, None)
    other = undo(Undoing(Transaction(KEY, kind="void"), Transaction(KEY, state="reversed"), Card("c")))
    assert (other.original, other.card) == (None, None)


def test_a_void_that_is_undone_takes_the_money_again():
    sale = Transaction(KEY, state="voided", amount_minor=1234, business_date="20250310")
    undone = undo(Undoing(Transaction(KEY, kind="void", amount_minor=1234), sale, Card("c", day="20250310")))
    assert undone.original == replace(sale, state="approved")
    assert (undone.card.spent_minor, undone.card.day_spent_minor, undone.card.day_count) == (1234, 1234, 1)
    assert undo(Undoing(Transaction(KEY, kind="void"), sale, None)).card is None


def test_what_is_odd_about_a_pin_is_noted_whether_it_is_right_or_not(rig, pos):
    """The block is of format 0 without the card number (1), and the message says that it is with it (2)."""
    card, control = "6212345678900000003", "2600000000000001"

    def void(pin: str):
        block = pos.suite.pin_formats["1"].seal(pos.keys.pik, pin, card, Random(1).randbytes)
        more = {"entry_mode": "011", "security_control": control, "pin_capture": "12", "pin_block": block}
        return pos.void("000002", pan=card, **more)

    block = pos.suite.seal_pin(pos.keys, "123456", card, control, Random(1).randbytes)
    sold = pos.sale(pan=card, entry_mode="011", security_control=control, pin_capture="12", pin_block=block)
    assert (sold.code, sold.notes) == ("00", "")
    note = "pin: DE 53 (security control) 2600000000000001 says iso-0, the PIN block opened as iso-0-without-pan; "
    for pin, code in (("654321", "55"), ("123456", "00")):
        answer = void(pin)
        assert answer.code == code
        assert answer.notes == f"{note}begin DE 53 with 1"


def test_a_reversed_void_may_overdraw_its_card(rig: Rig, pos: Pos) -> None:
    """The sale was authorised: its money is taken again, although it was spent meanwhile."""
    card = "6200000000000005"  # has 1000.00
    assert pos.sale(80_000, pan=card).code == "00"
    sale = pos.last
    assert pos.void(sale, 80_000, pan=card).code == "00"
    void = pos.last
    assert pos.sale(50_000, pan=card).code == "00"
    answer = pos.reverse(void, 80_000, pan=card, processing_code="200000", transaction_type="23")
    assert answer.code == "00"
    assert answer.notes == (
        "overdrawn: card 'balance' has -300.00 left of 1000.00: what a reversal restores was authorised before, and is "
        "not refused for want of money"
    )
    assert pos.sale(1, pan=card).code == "51"
    assert pos.balance(pan=card)[54] == "1002156D000000030000"
