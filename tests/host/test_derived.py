"""Keys derived for each message (DUKPT): what the host makes of a KSN, and what it says when a MAC does not fit."""

from dataclasses import replace
from random import Random

import pytest

from acquirer.model.rows import TerminalConfig
from acquirer.security.dukpt_device import Device
from acquirer.security.secret import Secret

TID, MID = "10000161", "880210010210162"
CARD = "6212345678901232"
BDK = Secret.from_hex("0123456789ABCDEFFEDCBA9876543210")
OTHER = Secret.from_hex("FEDCBA98765432100123456789ABCDEF")


class Till:
    """A device under the BDK; each message it makes uses up a key."""

    def __init__(self, rig, bdk=BDK):
        self.rig, self.suite, self.dialect = rig, rig.host.suite, rig.host.dialect
        dukpt = self.suite.dukpt
        ksn = bytes.fromhex("FFFF10000161").ljust(dukpt.ksn_bytes, b"\0")
        self.initial = dukpt.initial(bdk.using(dukpt.cipher), ksn)
        self.device = Device.loaded(dukpt, self.initial, ksn)
        self.ksn, self.keys = b"", None

    def next_key(self):
        self.ksn, self.keys, self.device = self.device.use()
        return self.keys

    def frame(self, mti, mac=None, **elements):
        """A request under the key in use; `mac` makes its MAC in another way."""
        fields = {}
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


def told(answer):
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
def till(rig):
    till = Till(rig)
    till.next_key()
    return till


def test_a_sale_needs_no_sign_on_and_its_reply_has_a_mac_of_its_own_key(till):
    answer = till.sale(pin_block=till.pin_block())
    assert (answer.code, told(answer)) == ("00", "approved on card 'standard' 621234******1232")
    assert till.suite.verify_reply(till.keys, answer.message)
    assert not till.suite.verify_message(till.keys, answer.message)
    assert till.dialect.get(answer.message, "ksn") == till.ksn
    (sale,) = till.rig.transactions.values()
    assert sale.generation == 1


def test_every_message_has_its_own_key(till):
    for stan in range(1, 5):
        answer = till.sale(stan=f"{stan:06}", pin_block=till.pin_block())
        assert answer.code == "00"
        assert till.suite.verify_reply(till.keys, answer.message)
        till.next_key()


def test_a_repeat_gets_the_stored_answer_under_its_own_key(till):
    first = till.sale()
    till.next_key()
    again = till.sale(mti="0201")
    assert (again.code, again[37]) == ("00", first[37])
    assert till.suite.verify_reply(till.keys, again.message)
    assert till.rig.booked_minor() == 1234


def test_a_reversal_is_a_message_with_a_key_of_its_own(till):
    till.sale()
    till.next_key()
    frame = till.frame(
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
    answer = till.rig.send(frame)
    assert (answer.code, till.rig.booked_minor()) == ("00", 0)
    assert till.suite.verify_reply(till.keys, answer.message)


@three_des
def test_leading_filling_of_a_ksn_may_be_left_out(till):
    assert till.sale(ksn=till.ksn[2:]).code == "00"


def test_an_echo_needs_neither_mac_nor_ksn(till):
    assert till.rig.send(till.frame("0800", stan="000001", function="301", ksn=None)).code == "00"


class TestWrongMacs:
    @pytest.mark.parametrize(
        ("mistake", "says"),
        [
            (lambda till: till.suite.dukpt.transaction(till.initial, till.ksn), "the key of the transaction itself"),
            (lambda till: till.keys.reply_mak, "the MAK of the reply"),
            (lambda till: till.initial, "the initial key"),
            (lambda till: till.keys.pik, "the PIK"),
            (lambda till: till.keys.tdk, "the TDK"),
        ],
    )
    def test_the_key_that_was_taken_instead_is_found(self, till, mistake, says):
        key = mistake(till)
        answer = till.sale(mac=till.mac_with(key))
        assert answer.code == till.dialect.code_of("mac_differs")
        assert f"under {says} (KCV {key.kcv()}) matches: the terminal " in told(answer)
        assert f"MAK KCV {till.keys.mak.kcv()} of KSN {till.ksn.hex().upper()} (counter 1)" in told(answer)
        assert till.rig.booked_minor() == 0

    def test_the_ksn_of_another_transaction(self, till):
        ksn, keys = till.ksn, till.keys
        till.next_key()
        assert "under the MAK of counter 2 (KCV" in told(till.sale(ksn=ksn))
        assert "under the MAK of counter 1 (KCV" in told(till.sale(mac=till.mac_with(keys.mak)))

    def test_what_nobody_explains_is_told_by_the_initial_key(self, rig):
        till = Till(rig, OTHER)
        till.next_key()
        right = Till(rig).initial.kcv()
        assert f"under the host's BDK this KSN has an initial key with KCV {right}; compare it with" in told(
            till.sale()
        )

    def test_a_missing_mac(self, till):
        fields = dict(till.dialect.decode(till.sale_frame()).fields)
        del fields[64]
        answer = till.rig.send(till.dialect.encode("0200", fields))
        assert "DE 64 (mac) is missing: this message must carry a MAC made with MAK KCV" in told(answer)

    def test_many_of_them_demand_no_sign_on_where_there_is_none(self, till):
        for _ in range(5):
            answer = till.sale(mac=lambda _: bytes(8))
            assert answer.code == till.dialect.code_of("mac_differs")
            assert answer.notes == ""
        assert till.sale().code == "00"
        assert till.rig.sessions[TID].bad_macs == 0


class TestPins:
    def test_another_pin(self, till):
        assert till.sale(pin_block=till.pin_block(pin="654321")).code == "55"

    def test_a_block_of_another_transaction(self, till):
        block = till.pin_block()
        till.next_key()
        answer = till.sale(pin_block=block)
        assert answer.code == till.dialect.code_of("pin_format_wrong")
        assert "opens in no format" in told(answer)
        assert "must be encrypted under the key of the KSN that comes with it" in told(answer)


class TestWithoutKeys:
    def test_a_ksn_that_no_terminal_sends(self, till):
        answer = till.sale(ksn=bytes(till.suite.dukpt.ksn_bytes))
        assert answer.code == "30"
        assert "has counter 0; terminals count from 1" in told(answer)
        assert f"has {till.suite.dukpt.ksn_bytes} bytes, this one has 1" in told(till.sale(ksn=b"\x01"))

    def test_a_sale_without_a_ksn_is_a_format_error(self, till):
        answer = till.sale(ksn=None)
        assert (answer.code, told(answer).partition(";")[0]) == ("30", "DE 53 (ksn) is missing")

    def test_a_terminal_without_a_bdk(self, till):
        register(till.rig, None)
        answer = till.sale()
        assert answer.code == till.dialect.code_of("keys_unavailable")
        assert f"terminal {TID} is registered without a bdk, which {till.suite.dukpt.name} needs" in told(answer)

    @three_des
    def test_a_bdk_that_cannot_be_one(self, till):
        register(till.rig, Secret(bytes(24)))
        answer = till.sale()
        assert answer.code == till.dialect.code_of("keys_unavailable")
        assert "is a 3DES key of 16 bytes; this one is a 3DES key of 24" in told(answer)

    def test_a_bdk_that_changes_is_used_at_once(self, till):
        assert till.sale().code == "00"
        register(till.rig, OTHER)
        till.next_key()
        assert till.sale(stan="000002").code == till.dialect.code_of("mac_differs")

    def test_a_terminal_without_a_master_key_cannot_sign_on_elsewhere(self, new_rig):
        rig = new_rig()
        rig.register(TID)
        rig.terminals[TID] = replace(rig.terminals[TID], tmk=b"", tmk_kcv="")
        answer = rig.till(TID).sign_on()
        assert answer.code == rig.host.dialect.code_of("keys_unavailable")
        assert (
            told(answer) == f"terminal {TID} cannot be given working keys: terminal {TID} is registered without a tmk"
        )
