"""Secrets: what they show, what they never show, and how they travel to the vault."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import acquirer
from acquirer.security.ciphers import KEY_SIZES, CipherError
from acquirer.security.secret import Secret

kinds = st.sampled_from([(cipher, size) for cipher, sizes in KEY_SIZES.items() for size in sizes])
secrets = kinds.flatmap(
    lambda kind: st.binary(min_size=kind[1], max_size=kind[1]).map(lambda key: Secret(key, kind[0]))
)


@given(secrets)
def test_a_secret_survives_its_packing(secret):
    again = Secret.unpack(secret.pack())
    assert again == secret
    assert hash(again) == hash(secret)
    assert again.kcv() == secret.kcv()


@given(secrets)
def test_a_secret_shows_its_kcv_and_not_its_bytes(secret):
    for text in (repr(secret), str(secret), f"{secret}"):
        assert secret.kcv() in text
        assert secret.reveal().hex().upper() not in text.upper()


def test_the_published_tmk_has_its_kcv():
    tmk = Secret.from_hex("258FB0AB 70D025CD B99DF2C4 D302D646")
    assert repr(tmk) == "<Secret 3DES 16 bytes, KCV D0E06F38>"


def test_one_key_may_serve_two_ciphers():
    tmk = Secret.from_hex("1234567890ABCDEFABCDEF0987654321")
    assert tmk.using("3des") is tmk
    assert tmk.using("sm4") == Secret.from_hex("1234567890ABCDEFABCDEF0987654321", "sm4")
    assert tmk.using("sm4") is tmk.using("sm4")
    assert tmk.using("sm4").kcv() != tmk.kcv()


def test_the_same_bytes_for_another_cipher_are_another_secret():
    assert Secret(bytes(range(16)), "sm4") != Secret(bytes(range(16)), "3des")
    assert Secret(bytes(range(16))) != bytes(range(16))


@pytest.mark.parametrize(
    ("text", "cipher", "says"),
    [
        ("258FB0AB", None, "a key has 8, 16, 24 or 32 bytes, this one has 4"),
        ("258FB0AB70D025CD", "3des", "a 3DES key has 16 or 24 bytes, this one has 8"),
        ("258FB0AB70D025CDB9", "sm4", "an SM4 key has 16 bytes, this one has 9"),
        ("0" * 31, None, "a key is written in hex digits, two for each byte; this one has 31 digits"),
        ("not a key at all", None, "a key is written in hex digits, two for each byte; this text is not"),
    ],
)
def test_what_is_no_key_is_refused_in_one_sentence(text, cipher, says):
    with pytest.raises(CipherError, match=f"^{re.escape(says)}$"):
        Secret.from_hex(text, cipher)


@pytest.mark.parametrize("packed", [b"", b"\x09" + bytes(16), b"\x00" + bytes(7)])
def test_damaged_packing_is_refused(packed):
    with pytest.raises(CipherError):
        Secret.unpack(packed)


def test_clear_keys_never_leave_security():
    package = Path(acquirer.__file__).parent
    outside = [path for path in package.rglob("*.py") if path.parent.name != "security"]
    assert outside
    callers = [str(path) for path in outside if re.search(r"\.(reveal|algorithm)\(\)", path.read_text())]
    assert callers == []
    by_name = {str(path.relative_to(package)) for path in outside if "clear_hex(" in path.read_text()}
    assert by_name == {"cli/keys.py", "testing/remote_host.py"}, "see security.clear_keys"


@given(secrets, st.lists(st.integers(min_value=1, max_value=5), min_size=2, max_size=4), st.randoms())
def test_each_chain_begins_with_zeros(secret, blocks, random):
    """Though all chains of a key share one context of the cipher."""
    for count in blocks:
        data, last = random.randbytes(count * secret.block_bytes), bytes(secret.block_bytes)
        for at in range(0, len(data), secret.block_bytes):
            last = secret.encrypt(bytes(a ^ b for a, b in zip(data[at:], last, strict=False)))
        assert secret.chain(data) == last


def test_the_halves_of_a_key():
    key = Secret(bytes(range(16)))
    assert [key.half(), key.half(1)] == [Secret(bytes(range(8))), Secret(bytes(range(8, 16)))]
    assert key.half() is key.half(), "its contexts are made once"
    assert key.half().half() is key.half()
