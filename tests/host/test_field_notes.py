"""Messages that are answered all the same, and what is odd about them."""

import pytest

from acquirer.wire.message import Value

CARD = "6212345678901232"


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (
            {"entry_mode": "011"},
            "no-pin-block: DE 22 (entry mode) 011 says that a PIN was entered, and DE 52 (PIN block)",
        ),
        ({"entry_mode": "021"}, "no-track: DE 22 (entry mode) 021 says that the stripe was read, and no track came"),
        ({"entry_mode": "001"}, "filled: DE 22 (00 10) looks filled on the left; fill it on the right: 01 00"),
        ({"card_sequence": "010"}, "filled: DE 23 (00 10) looks filled on the right; fill it on the left: 00 01"),
        ({"amount": "202020201234"}, "amount: DE 4 (amount) reads as 2020202012.34, and its bytes 20 look like blanks"),
        ({"amount": "303031323334"}, "amount: DE 4 (amount) reads as 3030313233.34, and its bytes look like chara"),
        ({"amount": "123400000000"}, "amount: DE 4 (amount) reads as 1234000000.00, and ends with zeros"),
        ({"entry_mode": "000"}, "entry-mode: DE 22 (entry mode) is 000, which says nothing of how the card was read"),
        ({"entry_mode": "999"}, "entry-mode: DE 22 (entry mode) is 999, and 99 in it is not known; send one of 011,"),
        ({"security_control": "2600000000000000"}, "no-pin: DE 53 (security control) begins with 2, which says"),
        ({"pin_capture": "12"}, "no-pin: DE 26 (pin capture) says how long a PIN may be, and DE 52 (PIN block)"),
    ],
)
def test_what_is_noted(pos, more: dict[str, Value], says):
    answer = pos.sale(**more)
    assert answer.code == "00"
    assert says in answer.notes


def test_an_ordinary_sale_has_no_notes(pos):
    assert pos.sale().notes == ""


@pytest.mark.parametrize("amount", ["000099999999", "001000000000", "987654321012"])
def test_large_amounts_that_are_meant_have_no_notes(pos, amount):
    assert "amount:" not in pos.sale(amount=amount).notes


def test_a_repeat_says_why_it_is_one(pos):
    pos.sale(stan="000007")
    assert pos.sale(stan="000007").notes == (
        "repeat: STAN 000007, batch 000001 has the same amount and card as before, so this is no new sale; if it is "
        "meant to be one, count the STAN up"
    )


def test_a_request_under_the_previous_keys_is_noted(pos):
    old = pos.keys
    pos.sign_on()
    answer = pos.sale(keys=old)
    assert answer.code == "00"
    assert answer.why.endswith("; answered under the previous keys of the terminal")
    assert f"previous-keys: the MAC is made with the keys of sign-on 1 (MAK KCV {old.mak.kcv()})" in answer.notes
    assert "(grace_s = 60)" in answer.notes


def test_three_sign_ons_without_a_right_mac_mention_the_master_key_once_a_day(rig):
    pos = rig.pos()
    notes = [pos.sign_on().notes for _ in range(5)]
    assert ["tmk-may-differ" in note for note in notes] == [False, False, True, False, False]
    assert "compare its TMK's KCV with the host's, D0E06F38" in notes[2]


def test_a_right_mac_between_them_starts_the_count_over(rig):
    pos = rig.pos()
    pos.sign_on()
    pos.sign_on()
    assert pos.sale().code == "00"
    notes = [pos.sign_on().notes for _ in range(3)]
    assert ["tmk-may-differ" in note for note in notes] == [False, False, True]


def test_a_right_mac_after_the_first_sign_on_starts_it_over_too(rig):
    pos = rig.pos()
    pos.sign_on()
    assert pos.sale().code == "00"
    notes = [pos.sign_on().notes for _ in range(3)]
    assert ["tmk-may-differ" in note for note in notes] == [False, False, True]


def test_a_right_mac_under_the_previous_keys_starts_it_over_too(rig):
    pos = rig.pos()
    pos.sign_on()
    old = pos.keys
    pos.sign_on()
    assert pos.sale(keys=old).code == "00"
    notes = [pos.sign_on().notes for _ in range(3)]
    assert ["tmk-may-differ" in note for note in notes] == [False, False, True]


def test_a_package_of_another_cipher_than_the_master_key_is_noted(rig):
    note = rig.pos().sign_on("005").notes
    assert "package-cipher: package 005 is made by SM4" in note
    assert 'tmk_cipher = "sm4"' in note


def notes(pos, **more: Value) -> str:
    answer = pos.sale(**more)
    assert answer.code in ("00", "55", "99")
    return answer.notes


@pytest.mark.parametrize(
    ("icc", "says"),
    [
        ("9F36020123", "DE 55 has no cryptogram (9F26); send the chip's answer to GENERATE AC"),
        ("9F270100", "9F27 says that the chip declined (AAC); ask for approval with a request (ARQC, 80) only"),
        ("9F270140", "9F27 says that the chip approved offline (TC); ask for approval with a request (ARQC, 80) only"),
        ("9F270180", ""),
        ("9F0206000000001000", "9F02 is 1000, and DE 4 (amount) is 1234; give the chip the amount that is sent"),
        ("9F0206000000001234", ""),
        ("5F2A020840", "5F2A is 0840, and DE 49 (currency) is 156; give the chip the currency that is sent"),
        ("5F2A020156", ""),
        ("5A086222021234567894", "the card in DE 55 is 622202******7894, the message's is 621234******1232; send the"),
        ("5A086212345678901232", ""),
        ("57096212345678901232D1", ""),
        ("57096222021234567894D1", "the card in DE 55 is 622202******7894, the message's is 621234******1232; send"),
    ],
)
def test_chip_data_that_say_otherwise_than_the_message(pos, icc, says):
    cryptogram = "" if "cryptogram" in says else "9F26081122334455667788"
    found = notes(pos, entry_mode="052", icc=bytes.fromhex(cryptogram + icc))
    assert (f"chip-data: {says}" in found) if says else found == ""


def test_a_card_number_that_begins_with_zeros(pos):
    assert "leading-zeros: the card number in DE 2 (pan) begins with 0, and no card's does; send" in notes(
        pos, pan="0006212345678901232"
    )


def test_each_note_is_a_whole_sentence(pos):
    assert notes(pos, entry_mode="011") == (
        "no-pin-block: DE 22 (entry mode) 011 says that a PIN was entered, and DE 52 (PIN block) is missing; send "
        "DE 52, or say that there is no PIN"
    )
    assert notes(pos, entry_mode="021") == (
        "no-track: DE 22 (entry mode) 021 says that the stripe was read, and no track came; "
        "send DE 35 (track2), or the entry mode of a card that was keyed in\n"
        "no-pin-block: DE 22 (entry mode) 021 says that a PIN was entered, and DE 52 (PIN block) is "
        "missing; send DE 52, or say that there is no PIN"
    )
    assert notes(pos, entry_mode="001") == (
        "filled: DE 22 (00 10) looks filled on the left; fill it on the right: 01 00"
    )
    assert notes(pos, card_sequence="010") == (
        "filled: DE 23 (00 10) looks filled on the right; fill it on the left: 00 01"
    )
    assert notes(pos, pin_block=bytes(8), security_control="2600000000000000", pin_capture="12") == (
        "pin-block: DE 52 (PIN block) came, and DE 22 (entry mode) 012 says that no PIN was entered; send 011 in "
        "DE 22 (entry mode)"
    )
    assert notes(pos, entry_mode="052", pin_block=bytes(8), security_control="2600000000000000") == (
        "no-chip-data: DE 22 (entry mode) 052 says that a chip was read, and DE 55 (chip data) is missing; send it, or "
        "the entry mode of a card that was read otherwise\n"
        "pin-block: DE 52 (PIN block) came, and DE 22 (entry mode) 052 says that no PIN was entered; send 051 in "
        "DE 22 (entry mode)"
    )
    assert notes(pos, card_sequence="100", entry_mode="021") == (
        "no-track: DE 22 (entry mode) 021 says that the stripe was read, and no track came; "
        "send DE 35 (track2), or the entry mode of a card that was keyed in\n"
        "no-pin-block: DE 22 (entry mode) 021 says that a PIN was entered, and DE 52 (PIN block) is "
        "missing; send DE 52, or say that there is no PIN"
    )
    assert notes(pos, icc=bytes.fromhex("9F36020123 9F2608")) == (
        "chip-data: DE 55 does not divide into data objects: tag 9F26 says 8 bytes follow, but 0 are left, at byte "
        "5; correct the length of that object"
    )


@pytest.mark.parametrize(
    "more",
    [
        {"card_sequence": "000"},
        {"card_sequence": "009"},
        {"entry_mode": "022", "track2": "6212345678901232D30121220000012345", "pan": None},
        {"entry_mode": "052", "icc": bytes.fromhex("9F260811223344556677889F36020123")},
        {"entry_mode": "072", "icc": bytes.fromhex("9F260811223344556677889F36020123")},
    ],
)
def test_what_is_ordinary(pos, more):
    assert pos.sale(**more).notes == ""
