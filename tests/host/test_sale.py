"""Sales: the card, its PIN and its track, the issuer's word, and the reply as a real host packs it."""

from __future__ import annotations

import pytest

from acquirer.model.effects import CommitOutcome, Silence
from acquirer.scenario.faults import parse
from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys

STANDARD, PIN_CARD, CHIP, POOR = "6212345678901232", "6212345678900000003", "6221260012345674", "6200000000000047"
BALANCE = "6200000000000005"
TRACK = "6212345678901232D30121200000012345"
OTHER = WorkingKeys(Secret.from_hex("0123456789ABCDEFFEDCBA9876543210"), Secret.from_hex("0123456789ABCDEF"))
ICC = bytes.fromhex("9F26080102030405060708 9F36020123 9505008004E000")


def test_an_approval_is_packed_as_a_real_host_packs_it(rig, pos):
    answer = pos.sale(card_sequence="001", icc=ICC, entry_mode="051")
    assert answer.code == "00"
    assert answer.message.raw[13:21].hex().upper() == "703E02810AD08213"
    assert answer[55] == bytes.fromhex("9F36020123")
    assert (answer[4], answer[11], answer[37], answer[63]) == ("000000001234", "000002", "000000000002", "CUP")
    assert (answer[12], answer[13], answer[15]) == ("120000", "0310", "0310")
    assert rig.host.suite.verify_message(pos.keys, answer.message)
    assert answer.evidence[0].pan_masked == "621234******1232"


def test_a_decline_carries_no_mac(pos):
    answer = pos.sale(pan=POOR)
    assert answer.code == "51"
    assert 64 not in answer.message.fields
    assert "card 'poor' 620000******0047 has 1.00 left of 1.00; this sale asks for 12.34" in answer.why


def test_chip_data_that_cannot_be_read_is_the_issuers_affair(pos):
    assert pos.sale(icc=b"\x9f\x36\x7f").code == "00"


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ({"amount": 0}, "13", "DE 4 (amount) is 0.00: a sale needs an amount above zero"),
        ({"currency": "840"}, "12", "DE 49 (currency) is 840, this host settles in 156"),
        ({"pan": "6212345678901233"}, "14", "the check digit of the card number is wrong (Luhn): 621234******1233"),
        ({"pan": "62123456789"}, "14", "the card number has 11 digits; 12 to 19 are possible"),
        ({"stan": "000000"}, "30", "DE 11 (stan) is 000000; number from 000001"),
        ({"date": "0229", "time": "120000"}, "30", "DE 13 (date) 0229 with DE 12 (time) 120000 is no point in time"),
        ({"time": "246000"}, "30", "DE 12 (time) 246000 is no point in time"),
        ({"entry_mode": None}, "30", "DE 22 (entry mode) is missing; a sale (0200) must carry it"),
        ({"pan": None}, "30", "DE 2 (pan) or DE 35 (track2) or DE 36 (track3) is missing"),
        ({"expiry": "2613"}, "30", "DE 14 (expiry) has month 13; it is written YYMM, with a month from 01 to 12"),
        ({"expiry": "2600"}, "30", "DE 14 (expiry) has month 00"),
        ({"expiry": "2401"}, "54", "was valid through 2024-01"),
        ({"pan": "6226388000000095"}, "62", "card 'blocked' 622638******0095 is marked blocked"),
        ({"pan": CHIP, "entry_mode": "021"}, "45", "has a chip (service code 220) but was swiped"),
        ({"track2": TRACK, "pan": CHIP}, "30", "is 622126******5674, but DE 35 (track2) is of card 621234******1232"),
        (
            {"track2": "6212345678901232"},
            "30",
            "it is in the clear (security control (none)) and holds no card number",
        ),
    ],
)
def test_what_is_refused_and_why(pos, more, code, words):
    answer = pos.sale(**more)
    assert answer.code == code
    assert words in answer.why


def test_a_card_that_is_no_test_card_is_answered_with_a_warning(pos):
    answer = pos.sale(pan="4929000000006")
    assert answer.code == "00"
    assert "no-test-bin: 492900***0006 stands under no published test BIN" in answer.notes


def test_a_terminals_clock_that_is_off_is_noted_and_forgiven(pos):
    answer = pos.sale(date="0309", time="120000")
    assert answer.code == "00"
    assert "clock-skew: the terminal's clock is 1440 minutes behind the host's" in answer.notes


@pytest.mark.parametrize(
    ("time", "note"),
    [
        ("115501", ""),
        ("115459", "clock-skew: the terminal's clock is 5 minutes behind the host's"),
        ("040000", ""),  # a machine in universal time
        ("040059", ""),
        ("040201", "clock-skew: the terminal's clock is 477 minutes behind the host's"),
        ("093000", ""),  # India
        ("114500", ""),  # a quarter of an hour, as between Nepal and India
        ("115000", "clock-skew: the terminal's clock is 10 minutes behind the host's"),
    ],
)
def test_local_times_that_differ_by_whole_quarters_of_an_hour_are_a_time_zone(pos, time, note):
    assert pos.sale(date="0310", time=time).notes == note


def test_a_stan_that_goes_back_is_noted(pos):
    pos.sale(stan="000120")
    answer = pos.sale(stan="000007")
    assert answer.code == "00"
    assert "clone-suspected: STAN went back from 000120 to 000007" in answer.notes
    pos.sale(stan="999999")
    assert pos.sale(stan="000001").notes == ""


class TestPin:
    @pytest.fixture
    def enter(self, rig, pos):
        def enter(pin: str, pan: str = PIN_CARD, keys: WorkingKeys | None = None, control: str = "2600000000000000"):
            block = rig.host.suite.seal_pin(keys or pos.keys, pin, pan, control, rig.host.randbytes)
            return pos.sale(pan=pan, pin_block=block, security_control=control, pin_capture="12", entry_mode="011")

        return enter

    def test_right(self, enter):
        assert enter("123456").code == "00"

    def test_a_bad_pin_three_times_locks_the_card_until_tomorrow(self, rig, pos, enter):
        assert [enter("999999").code for _ in range(3)] == ["55", "55", "55"]
        answer = enter("123456")
        assert answer.code == "75"
        assert "has seen 3 wrong PINs in a row today" in answer.why
        rig.advance(86400)
        pos.sign_on()
        assert enter("123456").code == "00"

    def test_tries_are_the_cards_not_the_terminals(self, rig, pos, enter):
        rig.register("10000162")
        other = rig.pos("10000162")
        other.sign_on()
        for _ in range(3):
            enter("999999")
        block = rig.host.suite.seal_pin(other.keys, "123456", PIN_CARD, "2", rig.host.randbytes)
        assert other.sale(pan=PIN_CARD, pin_block=block, security_control="2600000000000000").code == "75"

    def test_a_repeat_of_a_bad_pin_costs_no_try(self, rig, pos):
        block = rig.host.suite.seal_pin(pos.keys, "999999", PIN_CARD, "2", rig.host.randbytes)
        frame = pos.sale_frame(pan=PIN_CARD, pin_block=block, security_control="2600000000000000")
        assert [rig.send(frame).code for _ in range(5)] == ["55"] * 5
        assert next(iter(rig.store.cards.values())).pin_tries == 1

    def test_without_pan_declared_or_not(self, enter):
        assert enter("123456", control="1600000000000000").code == "00"

    def test_a_block_declared_otherwise_than_built_is_noted(self, rig, pos):
        block = rig.host.suite.seal_pin(pos.keys, "123456", PIN_CARD, "2", rig.host.randbytes)
        answer = pos.sale(pan=PIN_CARD, pin_block=block, security_control="1600000000000000")
        assert answer.code == "00"
        assert "pin: DE 53 (security control) 1600000000000000 says" in answer.notes

    def test_under_another_key_asks_for_a_sign_on(self, enter):
        answer = enter("123456", keys=OTHER)
        assert answer.code == "99"
        assert answer.message.raw[7] & 0x0F == 3
        assert "the PIN block opens in no format" in answer.why

    def test_under_the_previous_key_says_so(self, pos, enter):
        old = pos.keys
        pos.sign_on()
        answer = enter("123456", keys=old)
        assert answer.code == "99"
        assert f"it opens under the previous PIK (KCV {old.pik.kcv()}): the terminal mixes its key sets" in answer.why

    def test_missing_when_the_card_asks_for_it(self, pos):
        assert pos.sale(pan=PIN_CARD).code == "55"


class TestTracks:
    def test_in_the_clear(self, pos):
        answer = pos.sale(pan=None, expiry=None, track2=TRACK, entry_mode="021")
        assert answer.code == "00"
        assert answer.evidence[0].pan_masked == "621234******1232"

    def test_encrypted(self, rig, pos):
        pos.sign_on("004")
        sealed = rig.host.suite.seal_track(pos.keys, TRACK)
        assert sealed != TRACK
        answer = pos.sale(pan=None, expiry=None, track2=sealed, entry_mode="021", security_control="0010000000000000")
        assert answer.code == "00"
        assert answer.evidence[0].pan_masked == "621234******1232"

    def test_encrypted_without_a_track_key(self, pos):
        answer = pos.sale(pan=None, track2=TRACK, security_control="0010000000000000")
        assert answer.code == "30"
        assert "the terminal signed on with a package without TDK" in answer.why

    def test_declared_encrypted_but_clear(self, pos):
        pos.sign_on("004")
        answer = pos.sale(pan=None, track2=TRACK, security_control="0010000000000000")
        assert answer.code == "30"
        assert "says it is encrypted, but it is in the clear" in answer.why

    def test_declared_clear_but_encrypted(self, rig, pos):
        pos.sign_on("004")
        sealed = rig.host.suite.seal_track(pos.keys, "6212345678901232D3012")
        answer = pos.sale(pan=None, track2=sealed, security_control="0000000000000000")
        assert answer.code == "30"
        assert f"it opens under TDK KCV {pos.keys.tdk.kcv()}, but security control 0000000000000000" in answer.why

    def test_a_track_and_the_number_it_carries(self, pos):
        assert pos.sale(pan=STANDARD, track2=TRACK, entry_mode="021").code == "00"

    def test_the_expiry_of_the_track_counts(self, pos):
        assert pos.sale(pan=None, expiry=None, track2="6212345678901232D2401120000").code == "54"

    def test_the_expiry_of_the_track_has_a_month(self, pos):
        answer = pos.sale(pan=None, expiry=None, track2="6212345678901232D2613120000")
        assert answer.code == "30"
        assert answer.why == (
            "DE 35 (track2) cannot be read: the expiry after its card number has month 13; "
            "it is written YYMM, with a month from 01 to 12; write YYMM there"
        )

    def test_only_track_3(self, pos):
        answer = pos.sale(pan=None, expiry=None, track3="996212345678901232D1561560000000000", entry_mode="021")
        assert answer.code == "00"
        assert answer.evidence[0].pan_masked == "621234******1232"


class TestTriggerAmounts:
    @pytest.fixture
    def pos(self, new_rig):
        rig = new_rig(trigger_amounts=True)
        rig.register()
        pos = rig.pos()
        pos.sign_on()
        return pos

    def test_the_cents_are_the_code(self, pos):
        answer = pos.sale(amount=1251)
        assert (answer.code, answer.why) == ("51", "trigger amount 12.51: its cents choose 51, not enough funds")

    def test_no_cents_no_magic(self, pos):
        assert pos.sale(amount=1200, pan=POOR).code == "51"
        assert pos.sale(amount=1200).code == "00"

    def test_cents_that_name_no_code(self, pos):
        answer = pos.sale(amount=1217)
        assert answer.code == "00"
        assert "trigger-amount: 12.17 names code 17, which unionpay-pos does not know" in answer.notes

    def test_a_code_of_success_books(self, pos):
        answer = pos.sale(amount=1211)
        assert answer.code == "11"
        assert 64 in answer.message.fields
        assert pos.rig.booked_minor() == 1211

    def test_one_value_is_not_answered_but_booked_so_that_its_reversal_finds_it(self, pos):
        answer = pos.sale(amount=1298)
        assert answer.silent
        assert answer.evidence[0].fault == "trigger amount"
        assert pos.rig.booked_minor() == 1298
        assert pos.reverse(pos.last, 1298).code == "00"
        assert pos.rig.booked_minor() == 0

    def test_off_unless_switched_on(self, rig):
        rig.pos().sign_on()
        pos = rig.pos()
        pos.sign_on()
        assert pos.sale(amount=1251).code == "00"


class TestFaults:
    def test_silent_books_and_says_nothing(self, new_rig):
        rig = new_rig(faults=(parse("silent:service=sale,amount=13.13,name=tunnel"),))
        rig.register()
        pos = rig.pos()
        pos.sign_on()
        answer = pos.sale(amount=1313)
        assert answer.effects == [Silence("fault tunnel")]
        assert (answer.evidence[0].fault, answer.evidence[0].code) == ("tunnel", "00")
        assert rig.booked_minor() == 1313
        assert pos.sale(amount=1312).code == "00"
        assert pos.reverse("000002", 1313).code == "00"

    def test_a_terminal_that_hears_nothing_at_all(self, new_rig):
        rig = new_rig(faults=(parse("silent:tid=10000161,count=1"),))
        rig.register()
        pos = rig.pos()
        assert pos.sign_on().silent
        assert pos.sign_on().code == "00"


def test_known_messages_that_are_not_served_are_named(pos):
    answer = pos.sale(processing_code="630000", transaction_type="48")
    assert answer.code == "40"
    assert answer.why.startswith("'magnetic card load' (0200) is known, but this host does not serve it")


def test_unknown_ones_say_what_was_read(pos):
    answer = pos.sale(processing_code="990000")
    assert answer.code == "40"
    assert "DE 3 (processing code) is 990000; send 000000 in DE 3 for a sale (0200)" in answer.why


@pytest.mark.parametrize(
    ("last", "stan", "suspected"),
    [
        ("000120", "000119", True),
        ("000120", "000120", False),
        ("000120", "000121", False),
        ("500001", "000002", True),
        ("500002", "000002", False),  # the counter starts over
        ("999999", "000001", False),
    ],
)
def test_numbers_that_go_back(rig, pos, last, stan, suspected):
    rig.sessions[pos.tid].last_stan = last
    sentence = (
        f"clone-suspected: STAN went back from {last} to {stan}: terminal 10000161 was cleared, or a second device "
        "uses its number"
    )
    assert (sentence in pos.sale(stan=stan).notes.splitlines()) is suspected


def test_a_late_arrival_is_noted(rig, pos):
    run = rig.start(pos.sale_frame()).to_commit()
    run.step(CommitOutcome.EXPIRED)
    answer = run.finish()
    assert answer.silent
    assert (answer.evidence[-1].reason, answer.notes) == ("approved", "expired: nothing was changed")
    assert answer.why.startswith("too late: the terminal had stopped waiting before this could be made durable, so ")
    assert rig.store.transactions == {}


def test_chip_data_sent_as_hexadecimal_text_has_a_note(pos):
    answer = pos.sale(icc=b"9F360200019A03261120")
    assert answer.code == "00"
    note = "chip-data: DE 55 is hexadecimal text, and bytes belong there; send the bytes themselves"
    assert note in answer.evidence[0].notes
