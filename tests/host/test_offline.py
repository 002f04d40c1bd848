"""What has happened without the host: offline sales, adjustments and tips, electronic cash and its refund."""

from __future__ import annotations

from typing import Any

import pytest

from acquirer.testing.rig_exchange import RigReply
from tests.host.conftest import Pos, Rig

COUNTED = "6200000000000005"  # has a balance of 1000.00
POOR = "6200000000000047"  # has 1.00
OTHER = "10000162"


def row(rig: Rig, stan: str):
    return next(one for key, one in rig.store.transactions.items() if key.stan == stan)


def spent(rig: Rig, pan: str = COUNTED) -> int:
    return rig.store.cards[rig.host.vault.token(pan)].spent_minor


def offline(pos: Pos, amount: int = 20_000, **more: Any) -> RigReply:
    usual = {
        "mti": "0220",
        "transaction_type": "30",
        "original_batch": "000000",
        "original_stan": "000000",
        "original_date": "0000",
        "auth_mode": "01",
        "auth_institution": "03025840000",
        "auth_id": "888888",
        "pan": COUNTED,
    }
    return pos.sale(amount, **{**usual, **more})


def adjust(pos: Pos, stan: str, amount: int, kind: str = "32", **more: Any) -> RigReply:
    usual = {
        "mti": "0220",
        "transaction_type": kind,
        "original_batch": pos.batch,
        "original_stan": stan,
        "original_date": "0310",
        "pan": COUNTED,
    }
    return pos.sale(amount, **{**usual, **more})


def ecash(pos: Pos, amount: int = 1250, **more: Any) -> RigReply:
    usual = {"transaction_type": "36", "card_sequence": "001", "icc": bytes.fromhex("9F2608" + "11" * 8 + "9F270140")}
    return pos.sale(amount, **{"entry_mode": "052", "pan": COUNTED, **usual, **more})


def ecash_refund(pos: Pos, stan: str, amount: int = 1250, **more: Any) -> RigReply:
    usual = {
        "mti": "0220",
        "processing_code": "200000",
        "transaction_type": "27",
        "original_batch": pos.batch,
        "original_stan": stan,
        "original_date": "0310",
        "original_tid": pos.tid,
        "organisation": "000",
        "pan": COUNTED,
    }
    return pos.sale(amount, **{**usual, **more})


class TestOfflineSales:
    def test_it_is_booked_and_charged(self, rig, pos):
        answer = offline(pos)
        assert (answer.code, answer[38]) == ("00", "888888")
        assert (row(rig, "000002").kind, spent(rig)) == ("offline_sale", 20_000)

    def test_a_decline_of_the_issuer_is_noted(self, rig, pos):
        answer = offline(pos, pan=POOR)
        assert (answer.code, spent(rig, POOR)) == ("00", 20_000)
        assert (
            "offline: on line it would have been declined: card 'poor' 620000******0047 has 1.00 left" in answer.notes
        )

    def test_its_repeat_gets_the_same_answer(self, rig, pos):
        first = offline(pos, stan="000009")
        again = offline(pos, stan="000009", mti="0221")
        assert (again.code, again[37], spent(rig)) == ("00", first[37], 20_000)

    def test_it_is_never_reversed(self, pos):
        offline(pos)
        answer = pos.reverse("000002", 20_000, pan=COUNTED, transaction_type="30")
        assert (answer.code, "an offline sale (0220) is never reversed" in answer.why) == ("40", True)

    def test_it_is_refunded(self, rig, pos):
        rrn = str(offline(pos)[37])
        assert pos.refund(rrn, 5000, pan=COUNTED).code == "00"
        assert spent(rig) == 15_000


class TestAdjustments:
    @pytest.fixture(params=["sale", "offline"])
    def sold(self, request, pos: Pos) -> Pos:
        answer = pos.sale(10_000, pan=COUNTED) if request.param == "sale" else offline(pos, 10_000)
        assert answer.code == "00"
        return pos

    def test_another_amount_is_counted_in_its_place(self, rig, sold):
        answer = adjust(sold, "000002", 9_500)
        assert answer.code == "00"
        assert answer.why.startswith("adjusted: 95.00 are counted in the place of the ")
        assert [(one.state, one.amount_minor) for one in rig.transactions] == [
            ("adjusted", 10_000),
            ("approved", 9_500),
        ]
        assert spent(rig) == 9_500

    def test_a_tip(self, rig, sold):
        answer = adjust(sold, "000002", 11_500, "34", tip="000000001500")
        assert (answer.code, answer.notes, spent(rig)) == ("00", "", 11_500)

    def test_a_tip_that_does_not_add_up_is_noted(self, sold):
        answer = adjust(sold, "000002", 11_400, "34", tip="000000001500")
        assert (answer.code, "tip: 100.00 and a tip of 15.00 are not 114.00" in answer.notes) == ("00", True)

    def test_only_once(self, sold):
        adjust(sold, "000002", 9_500)
        again = adjust(sold, "000002", 9_000)
        assert (again.code, "was adjusted already, and another transaction stands in its place" in again.why) == (
            "25",
            True,
        )

    def test_what_is_adjusted_is_neither_voided_nor_refunded(self, sold):
        rrn = str(adjust(sold, "000002", 9_500)[37])
        assert sold.void("000002", 10_000, pan=COUNTED).code == "25"
        assert sold.refund(rrn, 500, pan=COUNTED).code == "00"  # the adjustment is

    @pytest.mark.parametrize(
        ("stan", "more", "code", "words"),
        [
            ("000077", {}, "25", "has booked nothing with STAN 000077 in batch 000001"),
            ("000002", {"pan": POOR}, "14", "is of card 620000******0005, the message is of card 620000******0047"),
            ("000002", {"currency": "840"}, "12", "this host settles in 156"),
        ],
    )
    def test_what_is_refused_and_why(self, stan, more, code, words, rig, sold):
        answer = adjust(sold, stan, 9_500, **more)
        assert (answer.code, words in answer.why, row(rig, "000002").state) == (code, True, "approved")

    def test_of_a_closed_batch(self, new_rig):
        rig = new_rig()
        rig.register(required="per-batch")
        pos = rig.pos()
        pos.sign_on()
        pos.sale(10_000, pan=COUNTED)
        pos.sign_off()
        pos.sign_on()
        answer = adjust(pos, "000002", 9_500, original_batch="000001")
        assert (answer.code, "it is refunded, not voided or adjusted" in answer.why) == ("25", True)


class TestElectronicCash:
    def test_it_is_booked_and_charges_no_account(self, rig, pos):
        answer = ecash(pos)
        assert (answer.code, answer.why) == ("00", "booked: paid with electronic cash of card 620000******0005")
        assert (row(rig, "000002").kind, rig.store.cards) == ("ecash_sale", {})

    def test_as_an_advice_too(self, rig, pos):
        assert ecash(pos, mti="0220").code == "00"
        assert (row(rig, "000002").kind, row(rig, "000002").mti) == ("ecash_sale", "0220")

    def test_its_repeat_is_harmless_and_it_is_never_reversed(self, rig, pos):
        ecash(pos, stan="000009")
        assert ecash(pos, stan="000009").code == "00"
        assert len(rig.transactions) == 1
        assert pos.reverse("000009", 1250, pan=COUNTED, transaction_type="36").code == "40"

    def test_any_terminal_gives_it_back_up_to_its_amount(self, rig, pos):
        ecash(pos)
        rig.register(OTHER)
        other = rig.pos(OTHER)
        other.sign_on()
        assert ecash_refund(other, "000002", 1000, original_tid=pos.tid).code == "00"
        answer = ecash_refund(other, "000002", 251, original_tid=pos.tid)
        assert (answer.code, "2.50 is left, the refund asks for 2.51" in answer.why) == ("61", True)
        assert (row(rig, "000002").state, row(rig, "000002").refunded_minor) == ("refunded", 1000)

    def test_two_terminals_at_once_never_give_back_more(self, rig, pos):
        ecash(pos)
        pos.sale(1)
        frames = []
        for stan in ("000050", "000051"):
            more = {"mti": "0220", "processing_code": "200000", "transaction_type": "27", "organisation": "000"}
            named: dict[str, Any] = {"original_batch": "000001", "original_stan": "000002", "original_date": "0310"}
            frames.append(pos.sale_frame(1000, stan=stan, pan=COUNTED, original_tid=pos.tid, **more, **named))
        first, late = (rig.start(frame).to_commit() for frame in frames)
        assert [first.finish().code, late.finish().code] == ["00", "61"]

    def test_what_is_refused(self, rig, pos):
        pos.sale(1250, pan=COUNTED)
        answer = ecash_refund(pos, "000002")
        assert answer.code == "25"
        assert answer.why.endswith("is a sale: an electronic cash refund does not fit it; send a refund")
        ecash(pos)
        assert ecash_refund(pos, "000004", pan=POOR).code == "14"
        assert ecash_refund(pos, "000088").code == "25"
