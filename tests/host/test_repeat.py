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
    assert rig.booked_minor() == 1234


def test_after_the_sign_on_the_number_is_still_taken(rig, due):
    assert due.sale(999, stan="000002").code == "77"
    assert due.sign_on().code == "00"
    assert due.sale(999, stan="000002").code == "94"
    assert rig.booked_minor() == 1234
