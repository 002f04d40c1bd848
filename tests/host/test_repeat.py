"""A transaction number that comes again: what makes it another transaction, and what a sign-on that is due changes."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("changed", "difference"),
    [
        ({"currency": "840"}, "currency"),
        ({"amount": 1235}, "amount"),
        ({"pan": "6200000000000005"}, "card"),
    ],
)
def test_one_difference_makes_it_another_sale(rig, pos, changed, difference):
    assert pos.sale().code == "00"
    answer = pos.sale(stan=pos.last, **changed)
    assert answer.code == "94"
    assert difference in answer.why
    assert "stan-reuse" in answer.notes
    assert rig.booked_minor() == 1234


def test_a_repeat_without_a_difference_gets_the_stored_answer(rig, pos):
    first = pos.sale()
    again = pos.sale(stan=pos.last)
    assert (again.code, again[37]) == ("00", first[37])
    assert rig.booked_minor() == 1234


@pytest.fixture
def due(rig, pos):
    """Return a POS that has sold once and must sign on before it sells again."""
    assert pos.sale().code == "00"
    assert pos.sign_off().code == "00"
    return pos


def test_while_a_sign_on_is_due_the_same_sale_gets_its_stored_answer(rig, due):
    assert due.sale(stan="000002").code == "00"
    assert rig.booked_minor() == 1234


def test_while_a_sign_on_is_due_another_sale_under_the_number_is_sent_to_sign_on(rig, due):
    """Not 94: the terminal would take another number and be refused again."""
    answer = due.sale(999, stan="000002")
    assert answer.code == "77"
    assert "signed off" in answer.why
    assert answer.message.raw[7] & 0x0F == rig.host.nibbles["sign_on"] == 3  # in the message header too
    assert answer.evidence[0].pan_masked == "621234******1232"
    assert rig.booked_minor() == 1234


def test_after_the_sign_on_the_number_is_still_taken(rig, due):
    assert due.sale(999, stan="000002").code == "77"
    assert due.sign_on().code == "00"
    assert due.sale(999, stan="000002").code == "94"
    assert rig.booked_minor() == 1234


def test_every_difference_is_named(rig, pos):
    """A number of a void that is used for a sale of everything else."""
    pos.sale()
    assert pos.void("000002", original_batch="000001").code == "00"
    answer = pos.sale(
        999, stan="000003", pan="6200000000000005", currency="840", rrn="000000000009",
        original_batch="000001", original_stan="000009",
    )  # fmt: skip
    assert answer.code == "94"
    assert answer.why == (
        "STAN 000003 of batch 000001 was used at 2025-03-10 12:00:00 for another void: kind void then, sale now; "
        "amount 12.34 then, 9.99 now; processing code 200000 then, 000000 now; currency 156 then, 840 now; "
        "transaction type 23 then, 22 now; card 621234******1232 then, 620000******0005 now; "
        "reference number 000000000002 then, 000000000009 now; original STAN 000002 then, 000009 now. "
        "The first stays as it was; number each transaction anew"
    )
    assert answer.notes.startswith("stan-reuse: one transaction number for two different transactions")


def test_the_card_of_a_track_differs_too(rig, pos):
    pos.sale()
    pos.void("000002", original_batch="000001")
    answer = pos.void("000002", stan="000003", rrn="000000000009", pan=None, track2="6200000000000005D30122010000")
    assert "reference number 000000000002 then, 000000000009 now" in answer.why
    assert "card 621234******1232 then, 620000******0005 now" in answer.why
    zeros = pos.void("000002", stan="000003", original_stan="000000")
    assert "original STAN" not in zeros.why


def test_a_terminal_may_want_no_repeats(new_rig):
    rig = new_rig()
    rig.register(repeat="decline")
    pos = rig.pos()
    pos.sign_on()
    first = pos.sale()
    again = pos.sale(stan=pos.last)
    assert (first.code, again.code, again.notes) == ("00", "94", "")
    assert again.why.endswith("by this same sale (answered 00): this terminal's policy declines repeats")
    declared = pos.sale(stan=pos.last, mti="0201")
    assert (declared.code, declared.evidence[0].replayed) == ("00", True)


def test_what_a_terminal_sent_is_named_without_harm(pos):
    """Found by `tests/fuzz/test_signed.py`: a currency of control characters reached the sentence, and so the log."""
    pos.sale(stan="000777")
    answer = pos.sale(stan="000777", currency="\x1b[A")
    assert answer.code == "94"
    assert "currency 156 then, 1B5B41 (hex) now" in answer.why
