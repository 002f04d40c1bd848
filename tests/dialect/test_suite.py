"""The suite: the shipped dialect's security end to end, and dialects that name what is unknown."""

import os
import random
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.data.toml import DataError
from acquirer.dialect.suite import Suite
from acquirer.security.ciphers import CipherError
from acquirer.security.dukpt import DukptError
from acquirer.security.key_package import KeyPackage, KeyPart
from acquirer.security.packages import PackageError
from acquirer.security.pin import PinError
from acquirer.security.secret import Secret
from acquirer.security.track import TrackError
from acquirer.security.working import WorkingKeys
from acquirer.wire.grammar import Locator

PAN = "6212790200001797"
TRACK = "6212790200001797D24122200000012345"
FORMS = ("single", "double", "duplicated")

pins = st.text("0123456789", min_size=4, max_size=12)
pans = st.text("0123456789", min_size=13, max_size=19)


class TestWorkingKeys:
    def test_the_published_reply_is_accepted(self, dialect, suite, tmk, keys):
        """V1, out of the published sign-on reply."""
        [sample] = [sample for sample in dialect.samples if "258FB0AB" in sample.title]
        reply = dialect.decode(bytes.fromhex(sample.hex)[2:])
        assert suite.accept(dialect.text(reply, "function"), tmk, dialect.get(reply, "keys")) == keys

    @pytest.mark.parametrize("mak", FORMS)
    @pytest.mark.parametrize(("selector", "size"), [("001", 24), ("003", 40), ("004", 60), ("005", 40), ("006", 60)])
    def test_every_package_in_every_form_reaches_the_terminal(self, suite, tmk, selector, size, mak):
        issued = suite.issue(selector, tmk, mak, random.Random(7).randbytes)
        assert len(issued.wire) == size
        assert suite.accept(selector, tmk, issued.wire) == issued.working

    @pytest.mark.parametrize("selector", ["", "002", "9"])
    def test_an_unknown_package_is_refused_by_name(self, suite, tmk, selector):
        says = f"no key package {selector or '(empty)'}; known: 001, 003, 004, 005, 006"
        with pytest.raises(PackageError) as exc:
            suite.issue(selector, tmk, "single", os.urandom)
        assert says in str(exc.value)
        with pytest.raises(PackageError):
            suite.accept(selector, tmk, bytes(24))


class TestMac:
    def test_the_synthetic_sale(self, dialect, suite, keys, sale):
        message = dialect.decode(sale)
        assert suite.mac(keys, dialect.covered(sale)) == b"3A57ACBB"
        assert suite.verify_message(keys, message)
        assert suite.seal(keys, dialect.with_mac(sale, bytes(8))) == sale

    @given(at=st.integers(0, 75), bit=st.integers(0, 7))
    def test_one_flipped_bit_of_what_is_covered_is_noticed(self, dialect, suite, keys, sale, at, bit):
        covered = bytearray(dialect.covered(sale) + sale[-8:])
        covered[at] ^= 1 << bit
        assert not suite.verify(keys, bytes(covered[:-8]), bytes(covered[-8:]))

    def test_a_message_without_mac_is_not_verified(self, dialect, suite, keys):
        request = dialect.decode(bytes.fromhex(dialect.samples[0].hex)[2:])
        assert dialect.mac_of(request) is None
        assert not suite.verify_message(keys, request)


class TestPin:
    @given(pin=pins, pan=pans, control=st.sampled_from(["1600000000000000", "2600000000000000", "2610000000000000"]))
    def test_what_a_terminal_seals_the_host_opens(self, suite, keys, pin, pan, control):
        block = suite.seal_pin(keys, pin, pan, control, os.urandom)
        assert len(block) == 8
        opened = suite.open_pin(keys, block, pan, control)
        assert (opened.pin, opened.note) == (pin, "")
        assert pin not in repr(opened)

    @given(pin=pins, pan=pans, control=st.sampled_from(["1300000000000000", "2300000000000000"]))
    def test_under_sm4_as_well(self, suite, pin, pan, control):
        keys = WorkingKeys(Secret(bytes(range(16)), "sm4"), Secret(bytes(range(16)), "sm4"))
        block = suite.seal_pin(keys, pin, pan, control, os.urandom)
        assert len(block) == 16
        assert suite.open_pin(keys, block, pan, control).pin == pin

    def test_a_block_with_pan_declared_as_one_without(self, suite, keys):
        """A terminal family writes 1 for a swipe and computes with the PAN all the same."""
        block = suite.seal_pin(keys, "123456", PAN, "26", os.urandom)
        opened = suite.open_pin(keys, block, PAN, "1600000000000000")
        assert opened.pin == "123456"
        assert opened.format == "iso-0"
        assert opened.note == (
            "DE 53 (security control) 1600000000000000 says iso-0-without-pan, the PIN block opened as iso-0; "
            "begin DE 53 with 2"
        )

    def test_a_block_that_was_declared_as_none(self, suite, keys):
        block = suite.seal_pin(keys, "123456", PAN, "26", os.urandom)
        opened = suite.open_pin(keys, block, PAN, "0600000000000000")
        assert opened.pin == "123456"
        assert "says that there is no PIN" in opened.note

    @given(st.binary(min_size=8, max_size=8))
    def test_any_block_is_a_pin_or_one_sentence(self, suite, keys, block):
        try:
            opened = suite.open_pin(keys, block, PAN, "26")
        except PinError:
            return
        assert opened.pin.isdigit()

    def test_a_block_under_another_key_is_recognised_by_the_kcv(self, suite, keys):
        with pytest.raises(PinError, match=r"^under PIK KCV 900ECCE3 the PIN block opens in no format: the block's "):
            suite.open_pin(keys, bytes(8), PAN, "26")

    def test_a_block_of_another_size_is_refused_with_its_size(self, suite, keys):
        with pytest.raises(PinError, match=r"^a PIN block under a 3DES PIK has 8 bytes, this one has 16$"):
            suite.open_pin(keys, bytes(16), PAN, "26")

    def test_a_format_for_another_cipher_is_reported(self, dialect, keys):
        security = replace(dialect.security, pin_blocks={"": "iso-4"})
        suite = Suite(replace(dialect, security=security))
        with pytest.raises(PinError, match="format iso-4 needs another cipher than 3DES"):
            suite.seal_pin(keys, "1234", PAN, "", os.urandom)

    def test_nothing_is_sealed_without_a_format(self, suite, keys):
        with pytest.raises(PinError, match="is 06, whose first digit names no PIN block format"):
            suite.seal_pin(keys, "1234", PAN, "06", os.urandom)


class TestTrack:
    def test_to_the_host_and_back(self, suite, keys):
        with_tdk = WorkingKeys(keys.pik, keys.mak, Secret.from_hex("C9A0F37E18EA3FF71E3BDA58ACCEFCE0"))
        sent = suite.seal_track(with_tdk, TRACK)
        assert sent == "62127902000017971616C2DD59511A2D45"
        assert suite.open_track(with_tdk, sent) == TRACK

    def test_without_a_track_key_both_say_so(self, suite, keys):
        for work in (suite.seal_track, suite.open_track):
            with pytest.raises(TrackError, match="without TDK"):
                work(keys, TRACK)

    @pytest.mark.parametrize(
        ("control", "sealed"), [("2610000000000000", True), ("2600000000000000", False), ("", False), ("26", False)]
    )
    def test_security_control_says_whether(self, suite, control, sealed):
        assert suite.track_sealed(control) is sealed


class TestADialectThatNamesWhatIsUnknown:
    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"mac": "unionpay-ebc"}, "security.mac: 'unionpay-ebc' is not known; did you mean 'unionpay-ecb'?"),
            ({"mac": "rot13"}, "security.mac: 'rot13' is not known; known: cmac, cmac-hex, "),
            ({"track": "tdb"}, "security.track: 'tdb' is not known; known: tdb-before-last-byte"),
            ({"pin_blocks": {"1": "iso0"}}, "security.pin_blocks.1: 'iso0' is not known; did you mean 'iso-0'?"),
            ({"mac": "x9.19"}, "security.packages[3]: MAC algorithm x9.19 takes no SM4 keys"),
        ],
    )
    def test_file_line_and_key_are_reported(self, dialect, change, says):
        with pytest.raises(DataError) as exc:
            Suite(replace(dialect, security=replace(dialect.security, **change)))
        assert says in str(exc.value)
        assert str(exc.value).startswith("unionpay-pos.toml:")
        assert exc.value.line > 0

    @pytest.mark.parametrize(
        ("parts", "says"),
        [
            ((KeyPart("pik", 16),), "needs at least a pik and a mak"),
            ((KeyPart("pik", 8), KeyPart("mak", 16)), "a 3DES key has 16 or 24 bytes, pik has 8"),
        ],
    )
    def test_a_package_that_makes_no_sense(self, dialect, parts, says):
        packages = {"003": KeyPackage("003", "3des", "3des", parts, 4, True)}
        with pytest.raises(DataError, match=rf"security\.packages\[1\]: .*{says}"):
            Suite(replace(dialect, security=replace(dialect.security, packages=packages)))


class TestKeysOfOneMessage:
    """DUKPT: the message brings a KSN, and replies have a MAC key of their own."""

    KSN = bytes.fromhex("FFFF9876543210E00001")

    @pytest.fixture
    def suite(self, dialect):
        security = replace(dialect.security, keys="dukpt-3des", mac="x9.19", packages={})
        return Suite(
            replace(dialect, security=security, elements={**dialect.elements, "ksn": dialect.elements["keys"]})
        )

    @pytest.fixture
    def derived(self, suite):
        return suite.dukpt.keys(Secret.from_hex("6AC292FAA1315B4D858AB3A3D7D5933A"), self.KSN)

    def message(self, suite, fields, mti="0200"):
        return suite.dialect.decode(suite.dialect.encode(mti, fields))

    def test_the_ksn_travels_where_the_dialect_says(self, suite):
        fields = {11: "000001"}
        suite.put_ksn(fields, self.KSN)
        assert fields == {11: "000001", 62: self.KSN}
        assert suite.ksn(self.message(suite, fields)) == self.KSN

    def test_the_ksn_travels_as_hex_where_a_field_holds_text(self, suite):
        dialect = replace(suite.dialect, elements={**suite.dialect.elements, "ksn": Locator(48)})
        suite = Suite(dialect)
        fields: dict[int, str | bytes] = {}
        suite.put_ksn(fields, self.KSN)
        assert fields == {48: "FFFF9876543210E00001"}
        assert suite.ksn(self.message(suite, fields)) == self.KSN

    @pytest.mark.parametrize(
        ("fields", "says"),
        [({11: "000001"}, "brings no KSN"), ({62: b"short"}, "a KSN of dukpt-3des has 10 bytes, this one has 5")],
    )
    def test_what_is_no_ksn(self, suite, fields, says):
        with pytest.raises(DukptError, match=says):
            suite.ksn(self.message(suite, fields))

    def test_a_ksn_as_text_that_is_no_hex(self, suite):
        dialect = replace(suite.dialect, elements={**suite.dialect.elements, "ksn": Locator(63)})
        with pytest.raises(DukptError, match="the KSN is not in hex digits"):
            Suite(dialect).ksn(self.message(suite, {63: "no KSN at all"}))

    def test_requests_and_replies_have_macs_of_two_keys(self, suite, derived, sale):
        request = suite.dialect.decode(suite.seal(derived, sale))
        reply = suite.dialect.decode(suite.seal_reply(derived, sale))
        assert suite.verify_message(derived, request)
        assert not suite.verify_reply(derived, request)
        assert suite.verify_reply(derived, reply)
        assert not suite.verify_message(derived, reply)

    def test_working_keys_of_a_sign_on_serve_both_ways(self, suite, keys, sale):
        reply = suite.dialect.decode(suite.seal_reply(keys, sale))
        assert suite.verify_message(keys, reply)
        assert suite.verify_reply(keys, reply)
        assert not suite.verify_reply(keys, self.message(suite, {11: "000001"}))

    def test_keys_of_one_message_are_never_kept(self, derived):
        with pytest.raises(CipherError, match="derived again, never kept"):
            derived.pack()

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"keys": "dukpt"}, "security.keys: 'dukpt' is not known; did you mean 'dukpt-aes'?"),
            ({"keys": "kerberos"}, "security.keys: 'kerberos' is not known; known: dukpt-3des, dukpt-aes, tmk"),
            ({"keys": "dukpt-aes"}, "security.keys: MAC algorithm x9.19 takes no AES keys"),
        ],
    )
    def test_what_cannot_be_is_reported(self, suite, change, says):
        security = replace(suite.dialect.security, **change)
        with pytest.raises(DataError, match=re.escape(says)):
            Suite(replace(suite.dialect, security=security))

    def test_without_a_place_for_the_ksn(self, suite):
        elements = {name: at for name, at in suite.dialect.elements.items() if name != "ksn"}
        with pytest.raises(DataError, match=r"security.keys: there is no element 'ksn'"):
            Suite(replace(suite.dialect, elements=elements))
