"""Operators whom a terminal lists: who may sign on, and what is said of one who may not."""

from __future__ import annotations

from acquirer.host.explain.identity import OPERATORS_NAMED
from acquirer.model.rows import Policy
from acquirer.settlement.totals import BatchTotals, Totals


def listing(new_rig, *operators, **policy):
    """Return a host whose terminal lists operators."""
    rig = new_rig()
    rig.register(operators=operators, **policy)
    return rig


def signed_on_as(rig, operator):
    """Return the answer to a sign-on of an operator."""
    return rig.send(rig.pos().management("0800", "003", stan="000001", operator=operator))


def test_one_who_is_listed_signs_on(new_rig):
    rig = listing(new_rig, "01", "02")
    answer = signed_on_as(rig, "02 ")
    assert (answer.code, answer.notes) == ("00", "operator 02")
    assert [one.operator for one in rig.journal] == ["02"]


def test_one_who_is_not_listed_is_refused_and_nothing_changes(new_rig):
    rig = listing(new_rig, "01", "02")
    pos = rig.pos()
    assert pos.sign_on().code == "00"
    before = rig.sessions[pos.tid]
    answer = signed_on_as(rig, "07 ")
    assert answer.code == "58"
    assert answer.why == (
        "operator 07 (DE 63 (operator, characters 1–3)) is not registered with terminal 10000161, which lists 01, 02, "
        "beside the supervisor 00 and the administrator 99: sign on as one of them, or register this one too"
    )
    assert (rig.journal[-1].reason, rig.journal[-1].operator) == ("operator_unknown", "07")
    assert rig.sessions[pos.tid] == before
    assert pos.sale().code == "00"


def test_supervisor_and_administrator_are_operators_of_every_terminal(new_rig):
    rig = listing(new_rig, "01")
    assert [signed_on_as(rig, operator).code for operator in ("00 ", "99 ")] == ["00", "00"]


def test_three_digits_are_the_same_number(new_rig):
    rig = listing(new_rig, "01")
    answer = signed_on_as(rig, "001")
    assert (answer.code, answer.notes) == ("00", "operator 001")
    assert rig.journal[-1].operator == "01"


def test_a_policy_may_take_one_who_is_not_listed_with_a_note(new_rig):
    rig = listing(new_rig, "01", unlisted_operators=True)
    answer = signed_on_as(rig, "07 ")
    assert answer.code == "00"
    assert "unlisted-operator: operator 07 (DE 63" in answer.notes


def test_the_journal_of_a_sale_says_who_had_signed_on(new_rig):
    rig = listing(new_rig, "01", "02")
    pos = rig.pos()
    pos.sign_on()
    assert pos.sale(organisation="CUP").code == "00"  # DE 63 of a sale holds no operator
    assert [(one.service, one.operator) for one in rig.journal] == [("sign_on", "01"), ("sale", "01")]
    (sale,) = rig.store.transactions.values()
    assert sale.operator == "01 "


def test_a_terminal_that_lists_none_takes_anyone_and_the_journal_says_whom_messages_name(rig):
    pos = rig.pos()
    assert pos.sign_on().code == "00"
    assert pos.sale(1000, organisation="CUP").code == "00"  # DE 63 of a sale holds no operator
    assert pos.settle(BatchTotals(Totals(1000, 1)), operator="078").why.startswith("balanced")
    named = [(one.service, one.operator) for one in rig.journal]
    assert named == [("sign_on", "01"), ("sale", ""), ("settlement", "78")]
    assert Policy().unlisted_operators is False


def test_one_who_is_not_listed_does_not_settle(new_rig):
    rig = listing(new_rig, "01", "02")
    pos = rig.pos()
    pos.sign_on()
    pos.sale(1000)
    before = rig.sessions[pos.tid]
    answer = pos.settle(BatchTotals(Totals(1000, 1)), operator="07 ")
    assert (answer.message.mti, answer.code) == ("0510", "58")
    assert answer.why == (
        "operator 07 (DE 63 (operator, characters 1–3)) is not registered with terminal 10000161, which lists 01, 02, "
        "beside the supervisor 00 and the administrator 99: settle as one of them, or register this one too"
    )
    assert (rig.sessions[pos.tid], rig.store.settlements) == (before, {})
    assert pos.settle(BatchTotals(Totals(1000, 1)), operator="02 ").why.startswith("balanced")
    assert [one.operator for one in rig.journal] == ["01", "01", "07", "02"]


def test_supervisor_and_administrator_settle(new_rig):
    for operator in ("00 ", "99 "):
        rig = listing(new_rig, "01")
        assert rig.pos().settle(operator=operator).why.startswith("balanced")


def test_a_policy_may_take_one_who_is_not_listed_to_settle(new_rig):
    rig = listing(new_rig, "01", unlisted_operators=True)
    answer = rig.pos().settle(operator="07 ")
    assert answer.why.startswith("balanced")
    assert answer.notes.startswith("unlisted-operator: operator 07 (DE 63")


def test_a_settlement_may_name_no_operator(new_rig):
    rig = listing(new_rig, "01")
    pos = rig.pos()
    pos.sign_on()
    answer = pos.settle(operator=None)
    assert answer.why.startswith("balanced")
    assert rig.journal[-1].operator == "01", "the one who had signed on"


def test_an_odd_operator_of_a_settlement_is_noted(rig):
    assert rig.pos().settle(operator="AB ").notes == (
        "odd-operator: DE 63 is 'AB ', and an operator has two digits; send them, and a blank"
    )


def test_many_are_not_all_named(new_rig):
    rig = listing(new_rig, *[f"{number:02}" for number in range(1, 21)])
    why = signed_on_as(rig, "21 ").why
    assert f"lists 01, 02, 03, 04, 05, 06, 07, 08 and {20 - OPERATORS_NAMED} more, beside" in why
