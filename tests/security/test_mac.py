"""MACs: every published vector, step by step where the source gives the steps, and psec and pyemv as oracles."""

import psec
import pyemv
import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from hypothesis import given
from hypothesis import strategies as st

from acquirer.security.ciphers import CipherName
from acquirer.security.mac import MAC_ALGORITHMS, fold
from acquirer.security.secret import Secret

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*TripleDES:cryptography.utils.CryptographyDeprecationWarning:(psec|pyemv)"
)

SALE_MAB = bytes.fromhex(
    "02003020048000C0881100000000000000000100013402100035383430323030313330323434303338303632313130303135362600000000"
    "000000001422000007000600"
)
SALE_FOLD = "B5123F3224A132E3"

keys_16 = st.binary(min_size=16, max_size=16)
messages = st.binary(max_size=200)


def mac(name, key, data, size=8):
    return MAC_ALGORITHMS[name](key, data, size)


class TestUnionPay:
    def test_every_step_of_the_published_example(self):
        """V2."""
        key = Secret.from_hex("2222222222222222")
        mab = bytes.fromhex("1234567890ABCDEFABCDEF1234567890")
        folded = fold(mab, 8)
        assert folded.hex().upper() == "B9F9B96AA4FDB57F"
        text = folded.hex().upper().encode()
        assert text.hex() == "42394639423936414134464442353746"
        first = key.encrypt(text[:8])
        assert first.hex().upper() == "9FDE90A34CF73B2E"
        between = bytes(a ^ b for a, b in zip(first, text[8:], strict=True))
        assert between.hex().upper() == "DEEAD6E70EC20C68"
        assert key.encrypt(between).hex().upper() == "E267B6E21913D339"
        assert mac("unionpay-ecb", key, mab) == b"E267B6E2"

    def test_a_complete_sale_as_published(self):
        """V3: only the fold of the captured sale is kept here; the MAC depends on nothing else."""
        key = Secret.from_hex("313215FDA2C4AB4C")
        assert mac("unionpay-ecb", key, bytes.fromhex("8DBA2933C4B6C379")) == b"B7133B57"

    @pytest.mark.parametrize(
        ("key", "cipher", "second", "expected"),
        [
            ("AB7C577CC7A18045", "des", "3A57ACBBEE43A2AF", b"3A57ACBB"),
            ("9CAA6FBFE5E5A51AE8C99FA2371ACAA9", "3des", "F5BB6B9BD46426D5", b"F5BB6B9B"),
            ("F351D490994603795C6EBEE8FAEBB481", "sm4", "DFC4E9AD8FC8082971AEEA58D56227D3", b"DFC4E9AD"),
        ],
    )
    def test_the_synthetic_sale_under_each_cipher(self, key, cipher, second, expected):
        secret = Secret.from_hex(key, cipher)
        assert len(SALE_MAB) == 68
        assert MAC_ALGORITHMS["unionpay-ecb"].raw(secret, SALE_MAB).hex().upper() == second
        assert mac("unionpay-ecb", secret, SALE_MAB) == expected

    def test_the_fold_of_the_synthetic_sale(self):
        assert fold(SALE_MAB, 8).hex().upper() == SALE_FOLD
        assert fold(SALE_MAB, 16).hex().upper() == "05063134318032E3B0140E0615210000"

    @pytest.mark.parametrize("size", [8, 16])
    @given(data=messages)
    def test_the_fold_is_the_xor_of_all_blocks(self, size, data):
        expected = [0] * size
        for at, byte in enumerate(data):
            expected[at % size] ^= byte
        assert fold(data, size) == bytes(expected)

    @given(messages)
    def test_it_encrypts_the_fold_as_text_in_two_steps(self, data):
        key = Secret.from_hex("9CAA6FBFE5E5A51AE8C99FA2371ACAA9")
        text = fold(data, 8).hex().upper().encode()
        first = key.encrypt(text[:8])
        second = key.encrypt(bytes(a ^ b for a, b in zip(first, text[8:], strict=True)))
        assert MAC_ALGORITHMS["unionpay-ecb"].raw(key, data) == second

    @given(st.lists(st.binary(min_size=8, max_size=8), min_size=2, max_size=6), st.randoms())
    def test_whole_blocks_may_change_places_unnoticed(self, blocks, random):
        key = Secret.from_hex("AB7C577CC7A18045")
        shuffled = blocks[:]
        random.shuffle(shuffled)
        assert mac("unionpay-ecb", key, b"".join(blocks)) == mac("unionpay-ecb", key, b"".join(shuffled))


@pytest.mark.parametrize(
    ("name", "key", "data", "expected"),
    [  # V7
        ("x9.9", "0123456789ABCDEF", b"Now is the time for all ", "70A30640CC76DD8B"),
        ("x9.19", "0123456789ABCDEFFEDCBA9876543210", b"Now is the time for all ", "A1C72E74EA3FA9B6"),
        ("x9.19", "0123456789ABCDEFFEDCBA9876543210", b"Now is the time for it", "2E2B1428CC78254F"),
        ("x9.19", "7CA110454A1A6E570131D9619DC1376E", b"Hello World !!!!", "F09B856213BAB83B"),
        (
            "x9.19",
            "76850752AD7307ADE554D06D3BA73279",
            bytes.fromhex("8155ADCC76B2FB0064F2C40037710477CE13C4BF75FD3DADF13B6D137AC1B915"),
            "B2A45602664C486F",
        ),
    ],
)
def test_published_vectors(name, key, data, expected):
    secret = Secret.from_hex(key)
    assert mac(name, secret, data).hex().upper() == expected
    assert mac(f"{name}-hex", secret, data) == expected[:8].encode()
    assert mac(name, secret, data, 4).hex().upper() == expected[:8]


@given(key=keys_16, data=messages)
def test_retail_macs_are_psecs_and_pyemvs(key, data):
    for name, padding in (("iso9797-1-alg3", 1), ("iso9797-1-alg3-pad2", 2)):
        ours = mac(name, Secret(key), data)
        assert ours == psec.mac.generate_retail_mac(key[:8], key[8:], data, padding)
        assert ours == pyemv.mac.mac_iso9797_3(key[:8], key[8:], data, padding)
    assert mac("x9.19", Secret(key), data) == mac("iso9797-1-alg3", Secret(key), data)


@given(key=keys_16, data=messages)
def test_cbc_macs_are_psecs(key, data):
    assert mac("iso9797-1-alg1", Secret(key), data) == psec.mac.generate_cbc_mac(key, data, 1)
    assert mac("iso9797-1-alg1-pad2", Secret(key), data) == psec.mac.generate_cbc_mac(key, data, 2)
    assert mac("x9.9", Secret(key), data) == psec.mac.generate_cbc_mac(key[:8], data, 1)
    aes = psec.mac.generate_cbc_mac(key, data, 1, 16, psec.mac.Algorithm.AES)
    assert mac("iso9797-1-alg1", Secret(key, "aes"), data, 16) == aes


@given(key=st.binary(min_size=8, max_size=8), data=messages)
def test_for_a_single_length_key_the_retail_mac_is_the_plain_one(key, data):
    assert mac("x9.19", Secret(key), data) == mac("x9.9", Secret(key), data) == mac("unionpay-cbc", Secret(key), data)


@pytest.mark.parametrize(
    ("key", "cipher", "data", "expected"),
    [  # NIST SP 800-38B examples: AES-128 with 0 and 16 bytes, two- and three-key 3DES with 0 bytes
        ("2B7E151628AED2A6ABF7158809CF4F3C", "aes", "", "BB1D6929E95937287FA37D129B756746"),
        (
            "2B7E151628AED2A6ABF7158809CF4F3C",
            "aes",
            "6BC1BEE22E409F96E93D7E117393172A",
            "070A16B46B4D4144F79BDD9DD04A287C",
        ),
        ("4CF15134A2850DD58A3D10BA80570D38", "3des", "", "BD2EBF9A3BA00361"),
        ("8AA83BF8CBDA10620BC1BF19FBB6CD58BC313D4A371CA8B5", "3des", "", "B7A688E122FFAF95"),
    ],
)
def test_cmac_is_nists(key, cipher, data, expected):
    got = mac("cmac", Secret.from_hex(key, cipher), bytes.fromhex(data), 16)
    assert got.hex().upper() == expected


@given(key=keys_16, data=messages)
def test_cmac_is_the_librarys(key, data):
    cases: list[tuple[CipherName, BlockCipherAlgorithm]] = [("aes", AES(key)), ("3des", TripleDES(key + key[:8]))]
    for cipher, algorithm in cases:
        context = CMAC(algorithm)
        context.update(data)
        assert mac("cmac", Secret(key, cipher), data, 16) == context.finalize()


@given(data=messages, size=st.integers(1, 8))
def test_every_algorithm_with_every_cipher_it_takes(data, size):
    for algorithm in MAC_ALGORITHMS.values():
        for cipher in algorithm.ciphers:
            key = Secret(bytes(range(1, 9 if cipher == "des" else 17)), cipher)
            mac = algorithm(key, data, size)
            assert len(mac) == size
            assert algorithm.form == "binary" or (mac == mac.upper() and set(mac) <= set(b"0123456789ABCDEF"))
