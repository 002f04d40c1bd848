"""PIN blocks: the published ones, psec as an oracle, and what is no PIN block."""

import os

import psec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.security.pin import PIN_FORMATS, PinError
from acquirer.security.secret import Secret

PAN = "6212790200001797"
pins = st.text("0123456789", min_size=4, max_size=12)
pans = st.text("0123456789", min_size=13, max_size=19)
every_format = pytest.mark.parametrize("name", list(PIN_FORMATS))


@pytest.mark.parametrize(("pin", "block"), [("777777", "067750E7DFFFFE86"), ("111111", "06113681DFFFFE86")])
def test_format_0_as_published(pin, block):
    """V8."""
    assert PIN_FORMATS["iso-0"].encode(pin, PAN, os.urandom).hex().upper() == block
    assert PIN_FORMATS["iso-0"].decode(bytes.fromhex(block), PAN) == pin


def test_format_0_under_its_published_key():
    """V8."""
    pik = Secret.from_hex("73575E29D00B19757ADC854C23D0EAE6")
    assert pik.encrypt(bytes.fromhex("06113681DFFFFE86")).hex().upper() == "97DEC6527137429C"


def test_the_padded_form_under_its_published_sm4_key():
    """V9."""
    pik = Secret.from_hex("F351D490994603795C6EBEE8FAEBB481", "sm4")
    block = bytes.fromhex("06125055FF88D977") + bytes(8)
    assert pik.encrypt(block).hex().upper() == "E639B7346D93D4ECE1E991CDCC84936E"


def test_the_wide_form_as_described():
    block = PIN_FORMATS["iso-0-wide"].encode("123456", PAN, os.urandom)
    assert block.hex().upper() == "06123456FFFFFFFFFFFF" + "D86FDFFFFE86"


@every_format
@given(pin=pins, pan=pans)
def test_what_was_encoded_is_decoded(name, pin, pan):
    pin_format = PIN_FORMATS[name]
    block = pin_format.encode(pin, pan, os.urandom)
    assert len(block) == pin_format.block_bytes
    assert pin_format.decode(block, pan) == pin


@given(pin=pins, pan=pans)
def test_formats_0_and_3_are_psecs(pin, pan):
    assert PIN_FORMATS["iso-0"].encode(pin, pan, os.urandom) == psec.pinblock.encode_pinblock_iso_0(pin, pan)
    assert psec.pinblock.decode_pinblock_iso_3(PIN_FORMATS["iso-3"].encode(pin, pan, os.urandom), pan) == pin
    assert PIN_FORMATS["iso-3"].decode(psec.pinblock.encode_pinblock_iso_3(pin, pan), pan) == pin


@given(block=st.binary(min_size=8, max_size=8), pan=pans)
def test_formats_0_and_3_open_exactly_what_psec_opens(block, pan):
    for name, oracle in (
        ("iso-0", psec.pinblock.decode_pinblock_iso_0),
        ("iso-3", psec.pinblock.decode_pinblock_iso_3),
    ):
        # Start from the right control digit: most random blocks would end there.
        tried = bytes(((int(name[-1]) << 4) | block[0] & 0x0F,)) + block[1:]
        assert outcome(PIN_FORMATS[name].decode, tried, pan) == outcome(oracle, tried, pan)


def outcome(decode, block, pan):
    try:
        return decode(block, pan)
    except ValueError:
        return None


@every_format
@given(block=st.binary(max_size=20), pan=st.one_of(pans, st.text(max_size=20)))
def test_any_bytes_are_a_pin_or_a_pin_error(name, block, pan):
    try:
        pin = PIN_FORMATS[name].decode(block, pan)
    except PinError:
        return
    assert pin.isdigit()
    assert 4 <= len(pin) <= 12


@pytest.mark.parametrize(
    ("block", "says"),
    [
        ("1412340000000000", "first digit says format 1, expected 0"),
        ("0312FFFFFFFFFFFF", "3 digits"),
        ("0D12FFFFFFFFFFFF", "13 digits"),
        ("0412A4FFFFFFFFFF", "not numeric"),
        ("041234FFFFFFFFF0", "filling"),
        ("041234FFFFFFFF", "8 bytes, this one has 7"),
    ],
)
def test_the_refusal_of_a_block_names_the_problem(block, says):
    with pytest.raises(PinError, match=says):
        PIN_FORMATS["iso-0-without-pan"].decode(bytes.fromhex(block), "")


def test_the_padded_form_wants_zeros_behind_it():
    block = PIN_FORMATS["iso-0"].encode("1234", PAN, os.urandom) + b"\x00" * 7 + b"\x01"
    with pytest.raises(PinError, match="second half"):
        PIN_FORMATS["iso-0-padded"].decode(block, PAN)


@pytest.mark.parametrize("pin", ["", "123", "1234567890123", "12a4", "12٣4"])
def test_what_is_no_pin_is_refused_without_being_quoted(pin):
    with pytest.raises(PinError, match=r"^a PIN has 4 to 12 digits$"):
        PIN_FORMATS["iso-0"].encode(pin, PAN, os.urandom)


@pytest.mark.parametrize("pan", ["", "62127902000", "621279020000179A", "٦" * 16])
def test_a_format_with_pan_needs_a_pan(pan):
    with pytest.raises(PinError, match="needs a card number"):
        PIN_FORMATS["iso-0"].encode("1234", pan, os.urandom)


class TestFormat4:
    """ISO 9564-1:2017: the card number goes in between two encryptions under an AES key."""

    PIK = Secret.from_hex("AF8CB133A78F8DC2D1359F18527593FB", "aes")
    FORMAT = PIN_FORMATS["iso-4"]

    def test_the_published_block(self):
        """X9.24-3 supplement, transaction 1."""
        block = self.FORMAT.seal(self.PIK, "1234", "4111111111111111", lambda _: bytes.fromhex("2F69ADDE2E9E7ACE"))
        assert block.hex().upper() == "A912150391AB65A67E52883D81CE2D15"
        assert self.FORMAT.open(self.PIK, block, "4111111111111111") == "1234"

    @given(pin=pins, pan=st.text("0123456789", min_size=1, max_size=19))
    def test_psec_opens_it_and_the_other_way_round(self, pin, pan):
        key = self.PIK.reveal()
        assert psec.pinblock.decipher_pinblock_iso_4(key, self.FORMAT.seal(self.PIK, pin, pan, os.urandom), pan) == pin
        assert self.FORMAT.open(self.PIK, psec.pinblock.encipher_pinblock_iso_4(key, pin, pan), pan) == pin

    def test_another_card_does_not_open_it(self):
        block = self.FORMAT.seal(self.PIK, "1234", PAN, lambda _: bytes(8))
        with pytest.raises(PinError, match="first digit says format"):
            self.FORMAT.open(self.PIK, block, PAN[:-1] + "8")

    @pytest.mark.parametrize("pan", ["", "4111x", "1" * 20])
    def test_no_card_no_block(self, pan):
        with pytest.raises(PinError, match="needs a card number of 19 digits at most"):
            self.FORMAT.seal(self.PIK, "1234", pan, os.urandom)


@every_format
def test_a_format_needs_a_card_number_or_takes_none(name):
    pin_format = PIN_FORMATS[name]
    pik = Secret(bytes(range(16)), "sm4" if pin_format.block_bytes == 16 else "3des")
    if pin_format.needs_pan and pin_format.between is None:
        with pytest.raises(PinError, match="needs a card number"):
            pin_format.seal(pik, "1234", "", os.urandom)
    elif not pin_format.needs_pan:
        assert pin_format.open(pik, pin_format.seal(pik, "1234", "", os.urandom), PAN) == "1234"
    assert len(pin_format.seal(pik, "1234", PAN, os.urandom)) == pin_format.block_bytes


@every_format
@pytest.mark.parametrize("pin", ["1234", "123456789012"])
def test_another_card_number_opens_no_block_that_is_bound_to_one(name, pin):
    pin_format = PIN_FORMATS[name]
    pik = Secret(bytes(range(16)), "sm4" if pin_format.block_bytes == 16 else "3des")
    block = pin_format.seal(pik, pin, PAN, lambda size: bytes(range(size)))
    other = PAN[:4] + str((int(PAN[4]) + 1) % 10) + PAN[5:]
    assert pin_format.open(pik, block, PAN) == pin
    if pin_format.needs_pan:
        assert outcome(lambda data, pan: pin_format.open(pik, data, pan), block, other) != pin
    else:
        assert pin_format.open(pik, block, other) == pin
