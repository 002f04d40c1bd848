"""The vault: what it seals only it opens, and only for the row it was sealed for."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.security.secret import Secret
from acquirer.security.vault import Vault, VaultError
from acquirer.security.working import WorkingKeys

MASTER = bytes(range(32))
contexts = st.text(max_size=30)


@given(context=contexts, clear=st.binary(max_size=80))
def test_what_was_sealed_is_opened(context, clear):
    blob = Vault(MASTER).seal(context, clear, os.urandom)
    assert Vault(MASTER).open(context, blob) == clear
    assert clear not in blob or len(clear) < 4


@given(clear=st.binary(max_size=80), at=st.integers(0, 200), bit=st.integers(0, 7))
def test_one_flipped_bit_closes_it(clear, at, bit):
    blob = bytearray(Vault(MASTER).seal("tmk:10000161", clear, os.urandom))
    blob[at % len(blob)] ^= 1 << bit
    with pytest.raises(VaultError):
        Vault(MASTER).open("tmk:10000161", bytes(blob))


@given(st.binary(max_size=60))
def test_any_bytes_are_a_vault_error(blob):
    with pytest.raises(VaultError):
        Vault(MASTER).open("tmk:10000161", blob)


def test_a_blob_belongs_to_its_row():
    blob = Vault(MASTER).seal("tmk:10000161", b"key", os.urandom)
    with pytest.raises(VaultError, match=r"^tmk:10000162: the sealed blob does not open"):
        Vault(MASTER).open("tmk:10000162", blob)


def test_another_master_key_opens_nothing():
    blob = Vault(MASTER).seal("tmk:10000161", b"key", os.urandom)
    with pytest.raises(VaultError, match="key file"):
        Vault(MASTER[::-1]).open("tmk:10000161", blob)


def test_a_master_key_of_another_size_is_refused():
    with pytest.raises(VaultError, match="32 or 64 bytes, not 16"):
        Vault(bytes(16))


def test_a_source_that_repeats_itself_never_repeats_a_nonce():
    vault = Vault(MASTER)
    blobs = [vault.seal(context, clear, bytes) for context in ("a", "b") for clear in (b"one", b"two")]
    assert len({blob[1:13] for blob in blobs}) == 4


def test_the_random_bytes_of_the_system_are_nonces_as_they_are():
    vault, other = Vault(MASTER, system=True), Vault(MASTER)
    blob = vault.seal("a", b"one", lambda size: bytes(range(size)))
    assert blob[1:13] == bytes(range(12))
    assert (other.open("a", blob), vault.open("a", other.seal("a", b"one", os.urandom))) == (b"one", b"one")


def test_keys_go_in_and_come_out():
    vault = Vault(MASTER)
    tmk = Secret.from_hex("1234567890ABCDEFABCDEF0987654321", "sm4")
    keys = WorkingKeys(tmk, Secret.from_hex("AB7C577CC7A18045"))
    assert vault.open_secret("tmk:1", vault.seal_secret("tmk:1", tmk, os.urandom)) == tmk
    assert vault.open_keys("keys:1:1", vault.seal_keys("keys:1:1", keys, os.urandom)) == keys


def test_a_token_names_a_card_without_telling_it():
    vault = Vault(MASTER)
    token = vault.token("6212345678901232")
    assert token == Vault(MASTER).token("6212345678901232")
    assert token != vault.token("6212345678901240")
    assert token != Vault(MASTER[::-1]).token("6212345678901232")
    assert len(bytes.fromhex(token)) == 16


def test_the_layout_is_version_nonce_text_and_tag():
    blob = Vault(MASTER).seal("x", b"twelve bytes", os.urandom)
    assert blob[:1] == b"\x01"
    assert len(blob) == 1 + 12 + len(b"twelve bytes") + 16


@given(text=st.text(max_size=20), other=st.text(max_size=20))
def test_a_digest_depends_on_the_text_and_on_every_key(text, other):
    vault, one, two = Vault(MASTER), Secret(bytes(range(16))), Secret(bytes(range(1, 17)))
    digests = [
        vault.digest(text),
        vault.digest(text, None),
        vault.digest(text, one),
        vault.digest(text, two),
        vault.digest(text, one, two),
        vault.digest(text, two, one),
        vault.digest(text, None, one),
        Vault(bytes(32)).digest(text, one),
    ]
    assert len(set(digests)) == len(digests)
    assert (vault.digest(text, one) == vault.digest(other, one)) is (text == other)
    assert all(len(digest) == 32 for digest in digests)
