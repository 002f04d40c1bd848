"""Why a PIN block does not open: each mistake is made once, by psec where it can, and is named."""

import os

import psec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.security.key_candidates import half_of
from acquirer.security.pin import PIN_FORMATS
from acquirer.security.pin_diagnosis import diagnose_pin
from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys

KEYS = WorkingKeys(
    Secret.from_hex("D931648F3DE313A4A22C15DCA4F4299E"),
    Secret.from_hex("9CAA6FBFE5E5A51AE8C99FA2371ACAA9"),
    Secret.from_hex("C9A0F37E18EA3FF71E3BDA58ACCEFCE0"),
)
OLD = WorkingKeys(Secret.from_hex("73575E29D00B19757ADC854C23D0EAE6"), Secret.from_hex("313215FDA2C4AB4C"))
PAN = "6222021234567890128"
ISO_0 = PIN_FORMATS["iso-0"]


def explained(block, tmk=None, pan=PAN, declared=ISO_0, keys=KEYS):
    return diagnose_pin(block, pan, declared, [("current", keys), ("previous", OLD)], tmk)


def iso_0(pan=PAN, pin="123456"):
    return psec.pinblock.encode_pinblock_iso_0(pin, pan)


@pytest.mark.parametrize(
    ("seal", "says"),
    [
        (lambda block, tmk: block, "it opens in the clear: the terminal does not encrypt it"),
        (lambda block, tmk: tmk.encrypt(block), "under the TMK (KCV D0E06F38): the terminal takes the master key"),
        (lambda block, tmk: KEYS.mak.encrypt(block), "the terminal takes the MAC key for the PIK"),
        (lambda block, tmk: KEYS.tdk.encrypt(block), "the terminal takes the track key for the PIK"),
        (lambda block, tmk: half_of(KEYS.pik).encrypt(block), "the terminal takes half of its PIK"),
        (lambda block, tmk: half_of(KEYS.mak).encrypt(block), "takes half of the MAC key for the PIK"),
        (lambda block, tmk: OLD.pik.encrypt(block), "under the previous PIK (KCV "),
        (lambda block, tmk: Secret(tmk.encrypt(KEYS.pik.reveal())).encrypt(block), "the terminal did not decrypt it"),
        (lambda block, tmk: Secret(tmk.encrypt(OLD.pik.reveal())).encrypt(block), "the previous PIK as it travels"),
    ],
)
def test_another_key(tmk, seal, says):
    assert says in explained(seal(iso_0(), tmk), tmk)


def xor(one, other):
    return bytes(a ^ b for a, b in zip(bytes.fromhex(one), bytes.fromhex(other), strict=True))


@pytest.mark.parametrize(
    ("block", "says"),
    [
        (
            lambda: iso_0(PAN[:12] + "0"),
            "the terminal takes the first twelve; take the twelve digits before the check digit",
        ),
        (lambda: iso_0(PAN + "0"), "the terminal takes the last twelve with the check digit"),
        (lambda: bytes.fromhex("06123456FFFFFFFF"), "as iso-0-without-pan: the terminal uses another PIN block format"),
        (lambda: psec.pinblock.encode_pinblock_iso_3("123456", PAN), "as iso-3: the terminal uses another PIN block"),
        (lambda: psec.pinblock.encode_pinblock_iso_2("123456"), "as format 2, for chip cards"),
        (lambda: bytes.fromhex("123456FFFFFFFFFF"), "as bare digits filled with F"),
        (lambda: b"123456\x00\x00", "as the PIN in ASCII characters"),
        (
            lambda: bytes.fromhex("0612345600000000"),
            "as format 0 with zeros (0) behind the PIN: the terminal fills with 0; fill with F",
        ),
        (lambda: xor("0612345600000000", "0000" + PAN[-13:-1]), "as format 0 with zeros (0) behind the PIN"),
        (lambda: xor("123456FFFFFFFFFF", "0000" + PAN[-13:-1]), "as format 0 without the length of the PIN"),
        (lambda: b"123456\xff\xff", "as the PIN in ASCII characters"),
        (lambda: iso_0("4111111111111111"), "with another card number in it"),
        (lambda: bytes.fromhex("1612345690ABCDE1"), "the terminal uses PIN block format iso-1"),
    ],
)
def test_another_layout(block, says):
    assert says in explained(KEYS.pik.encrypt(block()))


def test_a_short_card_number_filled_up_on_the_right():
    block = bytes(
        a ^ b for a, b in zip(bytes.fromhex("06123456FFFFFFFF"), bytes.fromhex("0000622123456780"), strict=True)
    )
    assert "the terminal takes it filled up on the right" in explained(KEYS.pik.encrypt(block), pan="622123456789")


def test_a_wide_block_under_sm4():
    keys = WorkingKeys(Secret(bytes(range(16)), "sm4"), Secret(bytes(range(1, 17)), "sm4"))
    wide = PIN_FORMATS["iso-0-wide"].encode("123456", PAN, os.urandom)
    declared = PIN_FORMATS["iso-0-padded"]
    assert "the terminal takes the MAC key" in explained(
        keys.mak.encrypt(iso_0() + bytes(8)), keys=keys, declared=declared
    )
    assert "as iso-0-wide: the terminal uses" in explained(keys.pik.encrypt(wide), keys=keys, declared=declared)


@given(st.binary(min_size=8, max_size=8).filter(lambda block: KEYS.pik.decrypt(block)[0] >> 4 not in (0, 1)))
def test_what_nothing_explains_is_not_explained(tmk, block):
    assert explained(block, tmk) == ""


@pytest.mark.parametrize("pin", ["1234", "123456", "123456789012"])
def test_no_sentence_quotes_a_pin_or_a_card_number(tmk, pin):
    for block in (iso_0(pin=pin), tmk.encrypt(iso_0(pin=pin)), KEYS.pik.encrypt(iso_0(PAN + "0", pin))):
        sentence = explained(block, tmk)
        assert sentence
        assert pin not in sentence
        assert PAN[6:15] not in sentence
