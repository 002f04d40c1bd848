"""Why a PIN block does not open: each mistake is made once, by psec where it can, and is named."""

import os

import psec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.security.candidates import finished
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
    return finished(diagnose_pin(block, pan, declared, [("current", keys), ("previous", OLD)], tmk))


def iso_0(pan=PAN, pin="123456"):
    return psec.pinblock.encode_pinblock_iso_0(pin, pan)


@pytest.mark.parametrize(
    ("seal", "says"),
    [
        (lambda block, tmk: block, "it opens in the clear: the terminal does not encrypt it"),
        (lambda block, tmk: tmk.encrypt(block), "under the TMK (KCV D0E06F38): the terminal takes the master key"),
        (lambda block, tmk: KEYS.mak.encrypt(block), "the terminal takes the MAC key for the PIK"),
        (lambda block, tmk: KEYS.tdk.encrypt(block), "the terminal takes the track key for the PIK"),
        (lambda block, tmk: KEYS.pik.half().encrypt(block), "the terminal takes half of its PIK"),
        (lambda block, tmk: KEYS.mak.half().encrypt(block), "takes half of the MAC key for the PIK"),
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


def is_of_no_format(block: bytes) -> bool:
    return len(set(block)) > 1 and KEYS.pik.decrypt(block)[0] >> 4 not in (0, 1)


@given(st.binary(min_size=8, max_size=8).filter(is_of_no_format))
def test_what_nothing_explains_is_not_explained(tmk, block):
    assert explained(block, tmk) == ""


@pytest.mark.parametrize("pin", ["1234", "123456", "123456789012"])
def test_no_sentence_quotes_a_pin_or_a_card_number(tmk, pin):
    for block in (iso_0(pin=pin), tmk.encrypt(iso_0(pin=pin)), KEYS.pik.encrypt(iso_0(PAN + "0", pin))):
        sentence = explained(block, tmk)
        assert sentence
        assert pin not in sentence
        assert PAN[6:15] not in sentence


PIK = KEYS.pik
WIDE = WorkingKeys(Secret(bytes(range(16)), "aes"), Secret(bytes(range(16, 32)), "aes"))


def of_8(digits: str, mask: str = "0" * 16) -> str:
    """Return the whole sentence about a block of these digits, with others taken out of it, under the right key."""
    return explained(PIK.encrypt(xor(digits, mask)), declared=ISO_0)


def of_16(digits: str, mask: str = "0" * 32) -> str:
    return explained(WIDE.pik.encrypt(xor(digits, mask)), declared=PIN_FORMATS["iso-4"], keys=WIDE)


FORMAT_0 = "06123456FFFFFFFF"


def test_digits_of_the_card_number_in_whole_sentences() -> None:
    assert of_8(FORMAT_0, "0000" + PAN[:12]) == (
        "it opens under the same PIK as iso-0 with the first twelve digits of the card number: the terminal takes "
        "the first twelve; take the twelve digits before the check digit, right aligned"
    )
    assert of_8(FORMAT_0, "0000" + PAN[-12:]) == (
        "it opens under the same PIK as iso-0 with the check digit of the card number included: the terminal takes "
        "the last twelve with the check digit; take the twelve digits before the check digit, right aligned"
    )
    assert of_8(FORMAT_0, PAN[-16:]) == (
        "it opens under the same PIK as iso-0 with sixteen digits of the card number: the terminal takes the last "
        "sixteen; take the twelve digits before the check digit, right aligned"
    )
    assert of_8(FORMAT_0, PAN[-13:-1] + "0000") == (
        "it opens under the same PIK as iso-0 with the card number in the first six bytes: the terminal takes them "
        "in the first six bytes; take the twelve digits before the check digit, right aligned"
    )
    assert of_8(FORMAT_0, "0000" + "9" * 12) == (
        "under the same PIK it is a block of format 0 with another card number in it: the terminal takes another "
        "card's number, or other digits of this one; take the twelve rightmost without the check digit of the card "
        "in this message"
    )
    assert of_8(FORMAT_0) == (
        "it opens under the same PIK as iso-0-without-pan: the terminal uses another PIN block format than it says "
        "(iso-0); use format iso-0, or say the other one"
    )
    short = "622123456789"
    block = PIK.encrypt(xor(FORMAT_0, "0000" + short[:-1] + "0"))
    assert explained(block, pan=short) == (
        "it opens under the same PIK as iso-0 with a short card number filled up on the right: the terminal takes "
        "it filled up on the right; take the twelve digits before the check digit, right aligned"
    )


def test_formats_in_whole_sentences() -> None:
    assert of_8("36123456ABCDEFAB", "0000" + PAN[-13:-1]) == (
        "it opens under the same PIK as iso-3: the terminal uses another PIN block format than it says (iso-0); "
        "use format iso-0, or say the other one"
    )
    assert of_8("0612345600000000", "0000" + PAN[-13:-1]) == (
        "it opens under the same PIK as format 0 with zeros (0) behind the PIN: the terminal fills with 0; fill "
        "with F behind the PIN"
    )
    assert of_8("313233343536FFFF") == (
        "it opens under the same PIK as the PIN in ASCII characters: the terminal uses another PIN block format "
        "than it says (iso-0); use format iso-0, or say the other one"
    )
    assert of_8("123456FFFFFFFFFF", "0000" + PAN[-13:-1]) == (
        "it opens under the same PIK as format 0 without the length of the PIN: the terminal leaves out the "
        "control digit and the length; begin the block with 0 and the length of the PIN, like 06"
    )
    assert of_8("26123456FFFFFFFF") == (
        "it opens under the same PIK as format 2, for chip cards: the terminal uses another PIN block format than "
        "it says (iso-0); use format iso-0, or say the other one"
    )
    assert of_8("123456FFFFFFFFFF") == (
        "it opens under the same PIK as bare digits filled with F (IBM 3624): the terminal uses another PIN block "
        "format than it says (iso-0); use format iso-0, or say the other one"
    )
    assert of_8("1612345678901234") == (
        "under the same PIK it reads as a block of format 1: the terminal uses PIN block format iso-1; use iso-0"
    )
    assert explained(PIK.encrypt(xor(FORMAT_0, "0000" + PAN[-13:-1])), declared=PIN_FORMATS["iso-3"]) == (
        "it opens under the same PIK as iso-0: the terminal uses another PIN block format than it says (iso-3); "
        "use format iso-3, or say the other one"
    )
    assert explained(PIK.encrypt(xor(FORMAT_0, "0000" + PAN[-13:-1])), declared=None) == (
        "it opens under the same PIK as iso-0"
    )
    assert of_8("9999999999999999") == ""


def test_formats_of_sixteen_bytes_in_whole_sentences() -> None:
    mask = "0000" + PAN[-13:-1]
    assert of_16(FORMAT_0 + "0" * 16, mask + "0" * 16) == (
        "it opens under the same PIK as iso-0-padded: the terminal uses another PIN block format than it says "
        "(iso-4); use format iso-4, or say the other one"
    )
    assert of_16(FORMAT_0 + "F" * 16, "0" * 16 + mask) == (
        "it opens under the same PIK as iso-0-wide: the terminal uses another PIN block format than it says "
        "(iso-4); use format iso-4, or say the other one"
    )
    assert of_16(FORMAT_0 + "0" * 16) == (
        "it opens under the same PIK as iso-0-without-pan-padded: the terminal uses another PIN block format than "
        "it says (iso-4); use format iso-4, or say the other one"
    )
    assert of_16(FORMAT_0 + "F" * 16) == (
        "it opens under the same PIK as iso-0-without-pan-wide: the terminal uses another PIN block format than it "
        "says (iso-4); use format iso-4, or say the other one"
    )
    block = PIN_FORMATS["iso-4"].seal(WIDE.pik, "123456", PAN, lambda size: bytes(size))
    assert explained(block, declared=PIN_FORMATS["iso-0-wide"], keys=WIDE) == (
        "it opens under the same PIK as iso-4: the terminal uses another PIN block format than it says "
        "(iso-0-wide); use format iso-0-wide, or say the other one"
    )


def test_digits_of_the_card_number_in_blocks_of_sixteen_bytes() -> None:
    mask = "0000" + PAN[:12]
    assert of_16(FORMAT_0 + "0" * 16, mask + "0" * 16) == (
        "it opens under the same PIK as iso-0-padded with the first twelve digits of the card number: the terminal "
        "takes the first twelve; take the twelve digits before the check digit, right aligned"
    )
    assert of_16(FORMAT_0 + "F" * 16, "0" * 16 + mask) == (
        "it opens under the same PIK as iso-0-wide with the first twelve digits of the card number: the terminal "
        "takes the first twelve; take the twelve digits before the check digit, right aligned"
    )


CARD_PART = "0000" + PAN[-13:-1]


@pytest.mark.parametrize(
    ("digits", "says"),
    [
        ("04123456FFFFFFFF", "format 0, but its length is not that of its digits: the block says another number"),
        ("0C123456FFFFFFFF", "format 0, but its length is not that of its digits: the block says another number"),
        ("60123456FFFFFFFF", "with the length before the control digit: the terminal swaps the first two digits"),
        ("6123456FFFFFFFFF", "that begins with the length: the terminal knows no control digit"),
        ("12345606FFFFFFFF", "with control digit and length behind the PIN: the terminal puts them behind the PIN"),
        ("101234567890FFFF", "with the length in two decimal digits: the terminal writes the length in decimal digits"),
        ("06313233343536FF", "with the PIN in ASCII characters: the terminal takes two digits for each of the PIN"),
        ("00FFFFFFFFFFFFFF", "format 0 without a PIN: the terminal sends a block though no PIN was entered"),
    ],
)
@pytest.mark.parametrize("mask", [CARD_PART, "0" * 16])
def test_a_misbuilt_block(digits: str, mask: str, says: str) -> None:
    assert says in of_8(digits, mask)


@pytest.mark.parametrize(
    ("block", "says"),
    [
        (PIK.decrypt(iso_0()), ", encrypted instead of decrypted: the terminal decrypts the block; encrypt it"),
        (
            PIK.encrypt(PIK.encrypt(iso_0())),
            ", decrypted twice: the terminal encrypts the block twice; encrypt it once",
        ),
        (PIK.encrypt(iso_0())[::-1], ", its bytes reversed: the terminal reverses the encrypted bytes; send the bytes"),
        (
            PIK.encrypt(iso_0())[4:] + PIK.encrypt(iso_0())[:4],
            ", its halves swapped: the terminal swaps the halves of the encrypted block; send the bytes in the order",
        ),
        (
            PIK.encrypt(iso_0()[::-1]),
            ", its decrypted bytes reversed: the terminal reverses the block before it",
        ),
    ],
)
def test_the_cipher_used_otherwise(block: bytes, says: str) -> None:
    assert f"it opens under the same PIK{says}" in explained(block)


@pytest.mark.parametrize("byte", [b"\x00", b"\xff", b" "])
def test_one_byte_repeated_is_no_block(byte: bytes) -> None:
    assert explained(8 * byte).startswith(f"all its bytes are {byte.hex().upper()}, so no PIN was encrypted: send")


@given(block=st.binary(min_size=1, max_size=24), declared=st.sampled_from([None, *PIN_FORMATS.values()]))
def test_a_block_of_any_size_under_a_key_of_any_cipher_ends_in_a_sentence(block, declared):
    piks = Secret(bytes(8), "des"), Secret(bytes(16), "3des"), Secret(bytes(16), "sm4"), Secret(bytes(16), "aes")
    for pik in piks:
        keys = WorkingKeys(pik, pik)
        assert isinstance(finished(diagnose_pin(block, PAN, declared, [("current", keys)])), str)
