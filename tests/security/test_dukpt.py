"""DUKPT: the test vectors of ANSI X9.24-1:2009 (annex A.4) and of the supplement to X9.24-3:2017."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.security.ciphers import CipherError
from acquirer.security.dukpt import (
    DATA_ENCRYPTION,
    DUKPT,
    MAC_GENERATION,
    PIN_ENCRYPTION,
    DukptError,
    derive,
)
from acquirer.security.dukpt_device import DukptDevice
from acquirer.security.mac import cmac, retail
from acquirer.security.pin import PIN_FORMATS
from acquirer.security.secret import Secret

DES, AES = DUKPT["dukpt-3des"], DUKPT["dukpt-aes"]
DATA = b"4012345678909D987"

DES_BDK = Secret.from_hex("0123456789ABCDEFFEDCBA9876543210")
DES_KSN = bytes.fromhex("FFFF9876543210E00000")
AES_BDK = Secret.from_hex("FEDCBA9876543210F1F1F1F1F1F1F1F1", "aes")
AES_KSN = bytes.fromhex("123456789012345600000000")
LONG_BDK = Secret(AES_BDK.reveal() * 2, "aes")


def hexed(data):
    return data.hex().upper()


def in_cbc(key, data):
    data += bytes(-len(data) % key.block_bytes)
    return hexed(Cipher(key.algorithm(), modes.CBC(bytes(key.block_bytes))).encryptor().update(data))


class TestTripleDes:
    def test_the_initial_key(self):
        assert hexed(DES.initial(DES_BDK, DES_KSN).reveal()) == "6AC292FAA1315B4D858AB3A3D7D5933A"

    @pytest.mark.parametrize(
        ("counter", "transaction", "pin", "data", "mac", "mac_reply"),
        [
            pytest.param(
                1,
                "042666B49184CFA368DE9628D0397BC9",
                "1B9C1845EB993A7A",
                "FC0D53B7EA1FDA9EE68AAF2E70D9B9506229BE2AA993F04F",
                "9CCC78173FC4FB64",
                "20364223C1FF00FA",
            ),
            pytest.param(
                2,
                "C46551CEF9FD24B0AA9AD834130D3BC7",
                "10A01C8D02C69107",
                "A2B4E70F846E63D68775B7215EB4563DFD3037244C61CC13",
                "F608A9BCA6FFC311",
                "D1FCA6BEF05D24D2",
            ),
            pytest.param(
                3,
                "0DF3D9422ACA56E547676D07AD6BADFA",
                "18DC07B94797B466",
                "BD751E65F10E75B6C1D5B1D283496A36C2DE21D993C387A7",
                "20B59A4FEAC937E3",
                "BAD4CC9CC2AE326C",
            ),
            pytest.param(
                4,
                "279C0F6AEED0BE652B2C733E1383AE91",
                "0BC79509D5645DF7",
                "1118F50947441BBDA3C8C70220021A12EC31CC473F7215F4",
                "C7BFA6CC44161828",
                "1EB08AEECE6FF0C2",
            ),
            pytest.param(
                5,
                "5F8DC6D2C845C125508DDC048093B83F",
                "5BC0AF22AD87B327",
                "9FD7BD1EC28845ACA93367A9DA9317BD555C6B33AE22D365",
                "0202B96339022058",
                "5CBE3E81D1D2A0FB",
            ),
        ],
    )
    def test_the_published_transactions(self, counter, transaction, pin, data, mac, mac_reply):
        initial, ksn = DES.initial(DES_BDK, DES_KSN), DES.ksn(DES_KSN, counter)
        assert hexed(DES.transaction(initial, ksn).reveal()) == transaction
        keys = DES.keys(initial, ksn)
        assert hexed(keys.pik.encrypt(PIN_FORMATS["iso-0"].encode("1234", "4012345678909", bytes))) == pin
        assert in_cbc(keys.tdk, DATA) == data
        assert hexed(retail(keys.mak, DATA)) == mac
        assert hexed(retail(keys.reply_mak, DATA)) == mac_reply


class TestAes:
    @pytest.mark.parametrize(
        ("bdk", "initial"),
        [
            (AES_BDK, "1273671EA26AC29AFA4D1084127652A1"),
            (LONG_BDK, "CE9CE0C101D1138F97FB6CAD4DF045A7083D4EAE2D35A31789D01CCF0949550F"),
        ],
    )
    def test_the_initial_key(self, bdk, initial):
        assert hexed(AES.initial(bdk, AES_KSN).reveal()) == initial

    @pytest.mark.parametrize(
        ("counter", "transaction", "mac", "mac_reply", "data"),
        [
            (
                1,
                "4F21B565BAD9835E112B6465635EAE44",
                "A2EB5C1C35809E58404E873C3C411E31",
                "DD4E1895FD9BF53D8DAF25568ABF551D",
                "E5AFA5B408A3310E3D779C8A9A2AE29448BD5B4232582090DB703AF647205A79",
            ),
            (
                2,
                "2F34D68DE10F68D38091A73B9E7C437C",
                "4D104704C53491A60944193DCAF6B411",
                "008CEAAE2B913BEEE76209EE9406DAC1",
                "A17A9658EE0F451D6CA11B65B592EF9C5F90BB175D926F1457B63B3273042476",
            ),
            (
                7,
                "A8253CEED9AC042C54F75D35C8352278",
                "37FA54258AAF805A44AA1273C0DF928C",
                "52D6C1D3A95B1D21761E20870D9A7E8C",
                "0710C8F0EB136629E30ADFB148562F6F80B786EC1074428B7C7511B7301EAAF0",
            ),
            (
                8,
                "718EE6CF0B27E53D5F7AF99C4D8146A2",
                "85C7CA68F55F51E7DCAC969B8C111130",
                "B45399DB90C0BA75DB4B86605758695A",
                "304EC254A7B528D9892E47F7C1315D498C0D88EA8CD71CA52D38F362721AEA67",
            ),
        ],
    )
    def test_the_published_transactions(self, counter, transaction, mac, mac_reply, data):
        initial, ksn = AES.initial(AES_BDK, AES_KSN), AES.ksn(AES_KSN, counter)
        assert hexed(AES.transaction(initial, ksn).reveal()) == transaction
        keys = AES.keys(initial, ksn)
        assert hexed(cmac(keys.mak, DATA)) == mac
        assert hexed(cmac(keys.reply_mak, DATA)) == mac_reply
        assert in_cbc(keys.tdk, DATA) == data

    @pytest.mark.parametrize(
        ("counter", "transaction"),
        [
            (0x1, "54AC2B32B145EA4A554CB8BC44B17467063A799856B1CCC2A138D36E8DBF78B3"),
            (0x1FFFE, "A289508CBF1228452CD86AB77B15CB35577AC828C18BB66681E5A16D6C9CCED3"),
            (0x20000, "D62DDA94A47D7DA5D763443B4ECB15EA8DD62E0E4F915958BA459591F8312E37"),
            (0xFFFE8000, "630535C9C53E1EC6524016930B56F6728909C45403536B419AEBCB25B7351C07"),
            (0xFFFF0000, "6D6DB7AAAE8B3EA90E57A39E4BBA71E173B21B446B30A78D64BFC6A8806C55EE"),
        ],
    )
    def test_long_keys_from_the_first_counter_to_the_last(self, counter, transaction):
        ksn = AES.ksn(AES_KSN, counter)
        assert hexed(AES.transaction(AES.initial(LONG_BDK, ksn), ksn).reveal()) == transaction

    @pytest.mark.parametrize(
        ("bdk", "usage", "cipher", "size", "key"),
        [
            (AES_BDK, PIN_ENCRYPTION, "aes", 16, "AF8CB133A78F8DC2D1359F18527593FB"),
            (AES_BDK, MAC_GENERATION, "aes", 16, "A2DC23DE6FDE0824A2BC321E08E4B8B7"),
            (AES_BDK, DATA_ENCRYPTION, "aes", 16, "A35C412EFD41FDB98B69797C02DCD08F"),
            (AES_BDK, PIN_ENCRYPTION, "3des", 16, "630C706D9546E47D4449313F61C4D4AB"),
            (AES_BDK, MAC_GENERATION, "3des", 24, "2A1061A6EAC2C14FAC3758EA07B3648A624B24E942785BF1"),
            (LONG_BDK, PIN_ENCRYPTION, "aes", 32, "8C1AB7BEE973829E30242E0BBBDD4946D540C98FC1B5BDCF94790001A23FD502"),
            (LONG_BDK, MAC_GENERATION, "aes", 32, "61DABDF4B340CF461EE860B1D1AB55357142BD2D6977306859CF49AEFE8F1549"),
        ],
    )
    def test_working_keys_of_every_kind(self, bdk, usage, cipher, size, key):
        ksn = AES.ksn(AES_KSN, 1)
        transaction = AES.transaction(AES.initial(bdk, ksn), ksn)
        assert hexed(derive(transaction, usage, ksn, cipher, size).reveal()) == key


class TestKsn:
    @pytest.mark.parametrize("dukpt", DUKPT.values(), ids=DUKPT)
    @given(data=st.data())
    def test_counters_go_up_and_leave_out_only_those_with_too_many_bits(self, dukpt, data):
        counter = data.draw(
            st.integers(1, (1 << dukpt.counter_bits) - 1).filter(lambda n: n.bit_count() <= dukpt.most_ones)
        )
        following = dukpt.next_counter(counter)
        skipped = range(counter + 1, following) if following else range(counter + 1, 1 << dukpt.counter_bits)
        assert all(n.bit_count() > dukpt.most_ones for n in skipped[:5000])
        assert following == 0 or following.bit_count() <= dukpt.most_ones

    def test_a_3des_terminal_makes_just_over_a_million_transactions(self):
        count, counter = 0, 1
        while counter:
            count, counter = count + 1, DES.next_counter(counter)
        assert count == 1_048_575  # X9.24-1

    def test_leading_filling_may_be_left_out(self):
        assert DES.read(bytes.fromhex("9876543210E00001")) == DES.ksn(DES_KSN, 1)
        assert DES.read(DES.ksn(DES_KSN, 1)) == DES.ksn(DES_KSN, 1)

    @pytest.mark.parametrize(
        ("dukpt", "sent", "sentence"),
        [
            (DES, "9876543210E001", "a KSN of dukpt-3des has 10 bytes, this one has 7"),
            (DES, "FFFFFF9876543210E00001", "has 10 bytes, this one has 11"),
            (AES, "FFFF9876543210E00001", "a KSN of dukpt-aes has 12 bytes, this one has 10"),
            (DES, "FFFF9876543210E00000", "FFFF9876543210E00000 has counter 0"),
            (DES, "FFFF9876543210E0", "begins with FFFF and has 8 of 10 bytes: send its end too"),
            (DES, "00" * 10, "a KSN of bytes 00 names no terminal: send the one that was injected"),
            (
                DES,
                "0100E01032547698FFFF",
                "0100E01032547698FFFF ends with FFFF, and a KSN begins with it: do not",
            ),
            (DES, "FFFF9876543210FFFFFF", "a counter with 21 bits set; terminals skip those with more than 10"),
        ],
    )
    def test_what_no_terminal_sends(self, dukpt, sent, sentence):
        with pytest.raises(DukptError, match=sentence):
            dukpt.read(bytes.fromhex(sent))

    @pytest.mark.parametrize(("dukpt", "bdk"), [(DES, AES_BDK), (DES, Secret(bytes(24))), (AES, DES_BDK)])
    def test_a_bdk_of_another_cipher(self, dukpt, bdk):
        with pytest.raises(DukptError, match=f"a BDK of {dukpt.cipher.upper()} DUKPT is"):
            dukpt.initial(bdk, AES_KSN)

    @pytest.mark.parametrize("size", [16, 24, 32])
    def test_an_aes_bdk_has_any_size_of_aes(self, size):
        initial = AES.initial(Secret(bytes(range(size)), "aes"), AES_KSN)
        assert (initial.cipher, len(initial)) == ("aes", size)

    @pytest.mark.parametrize(("dukpt", "bdk", "ksn"), [(DES, DES_BDK, DES_KSN), (AES, AES_BDK, AES_KSN)])
    def test_the_initial_key_does_not_depend_on_the_counter(self, dukpt, bdk, ksn):
        every = (1 << dukpt.counter_bits) - 1
        assert dukpt.initial(bdk, dukpt.ksn(ksn, 0)) == dukpt.initial(bdk, dukpt.ksn(ksn, every))


class TestDevice:
    @pytest.mark.slow
    @pytest.mark.parametrize(("dukpt", "bdk", "ksn"), [(DES, DES_BDK, DES_KSN), (AES, AES_BDK, AES_KSN)])
    @settings(deadline=None, max_examples=60)
    @given(data=st.data())
    def test_it_comes_to_the_keys_that_the_host_derives(self, dukpt, bdk, ksn, data):
        initial = dukpt.initial(bdk, ksn)
        device = DukptDevice.loaded(dukpt, initial, ksn)
        # One bit below the most leaves room for eight transactions, wherever the others stand.
        bits = data.draw(st.sets(st.integers(4, dukpt.counter_bits - 1), max_size=dukpt.most_ones - 1))
        device = counted_to(device, bits)
        for _ in range(8):
            used = device.use()
            assert used.ksn == device.ksn
            assert used.keys == dukpt.keys(initial, used.ksn)
            device = DukptDevice.unpack(dukpt, used.after.pack())
            assert device == used.after

    def test_it_counts_from_one_and_keeps_nothing_that_opens_the_past(self):
        initial = DES.initial(DES_BDK, DES_KSN)
        device = DukptDevice.loaded(DES, initial, DES.ksn(DES_KSN, 77))
        past = {initial}
        for count in range(1, 200):
            ksn, _, device = device.use()
            assert DES.counter(ksn) == count
            past.add(DES.transaction(initial, ksn))
            assert past.isdisjoint(device.registers)

    def test_the_last_transaction(self):
        device = counted_to(DukptDevice.loaded(DES, DES.initial(DES_BDK, DES_KSN), DES_KSN), range(11, 21))
        assert DES.counter(device.ksn) == 0x1FF800
        device = device.use().after
        with pytest.raises(DukptError, match=r"KSN FFFF9876543210E00000 has used up its keys"):
            device.use()

    @pytest.mark.parametrize("packed", [b"", bytes(10), bytes(10) + b"\x05ab", bytes(32)])
    def test_other_bytes_are_no_device(self, packed):
        with pytest.raises((DukptError, CipherError)):
            DukptDevice.unpack(DES, packed)

    def test_a_ksn_of_another_size(self):
        with pytest.raises(DukptError, match="has 10 bytes, this one has 12"):
            DukptDevice.loaded(DES, DES_BDK, AES_KSN)

    def test_it_shows_no_key(self):
        initial = DES.initial(DES_BDK, DES_KSN)
        assert repr(DukptDevice.loaded(DES, initial, DES_KSN)).count("KCV") == 0


def counted_to(device, bits):
    """The device as it is when its counter has come to `bits`: it went through every counter made of the highest."""
    counter, dukpt = 0, device.dukpt
    for bit in sorted(bits, reverse=True):
        device = device.use().after if counter else device
        counter |= 1 << bit
        device = replace(device, ksn=dukpt.ksn(device.ksn, counter))
    return device


@pytest.mark.parametrize(
    ("cipher", "size", "algorithm"), [("3des", 16, 0), ("3des", 24, 1), ("aes", 16, 2), ("aes", 24, 3), ("aes", 32, 4)]
)
def test_what_a_derived_key_is_for_is_written_into_it(cipher, size, algorithm):
    """X9.24-3, table 3: counter of blocks, usage, algorithm, bits, and whose key it is, encrypted block by block."""
    ksn = AES.ksn(AES_KSN, 1)
    about = bytes.fromhex("1000") + algorithm.to_bytes(2, "big") + (8 * size).to_bytes(2, "big") + ksn[4:]
    ecb = Cipher(AES_BDK.algorithm(), modes.ECB()).encryptor()
    expected = ecb.update(b"\x01\x01" + about) + ecb.update(b"\x01\x02" + about)
    key = derive(AES_BDK, PIN_ENCRYPTION, ksn, cipher, size)
    assert (hexed(key.reveal()), key.cipher) == (hexed(expected[:size]), cipher)


def test_keys_know_their_cipher():
    initial = DES.initial(DES_BDK, DES_KSN)
    keys = DES.keys(initial, DES.ksn(DES_KSN, 3))
    transaction = DES.transaction(initial, DES.ksn(DES_KSN, 3))
    assert {one.cipher for one in (initial, transaction, keys.pik, keys.mak, keys.tdk, keys.reply_mak)} == {"3des"}
