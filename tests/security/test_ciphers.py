"""Ciphers: the published vectors, parity, weak keys, and psec as an oracle."""

import psec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.security.ciphers import WEAK_DES_KEYS, CipherError, is_weak, odd_parity
from acquirer.security.secret import Secret

# psec reaches for 3DES where cryptography no longer keeps it; our own code must not.
pytestmark = pytest.mark.filterwarnings("ignore:.*TripleDES:cryptography.utils.CryptographyDeprecationWarning:psec")

blocks = st.integers(1, 5).flatmap(lambda count: st.binary(min_size=8 * count, max_size=8 * count))
sizes = pytest.mark.parametrize(("cipher", "size"), [("des", 8), ("3des", 16), ("3des", 24)])


@sizes
@given(data=st.data())
def test_des_and_3des_are_psecs(cipher, size, data):
    key = data.draw(st.binary(min_size=size, max_size=size))
    clear = data.draw(blocks)
    secret = Secret(key, cipher)
    assert secret.encrypt(clear) == psec.des.encrypt_tdes_ecb(key, clear)
    assert secret.decrypt(clear) == psec.des.decrypt_tdes_ecb(key, clear)
    assert secret.chain(clear) == psec.des.encrypt_tdes_cbc(key, bytes(8), clear)[-8:]
    assert secret.check_value(3) == psec.des.generate_kcv(key, 3)


@given(key=st.binary(min_size=16, max_size=16), clear=st.binary(min_size=16, max_size=16))
def test_aes_is_psecs(key, clear):
    assert Secret(key, "aes").encrypt(clear) == psec.aes.encrypt_aes_ecb(key, clear)


def test_sm4_is_the_standards_own_example():
    # GB/T 32907-2016, annex A.1
    key = Secret.from_hex("0123456789ABCDEFFEDCBA9876543210", "sm4")
    clear = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    assert key.encrypt(clear).hex().upper() == "681EDF34D206965E86B3E94F536E4246"
    assert key.decrypt(key.encrypt(clear)) == clear


def test_a_single_des_key_twice_is_the_single_key():
    single = Secret.from_hex("AB7C577CC7A18045")
    double = Secret.from_hex("AB7C577CC7A18045" * 2)
    assert single.encrypt(bytes(range(8))) == double.encrypt(bytes(range(8)))


@pytest.mark.parametrize("cipher", ["3des", "sm4", "aes"])
def test_a_refused_rest_does_not_shift_what_comes_after_it(cipher):
    secret = Secret(bytes(range(16)), cipher)
    clear = bytes(range(48))
    expected = secret.encrypt(clear), secret.decrypt(clear), secret.chain(clear)
    for work in (secret.encrypt, secret.decrypt, secret.chain):
        with pytest.raises(CipherError, match="whole blocks"):
            work(clear[:-1])
    assert (secret.encrypt(clear), secret.decrypt(clear), secret.chain(clear)) == expected


@given(st.binary(max_size=48))
def test_odd_parity_is_psecs(key):
    assert odd_parity(key) == psec.des.adjust_key_parity(key)


def test_weak_keys_undo_themselves_or_each_other():
    clear = bytes(range(8))
    assert len(WEAK_DES_KEYS) == 16
    for weak in WEAK_DES_KEYS:
        assert odd_parity(weak) == weak
        twice = Secret(weak).encrypt(clear)
        assert any(Secret(other).encrypt(twice) == clear for other in WEAK_DES_KEYS)


@pytest.mark.parametrize(
    ("key", "weak"),
    [
        ("0101010101010101", True),
        ("0000000000000000", True),  # the same key without parity
        ("AB7C577CC7A18045", False),
        ("AB7C577CC7A18045" * 2, True),  # a double-length key that is none
        ("D931648F3DE313A4A22C15DCA4F4299E", False),
        ("D931648F3DE313A40101010101010101", True),
    ],
)
def test_weakness_is_seen(key, weak):
    assert is_weak(bytes.fromhex(key)) is weak
