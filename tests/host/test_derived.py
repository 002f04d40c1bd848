"""Keys derived for each message (DUKPT): what the host makes of a KSN, and what it says when a MAC does not fit."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from acquirer.model.rows import TerminalConfig
from acquirer.security.dukpt_device import DukptDevice
from acquirer.security.secret import Secret

TID, MID = "10000161", "880210010210162"
CARD = "6212345678901232"
BDK = Secret.from_hex("0123456789ABCDEFFEDCBA9876543210")
OTHER = Secret.from_hex("00112233445566778899AABBCCDDEEFF")


class Pos:
    """A device under the BDK; each message it makes uses up a key."""

    def __init__(self, rig, bdk=BDK):
        self.rig, self.suite, self.dialect = rig, rig.host.suite, rig.host.dialect
        dukpt = self.suite.dukpt
        ksn = bytes.fromhex("FFFF10000161").ljust(dukpt.ksn_bytes, b"\0")
        self.initial = dukpt.initial(bdk.using(dukpt.cipher), ksn)
        self.device = DukptDevice.loaded(dukpt, self.initial, ksn)
        self.ksn, self.keys = b"", None

    def next_key(self):
        self.ksn, self.keys, self.device = self.device.use()
        return self.keys

    def frame(self, mti, mac=None, **elements):
        """A request under the key in use; `mac` makes its MAC in another way."""
        fields: dict[int, Any] = {}
        for element, value in {"tid": TID, "mid": MID, "sent": "0310040000", **elements}.items():
            if value is not None:
                self.dialect.put(fields, element, value)
        if "ksn" not in elements:
            self.suite.put_ksn(fields, self.ksn)
        fields[self.dialect.mac_de(fields)] = bytes(8)
        frame = self.dialect.encode(mti, fields)
        return self.dialect.with_mac(frame, (mac or self.mac)(self.dialect.covered(frame)))

    def mac(self, data):
        return self.suite.mac(self.keys, data)

    def mac_with(self, key):
        return lambda data: self.suite.mac_algorithm(key, data, 8)

    def sale(self, mti="0200", mac=None, **more):
        return self.rig.send(self.sale_frame(mti, mac, **more))

    def sale_frame(self, mti="0200", mac=None, **more):
        elements = {
            "pan": CARD,
            "processing_code": "000000",
            "amount": "000000001234",
            "stan": "000001",
            "time": "120000",
            "date": "0310",
            "expiry": "3012",
            "entry_mode": "012",
            "condition": "00",
            "currency": "978",
        }
        return self.frame(mti, mac, **(elements | more))

    def pin_block(self, keys=None, pin="123456"):
        return self.suite.seal_pin(keys or self.keys, pin, CARD, "", Random(1).randbytes)


def why(answer):
    """Why, as the journal shows it."""
    return answer.why


@pytest.fixture(params=["iso8583-1987-dukpt", "iso8583-1987-dukpt-aes"])
def rig(request, new_rig):
    rig = new_rig(dialect=request.param)
    register(rig, BDK)
    return rig


three_des = pytest.mark.parametrize("rig", ["iso8583-1987-dukpt"], indirect=True)


def register(rig, bdk):
    vault, randbytes = rig.host.vault, rig.host.randbytes
    sealed = None if bdk is None else vault.seal_secret(f"bdk:{TID}", bdk, randbytes)
    rig.terminals[TID] = TerminalConfig(TID, MID, "", b"", "", bdk=sealed, bdk_kcv="" if bdk is None else bdk.kcv())


@pytest.fixture
def pos(rig):
    pos = Pos(rig)
    pos.next_key()
    return pos


def test_a_sale_needs_no_sign_on_and_its_reply_has_a_mac_of_its_own_key(pos):
    answer = pos.sale(pin_block=pos.pin_block())
    assert (answer.code, why(answer)) == ("00", "approved on card 'standard' 621234******1232")
    assert pos.suite.verify_reply(pos.keys, answer.message)
    assert not pos.suite.verify_message(pos.keys, answer.message)
    assert pos.dialect.get(answer.message, "ksn") == pos.ksn
    (sale,) = pos.rig.store.transactions.values()
    assert sale.generation == 1


def test_every_message_has_its_own_key(pos):
    for stan in range(1, 5):
        answer = pos.sale(stan=f"{stan:06}", pin_block=pos.pin_block())
        assert answer.code == "00"
        assert pos.suite.verify_reply(pos.keys, answer.message)
        pos.next_key()


def test_a_repeat_gets_the_stored_answer_under_its_own_key(pos):
    first = pos.sale()
    pos.next_key()
    again = pos.sale(mti="0201")
    assert (again.code, again[37]) == ("00", first[37])
    assert pos.suite.verify_reply(pos.keys, again.message)
    assert pos.rig.booked_minor() == 1234


def test_a_reversal_is_a_message_with_a_key_of_its_own(pos):
    pos.sale()
    pos.next_key()
    frame = pos.frame(
        "0400",
        processing_code="000000",
        amount="000000001234",
        stan="000002",
        currency="978",
        reversal_reason="68",
        original_mti="0200",
        original_stan="000001",
        original_sent="0310040000",
        original_acquirer="00000123456",
        original_forwarder="00000000000",
    )
    answer = pos.rig.send(frame)
    assert (answer.code, pos.rig.booked_minor()) == ("00", 0)
    assert pos.suite.verify_reply(pos.keys, answer.message)


@three_des
def test_leading_filling_of_a_ksn_may_be_left_out(pos):
    assert pos.sale(ksn=pos.ksn[2:]).code == "00"


def test_an_echo_needs_neither_mac_nor_ksn(pos):
    assert pos.rig.send(pos.frame("0800", stan="000001", function="301", ksn=None)).code == "00"


class TestBadMacs:
    @pytest.mark.parametrize(
        ("mistake", "says"),
        [
            (lambda pos: pos.suite.dukpt.transaction(pos.initial, pos.ksn), "the key of the transaction itself"),
            (lambda pos: pos.keys.reply_mak, "the MAK of the reply"),
            (lambda pos: pos.initial, "the initial key"),
            (lambda pos: pos.keys.pik, "the PIK"),
            (lambda pos: pos.keys.tdk, "the TDK"),
        ],
    )
    def test_the_key_that_was_taken_instead_is_found(self, pos, mistake, says):
        key = mistake(pos)
        answer = pos.sale(mac=pos.mac_with(key))
        assert answer.code == pos.dialect.code_of("mac_differs")
        assert f"under {says} (KCV {key.kcv()}) matches: the terminal " in why(answer)
        assert f"MAK KCV {pos.keys.mak.kcv()} of KSN {pos.ksn.hex().upper()} (counter 1)" in why(answer)
        assert pos.rig.booked_minor() == 0

    def test_the_ksn_of_another_transaction(self, pos):
        ksn, keys = pos.ksn, pos.keys
        pos.next_key()
        assert "under the MAK of counter 2 (KCV" in why(pos.sale(ksn=ksn))
        assert "under the MAK of counter 1 (KCV" in why(pos.sale(mac=pos.mac_with(keys.mak)))

    def test_an_unexplained_mac_names_the_initial_key(self, rig):
        pos = Pos(rig, OTHER)
        pos.next_key()
        right = Pos(rig).initial.kcv()
        assert f"under the host's BDK this KSN has an initial key with KCV {right}; compare it with" in why(pos.sale())

    def test_a_missing_mac(self, pos):
        fields = dict(pos.dialect.decode(pos.sale_frame()).fields)
        del fields[64]
        answer = pos.rig.send(pos.dialect.encode("0200", fields))
        assert "DE 64 (mac) is missing: this message must carry a MAC made with MAK KCV" in why(answer)

    def test_many_of_them_demand_no_sign_on_where_there_is_none(self, pos):
        for _ in range(5):
            answer = pos.sale(mac=lambda _: bytes(8))
            assert answer.code == pos.dialect.code_of("mac_differs")
            assert answer.notes == ""
        assert pos.sale().code == "00"
        assert pos.rig.sessions[TID].bad_macs == 0


class TestUsedKsns:
    def test_another_message_under_a_used_ksn(self, pos):
        assert pos.sale().notes == ""
        assert "ksn-used-again: counter 1 has made another message before" in pos.sale(stan="000002").notes

    def test_the_same_message_again(self, pos):
        for _ in range(2):
            answer = pos.sale()
            assert answer.code == "00"
            assert "ksn" not in answer.notes

    def test_a_device_that_lost_its_counter(self, pos):
        first = pos.device
        for number in range(3):
            pos.next_key()
            assert pos.sale(stan=f"00001{number}").notes == ""
        pos.device = first
        pos.next_key()
        answer = pos.sale(stan="000020")
        assert "ksn-went-back: counter 2 comes after 4" in answer.notes
        assert answer.why == "approved on card 'standard' 621234******1232"

    def test_where_a_mac_differs_the_device_before_is_named(self, pos):
        assert pos.sale().code == "00"
        ksn = pos.ksn[:5] + b"\x77" + pos.ksn[6:]
        assert "began with FFFF10000161 before, this one with FFFF10000177: send the KSN" in why(pos.sale(ksn=ksn))


class TestPins:
    def test_another_pin(self, pos):
        assert pos.sale(pin_block=pos.pin_block(pin="654321")).code == "55"

    def test_a_block_of_another_transaction(self, pos):
        block = pos.pin_block()
        pos.next_key()
        answer = pos.sale(pin_block=block)
        assert answer.code == pos.dialect.code_of("pin_format_wrong")
        assert "opens in no format" in why(answer)
        assert "sends the KSN of one transaction with the PIN block of another" in why(answer)


class TestWithoutKeys:
    def test_a_ksn_that_no_terminal_sends(self, pos):
        answer = pos.sale(ksn=b"\xff\xff" + bytes(pos.suite.dukpt.ksn_bytes - 2))
        assert answer.code == "30"
        assert "has counter 0; terminals count from 1" in why(answer)
        assert "a KSN of bytes 00 names no terminal: send" in why(pos.sale(ksn=bytes(pos.suite.dukpt.ksn_bytes)))
        assert f"has {pos.suite.dukpt.ksn_bytes} bytes, this one has 1" in why(pos.sale(ksn=b"\x01"))

    def test_a_sale_without_a_ksn_is_a_format_error(self, pos):
        answer = pos.sale(ksn=None)
        assert (answer.code, why(answer).partition(";")[0]) == ("30", "DE 53 (ksn) is missing")

    def test_a_terminal_without_a_bdk(self, pos):
        register(pos.rig, None)
        answer = pos.sale()
        assert answer.code == pos.dialect.code_of("keys_unavailable")
        assert f"terminal {TID} is registered without a bdk, which {pos.suite.dukpt.name} needs" in why(answer)

    @three_des
    def test_a_bdk_that_cannot_be_one(self, pos):
        register(pos.rig, Secret(bytes(24)))
        answer = pos.sale()
        assert answer.code == pos.dialect.code_of("keys_unavailable")
        assert "is a 3DES key of 16 bytes; this one is a 3DES key of 24" in why(answer)

    def test_a_bdk_that_changes_is_used_at_once(self, pos):
        assert pos.sale().code == "00"
        register(pos.rig, OTHER)
        pos.next_key()
        assert pos.sale(stan="000002").code == pos.dialect.code_of("mac_differs")

    def test_a_terminal_without_a_master_key_cannot_sign_on_elsewhere(self, new_rig):
        rig = new_rig()
        rig.register(TID)
        rig.terminals[TID] = replace(rig.terminals[TID], tmk=b"", tmk_kcv="")
        answer = rig.pos(TID).sign_on()
        assert answer.code == rig.host.dialect.code_of("keys_unavailable")
        assert why(answer).startswith(
            f"terminal {TID} cannot be given working keys: terminal {TID} is registered without"
        )
        assert why(answer).endswith("; register its TMK with 'acquirer terminals add'")


WITHOUT_MAC = """
dialect = "dukpt-without-mac"
extends = "iso8583-1987-dukpt"

[routes.sale]
mac = "none"
reply.make = ["settlement_date", "rrn", "auth_id", "code"]
mandatory = ["processing_code", "amount", "sent", "stan", "time", "date", "tid", "mid", "currency", "pan or track2"]
"""


class TestSalesWithoutMac:
    @pytest.fixture
    def bare(self, new_rig, tmp_path):
        (tmp_path / "dukpt-without-mac.toml").write_text(WITHOUT_MAC, encoding="utf-8")
        rig = new_rig(dialect=str(tmp_path / "dukpt-without-mac.toml"))
        register(rig, BDK)
        pos = Pos(rig)
        pos.next_key()
        return pos

    def send(self, pos, **elements):
        """Return the answer to a sale from which the MAC was left out."""
        message = pos.dialect.decode(pos.sale_frame(**elements))
        fields = {de: value for de, value in message.fields.items() if de != 64}
        return pos.rig.send(pos.dialect.encode("0200", fields))

    def test_a_pin_is_under_the_key_of_its_ksn(self, bare):
        bare.next_key()
        answer = self.send(bare, pin_block=bare.pin_block())
        assert answer.code == "00"
        (sale,) = bare.rig.store.transactions.values()
        assert sale.generation == 2
        assert self.send(bare, stan="000002", pin_block=bare.pin_block(pin="654321")).code == "55"

    def test_without_a_ksn_there_are_no_keys(self, bare):
        answer = self.send(bare, ksn=None)
        assert answer.code == "00"
        (sale,) = bare.rig.store.transactions.values()
        assert sale.generation == 0
        answer = self.send(bare, ksn=None, stan="000002", pin_block=bare.pin_block())
        assert why(answer) == "the PIN block cannot be opened: this terminal has been given no keys"
