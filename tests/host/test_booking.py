"""What the books keep of a transaction: every column, for each kind and each way it ends."""

from __future__ import annotations

from dataclasses import replace

from acquirer.host.booking import used
from acquirer.model.rows import Transaction, TransactionKey
from tests.host.conftest import CARD, MID, TID, MakeRig, Pos, Rig

CLOCK = {"time": "120000", "date": "0310", "settlement_date": "0310"}


def key(stan: str) -> TransactionKey:
    return TransactionKey(MID, TID, "000001", stan)


def sale(rig: Rig, **more: object) -> Transaction:
    """The row of a sale of 12.34 with STAN 2, as the host books it."""
    row = Transaction(
        key("000002"),
        kind="sale",
        state="approved",
        processing_code="000000",
        transaction_type="22",
        amount_minor=1234,
        currency="156",
        pan_masked="621234******1232",
        card=rig.host.vault.token(CARD),
        entry_mode="012",
        operator="01 ",
        reason="approved",
        code="00",
        rrn="000000000002",
        reply_elements={"code": "00", **CLOCK, "rrn": "000000000002"},
        generation=1,
        at_us=rig.now_us,
        business_date="20250310",
        mti="0200",
        used_us=rig.now_us,
        version=1,
    )
    return replace(row, **more)  # type: ignore[arg-type]


def test_a_sale(rig: Rig, pos: Pos) -> None:
    pos.sale()
    assert rig.store.transactions[key("000002")] == sale(rig)
    session = rig.sessions[TID]
    assert (session.last_stan, session.sign_on_spent, session.bad_macs) == ("000002", True, 0)


def test_a_sale_that_is_declined(rig: Rig, pos: Pos) -> None:
    assert pos.sale(0).code == "13"
    expected = {"code": "13", **CLOCK, "rrn": "000000000002"}
    declined = sale(rig, state="declined", amount_minor=0, reason="amount_invalid", code="13", reply_elements=expected)
    assert rig.store.transactions[key("000002")] == declined
    assert rig.sessions[TID].sign_on_spent


def test_a_repeat_changes_nothing_but_the_version(rig: Rig, pos: Pos) -> None:
    frame = pos.sale_frame()
    rig.send(frame)
    booked = rig.store.transactions[key("000002")]
    rig.advance(10)
    rig.send(frame)
    assert replace(rig.store.transactions[key("000002")], version=1) == booked


def test_a_balance_inquiry_moves_nothing(rig: Rig, pos: Pos) -> None:
    pos.balance()
    row = rig.store.transactions[key("000002")]
    assert (row.kind, row.state, row.amount_minor, row.processing_code) == ("balance", "approved", 0, "310000")
    assert row.reply_elements == {
        "code": "00", **CLOCK, "rrn": "000000000002", "balance_sign": "C", "balance_amount": f"{100_000:012}",
    }  # fmt: skip
    assert not rig.sessions[TID].sign_on_spent


def test_a_void_and_its_sale(rig: Rig, pos: Pos) -> None:
    pos.sale()
    began_us = rig.now_us
    rig.advance(5)
    pos.void("000002")
    void = sale(
        rig, key=key("000003"), kind="void", processing_code="200000", transaction_type="23", rrn="000000000003",
        original=key("000002"), original_rrn="000000000002",
        reply_elements={"code": "00", **CLOCK, "time": "120005", "rrn": "000000000003"},
    )  # fmt: skip
    assert rig.store.transactions[key("000003")] == void
    voided = sale(rig, state="voided", at_us=began_us, used_us=rig.now_us, version=2)
    assert rig.store.transactions[key("000002")] == voided


def test_a_refund_and_its_sale(rig: Rig, pos: Pos) -> None:
    pos.sale()
    began_us = rig.now_us
    rig.advance(5)
    pos.refund("000000000002", 234)
    row = rig.store.transactions[key("000003")]
    assert (row.kind, row.mti, row.amount_minor, row.original) == ("refund", "0220", 234, key("000002"))
    assert (row.original_rrn, row.version, row.refunded_minor) == ("000000000002", 1, 0)
    refunded = sale(rig, state="refunded", refunded_minor=234, at_us=began_us, used_us=rig.now_us, version=2)
    assert rig.store.transactions[key("000002")] == refunded


def test_a_refused_void_changes_no_sale(rig: Rig, pos: Pos) -> None:
    pos.sale()
    booked = rig.store.transactions[key("000002")]
    rig.advance(5)
    pos.void("000002", 1200)
    assert rig.store.transactions[key("000002")] == booked
    row = rig.store.transactions[key("000003")]
    assert (row.state, row.reason, row.original, row.original_rrn) == (
        "declined", "original_amount_differs", None, "000000000002",
    )  # fmt: skip


def test_a_reversal(rig: Rig, pos: Pos) -> None:
    pos.sale()
    began_us = rig.now_us
    rig.advance(5)
    answer = pos.reverse("000002")
    elements = {"code": "00", **CLOCK, "time": "120005", "rrn": "000000000003"}
    reversed_sale = sale(
        rig, state="reversed", at_us=began_us, reversed_us=rig.now_us, reversal_reason="98",
        reversal_elements=elements, used_us=rig.now_us, version=2,
    )  # fmt: skip
    assert rig.store.transactions[key("000002")] == reversed_sale
    assert (answer.evidence[0].rrn, answer.evidence[0].pan_masked) == ("000000000003", "621234******1232")
    rig.advance(5)
    again = pos.reverse("000002")
    assert rig.store.transactions[key("000002")] == reversed_sale
    assert (again.evidence[0].rrn, again.evidence[0].replayed, again[37]) == ("000000000003", True, answer[37])


def test_a_reversal_of_a_declined_sale(rig: Rig, pos: Pos) -> None:
    pos.sale(0)
    pos.reverse("000002", 0)
    row = rig.store.transactions[key("000002")]
    assert (row.state, row.reversed_us, row.reversal_reason) == ("declined", rig.now_us, "98")
    assert row.reversal_elements["code"] == "00"


def test_a_reversal_of_nothing(rig: Rig, pos: Pos) -> None:
    answer = pos.reverse("000012")
    elements = {"code": "25", **CLOCK, "rrn": "000000000002"}
    assert rig.store.transactions[key("000012")] == sale(
        rig, key=key("000012"), state="tombstone", entry_mode="", operator="", reason="original_unknown", code="25",
        reply_elements={}, reversed_us=rig.now_us, reversal_reason="98", reversal_elements=elements, mti="0400",
    )  # fmt: skip
    assert answer.notes == (
        "tombstone: remembered, so that the transaction is refused should it arrive after its reversal"
    )
    kept = rig.store.transactions[key("000012")]
    rig.advance(5)
    again = pos.reverse("000012", mti="0401")
    assert rig.store.transactions[key("000012")] == kept
    evidence = again.evidence[0]
    assert (again.code, evidence.rrn, evidence.replayed, evidence.pan_masked, again[37]) == (
        "25", "000000000002", True, "621234******1232", answer[37],
    )  # fmt: skip


def test_a_reversal_that_differs(rig: Rig, pos: Pos) -> None:
    pos.sale()
    booked = rig.store.transactions[key("000002")]
    amount = pos.reverse("000002", 1200)
    assert (amount.code, amount.evidence[0].reason) == ("64", "original_amount_differs")
    assert amount.notes == "reversal-differs: the reversal does not fit the transaction it names"
    assert (amount.evidence[0].rrn, amount.evidence[0].replayed) == ("", False)
    card = pos.reverse("000002", pan="6200000000000005", processing_code="200000")
    assert card.evidence[0].reason == "original_differs"
    assert card.why == (
        "STAN 000002, batch 000001: processing code 000000 in the sale, 200000 in the reversal; card 621234******1232 "
        "in the sale, 620000******0005 in the reversal. The sale stays as it was; repeat the values of the sale"
    )
    assert rig.store.transactions[key("000002")] == booked


def test_when_a_row_was_last_used_never_goes_back() -> None:
    row = Transaction(key("000002"), used_us=10)
    assert [used(row, at_us).used_us for at_us in (9, 10, 11)] == [10, 10, 11]


def test_an_authorisation_code_is_kept_where_a_reply_has_one(new_rig: MakeRig) -> None:
    rig = new_rig(dialect="iso8583-1987-plain")
    rig.register()
    elements = {"pan": CARD, "processing_code": "000000", "amount": "000000001234", "expiry": "3012", "stan": "000001"}
    elements |= {"entry_mode": "012", "condition": "00", "currency": "978", "sent": "0310040000", "date": "0310"}
    answer = rig.send(rig.pos().frame("0200", {**elements, "time": "120000"}))
    (row,) = rig.store.transactions.values()
    assert (answer[38], row.auth_id, row.reply_elements["auth_id"]) == ("000001", "000001", "000001")
