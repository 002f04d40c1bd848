"""Balance inquiries: what a card has, in DE 54; nothing is booked that could be reversed."""

from __future__ import annotations

from dataclasses import replace

import pytest

COUNTED = "6200000000000005"  # has a balance of 1000.00


def balance_of(answer) -> str:
    return str(answer[54])


def test_the_balance_of_a_counted_card(rig, pos):
    pos.sale(30_000, pan=COUNTED)
    answer = pos.balance(pan=COUNTED)
    assert (answer.code, balance_of(answer)) == ("00", "1002156C000000070000")
    assert answer[4] is None
    assert answer.why == "card 'balance' 620000******0005 has 700.00"


def test_an_unknown_card_has_the_configured_amount(rig, pos):
    assert balance_of(pos.balance(pan="6212345678901232")) == f"1002156C{rig.host.issuer.unknown_balance_minor:012}"


def test_its_repeat_brings_the_same_balance(rig, pos):
    frame = pos.sale_frame(pan=COUNTED, processing_code="310000", transaction_type="01", amount_element=None)
    first = rig.send(frame)
    pos.sale(30_000, pan=COUNTED)
    again = rig.send(frame)
    assert (balance_of(again), again.evidence[0].replayed) == (balance_of(first), True)


@pytest.mark.parametrize(("pan", "code"), [("6212345678901233", "14"), ("6243030000000001", "41")])
def test_a_card_that_is_refused(pan, code, pos):
    answer = pos.balance(pan=pan)
    assert (answer.code, answer[54]) == (code, None)


def test_it_is_never_reversed_voided_or_refunded(rig, pos):
    pos.balance(pan=COUNTED)
    row = next(iter(rig.store.transactions.values()))
    assert (row.kind, row.amount_minor) == ("balance", 0)
    reversal = pos.reverse(pos.last, 0, pan=COUNTED, processing_code="310000", transaction_type="01")
    assert (reversal.code, "a balance inquiry (0200) is never reversed" in reversal.why) == ("40", True)


def test_it_leaves_the_sign_on_of_a_terminal_unspent(new_rig):
    rig = new_rig()
    rig.register(required="per-transaction")
    pos = rig.pos()
    pos.sign_on()
    inquiry = pos.balance()
    _, head = rig.host.dialect.envelope_of(inquiry.message.raw)
    assert (inquiry.code, head.hex()[5]) == ("00", "0"), "it does not ask for a sign-on either"
    assert [pos.sale().code, pos.sale().code] == ["00", "77"]


def test_a_pin_that_does_not_open(rig, pos):
    answer = pos.balance(entry_mode="011", security_control="2600000000000000", pin_block=bytes(8))
    assert (answer.code, answer[54]) == ("99", None)
    assert answer.why.startswith("under PIK KCV ")
    assert [one.state for one in rig.store.transactions.values()] == ["declined"]


def test_a_card_that_owes(rig, pos):
    token = rig.host.vault.token(COUNTED)
    pos.sale(30_000, pan=COUNTED)
    rig.store.cards[token] = replace(rig.store.cards[token], spent_minor=100_001)
    assert balance_of(pos.balance(pan=COUNTED)) == "1002156D000000000001"
    rig.store.cards[token] = replace(rig.store.cards[token], spent_minor=100_000)
    assert balance_of(pos.balance(pan=COUNTED)) == "1002156C000000000000"
