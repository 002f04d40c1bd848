"""Reversals: in any order and however often, a sale is booked at most once and undone exactly once."""

from __future__ import annotations

import pytest

from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys

BALANCE, POOR, OTHER_CARD = "6200000000000005", "6200000000000047", "6221260012345674"
OTHER = WorkingKeys(Secret.from_hex("0123456789ABCDEFFEDCBA9876543210"), Secret.from_hex("0123456789ABCDEF"))


@pytest.fixture
def sold(pos):
    assert pos.sale().code == "00"
    return pos


def test_a_sale_is_undone(rig, sold):
    answer = sold.reverse("000002")
    assert answer.code == "00"
    assert rig.host.suite.verify_message(sold.keys, answer.message)
    assert rig.booked_minor() == 0
    assert answer.why == "reversed: the sale of 12.34 with STAN 000002, batch 000001 is undone (reason 98)"


def test_again_gives_the_same_answer(rig, sold):
    first = sold.reverse("000002")
    rig.advance(5)
    second = sold.reverse("000002", mti="0401", reversal_reason="06")
    assert (first.code, second.code) == ("00", "00")
    assert {de: first[de] for de in (12, 13, 37)} == {de: second[de] for de in (12, 13, 37)}
    assert second.message.mti == "0410"
    assert second.evidence[0].replayed
    assert next(iter(rig.store.transactions.values())).reversal_reason == "98"


def test_the_balance_comes_back_once(rig, pos):
    pos.sale(60_000, pan=BALANCE)
    for _ in range(3):
        pos.reverse(pos.last, 60_000, pan=BALANCE)
    assert next(iter(rig.store.cards.values())).spent_minor == 0
    assert pos.sale(100_000, pan=BALANCE).code == "00"


def test_the_card_is_found_without_its_number(rig, pos):
    pos.sale(60_000, pan=BALANCE)
    assert pos.reverse(pos.last, 60_000, pan=None).code == "00"
    assert next(iter(rig.store.cards.values())).spent_minor == 0


def test_unknown_is_remembered(rig, pos):
    answer = pos.reverse("000002")
    assert answer.code == "25"
    assert 64 not in answer.message.fields
    assert "there is nothing to reverse, and should the sale still arrive it will not be booked" in answer.why
    late = pos.sale()
    assert late.code == "94"
    assert late.why.startswith("late original: the reversal of STAN 000002, batch 000001 came first")
    assert rig.booked_minor() == 0
    again = pos.reverse("000002")
    assert (again.code, again[37]) == ("25", answer[37])
    assert again.why.startswith("this reversal came at 2025-03-10 12:00:00 already and found no sale")


def test_a_repeat_of_the_sale_after_its_reversal_is_not_approved_again(rig, pos):
    frame = pos.sale_frame()
    assert rig.send(frame).code == "00"
    pos.reverse("000002")
    late = rig.send(frame)
    assert late.code == "94"
    assert "was booked, and reversed at 2025-03-10 12:00:00 (reason 98); this sale is not booked" in late.why


def test_a_declined_original(rig, pos):
    frame = pos.sale_frame(pan=POOR)
    assert rig.send(frame).code == "51"
    first, second = pos.reverse("000002", pan=POOR), pos.reverse("000002", pan=POOR)
    assert (first.code, second.code) == ("00", "00")
    assert first[37] == second[37]
    assert first.why == "the sale was declined (51), so there is nothing to undo; the terminal may forget it"
    assert rig.send(frame).code == "51"


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ({"amount": 1235}, "64", "amount 12.34 in the sale, 12.35 in the reversal. The sale stays as it was"),
        ({"pan": OTHER_CARD}, "12", "card 621234******1232 in the sale, 622126******5674 in the reversal"),
        ({"processing_code": "200000"}, "12", "processing code 000000 in the sale, 200000 in the reversal"),
    ],
)
def test_what_does_not_fit_its_sale_leaves_it_alone(rig, sold, more, code, words):
    answer = sold.reverse("000002", **more)
    assert answer.code == code
    assert words in answer.why
    assert rig.booked_minor() == 1234
    assert sold.reverse("000002").code == "00"
    assert rig.booked_minor() == 0


def test_a_bad_mac_undoes_nothing_and_remembers_nothing(rig, sold):
    assert sold.reverse("000002", keys=OTHER).code == "A0"
    assert sold.reverse("000077", keys=OTHER).code == "A0"
    assert rig.booked_minor() == 1234
    assert len(rig.store.transactions) == 1


def test_after_sign_off(sold):
    sold.sign_off()
    assert sold.reverse("000002").code == "00"


def test_on_the_next_day(rig, sold):
    rig.advance(86_400)
    assert sold.sale().code == "77"
    assert sold.reverse("000002").code == "00"


def test_of_a_batch_that_was_closed(new_rig):
    rig = new_rig()
    rig.register(required="per-batch")
    pos = rig.pos()
    pos.sign_on()
    pos.sale()
    pos.sign_off()
    pos.sign_on()
    assert pos.batch == "000002"
    assert pos.reverse("000002", batch="000001").code == "00"
    assert rig.booked_minor() == 0


def test_before_any_sign_on(rig):
    assert rig.pos().reverse("000001", keys=OTHER).code == "77"


def test_under_the_previous_keys(rig, sold):
    old = sold.keys
    sold.sign_on()
    answer = sold.reverse("000002", keys=old)
    assert answer.code == "00"
    assert rig.host.suite.verify_message(old, answer.message)


class TestRepeatsOfSales:
    def test_get_the_stored_answer_field_for_field(self, rig, pos):
        frame = pos.sale_frame(pan=BALANCE)
        first = rig.send(frame)
        rig.advance(30)
        second = rig.send(frame)
        assert first.message.raw == second.message.raw
        assert rig.booked_minor() == 1234
        assert next(iter(rig.store.cards.values())).spent_minor == 1234

    def test_across_a_key_change_get_a_mac_of_their_own(self, rig, pos):
        first = pos.sale()
        pos.sign_on()
        second = pos.sale(stan="000002", mti="0201")
        without_mac = [{**answer.message.fields, 64: b""} for answer in (first, second)]
        assert without_mac[0] == without_mac[1]
        assert first[64] != second[64]
        assert rig.host.suite.verify_message(pos.keys, second.message)

    def test_also_when_a_sign_on_is_due(self, rig, pos):
        frame = pos.sale_frame()
        rig.send(frame)
        pos.sign_off()
        assert rig.send(frame).code == "00"
        rig.advance(86_400)
        assert rig.send(frame).code == "00"

    def test_per_transaction_too(self, new_rig):
        rig = new_rig()
        rig.register(required="per-transaction")
        pos = rig.pos()
        pos.sign_on()
        frame = pos.sale_frame()
        assert [rig.send(frame).code for _ in range(3)] == ["00"] * 3

    def test_declined_stays_declined(self, rig, pos):
        frame = pos.sale_frame(pan=POOR)
        assert [rig.send(frame).code for _ in range(3)] == ["51"] * 3

    def test_a_new_pin_block_or_other_chip_data_makes_no_difference(self, rig, pos):
        seal, control = rig.host.suite.seal_pin, "2600000000000000"
        for icc in (b"\x9f\x36\x01\x01", b"\x9f\x36\x01\x02"):
            block = seal(pos.keys, "123456", "6212345678901232", control, rig.host.randbytes)
            answer = pos.sale(stan="000002", pin_block=block, security_control=control, icc=icc)
            assert answer.code == "00"
        assert rig.booked_minor() == 1234

    @pytest.mark.parametrize(
        ("more", "words"),
        [
            ({"amount": 1235}, "was used at 2025-03-10 12:00:00 for another sale: amount 12.34 then, 12.35 now"),
            ({"pan": OTHER_CARD}, "card 621234******1232 then, 622126******5674 now"),
            ({"currency": "840"}, "currency 156 then, 840 now"),
        ],
    )
    def test_another_sale_under_the_same_number(self, rig, sold, more, words):
        answer = sold.sale(stan="000002", **more)
        assert answer.code == "94"
        assert words in answer.why
        assert "stan-reuse" in answer.notes
        assert rig.booked_minor() == 1234

    def test_unless_a_sign_on_is_due_anyway(self, sold):
        sold.sign_off()
        assert sold.sale(1235, stan="000002").code == "77"

    def test_may_be_declined_by_policy_unless_the_mti_says_that_they_are_repeats(self, new_rig):
        rig = new_rig()
        rig.register(repeat="decline")
        pos = rig.pos()
        pos.sign_on()
        pos.sale()
        answer = pos.sale(stan="000002")
        assert (answer.code, "this terminal's policy declines repeats" in answer.why) == ("94", True)
        assert pos.sale(stan="000002", mti="0201").code == "00"

    def test_the_same_number_in_another_batch_is_another_sale(self, new_rig):
        rig = new_rig()
        rig.register(required="per-batch")
        pos = rig.pos()
        pos.sign_on()
        pos.sale(stan="000100")
        pos.sign_off()
        pos.sign_on()
        assert pos.sale(999, stan="000100").code == "00"
        assert rig.booked_minor() == 1234 + 999

    def test_a_bad_mac_gets_no_stored_answer(self, rig, sold):
        answer = sold.sale(stan="000002", keys=OTHER)
        assert answer.code == "A0"
        assert 37 not in answer.message.fields or answer[37] != "000000000002"

    def test_of_a_swiped_encrypted_track(self, rig, pos):
        pos.sign_on("004")
        clear = "6212345678901232D30121200000012345"
        more = {"pan": None, "expiry": None, "security_control": "0010000000000000", "entry_mode": "021"}
        first = pos.sale(stan="000009", track2=rig.host.suite.seal_track(pos.keys, clear), **more)
        pos.sign_on("004")
        second = pos.sale(stan="000009", track2=rig.host.suite.seal_track(pos.keys, clear), **more)
        assert (first.code, second.code) == ("00", "00")
        assert second.evidence[0].replayed
