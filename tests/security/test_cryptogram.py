"""Cryptograms of chips: published vectors, and pyemv as an oracle."""

from __future__ import annotations

import pyemv
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.security.cryptogram import card_key, request_cryptogram, response_cryptogram, session_key
from acquirer.security.secret import Secret

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*TripleDES:cryptography.utils.CryptographyDeprecationWarning:(psec|pyemv)"
)
IMK = "0123456789ABCDEFFEDCBA9876543210"


def hexed(data: bytes | Secret) -> str:
    return (data.reveal() if isinstance(data, Secret) else data).hex().upper()


def test_a_worked_example_from_the_card_s_key() -> None:
    session = session_key(Secret.from_hex("0D2E3CB0BC1F9E03AED58F663A2F9679"), bytes.fromhex("000E"))
    data = bytes.fromhex("0000000012340000000000340156D86004A800015612051601010101017C00000E03A4B904")
    arqc = request_cryptogram(session, data)
    assert hexed(session) == "C3D3F062E9992B4E923D338D66193526"
    assert hexed(arqc) == "F294D7022FA9B058"
    assert hexed(response_cryptogram(session, arqc, "00")) == "3846EEB4C8D34271"


def test_a_worked_example_from_the_issuer_s_key() -> None:
    key = card_key(Secret.from_hex("F0C34A8124CEE0A91A0B034AA97D6EAC"), "6228000100001", "01")
    session = session_key(key, bytes.fromhex("0240"))
    data = bytes.fromhex("000000000001000000000000015600800460000156140701001E78EEBC7D00024003A04002")
    arqc = request_cryptogram(session, data)
    assert (hexed(key), hexed(session)) == ("014C986ECD8F49157CC8B59E3BCDFD98", "D4102725E6E5AD329E55AAB50BF23DA9")
    assert hexed(arqc) == "5D016C91005E7CC2"
    assert hexed(response_cryptogram(session, arqc, "01")) == "21415243527CE78F"


def test_that_of_the_published_sale() -> None:
    session = session_key(card_key(Secret.from_hex(IMK), "6212345678901232", "001"), bytes.fromhex("0008"))
    data = bytes.fromhex("00000003000000000000000001560080048000015625082400010203047C00000803900000")
    arqc = request_cryptogram(session, data)
    assert (hexed(session), hexed(arqc)) == ("6A941AB0C1BF217C752E3821901FC3AD", "F6C2A38F347E977E")
    assert hexed(response_cryptogram(session, arqc, "00")) == "CD230D7C8301C630"


def test_one_under_the_common_session_key_of_emv() -> None:
    """Cards of other organisations derive another session key; card key, MAC and answer are made alike."""
    issuer, arc = Secret.from_hex(IMK), b"\0\0"
    key = card_key(issuer, "9901234567890123", "45")
    assert hexed(key) == "F84315C7B95BD3B0C74694922C3808B0"
    assert key.reveal() == pyemv.kd.derive_icc_mk_a(issuer.reveal(), "9901234567890123", "45")
    session = Secret(pyemv.kd.derive_common_sk(key.reveal(), bytes.fromhex("1234567890123456")), "3des")
    data = bytes.fromhex("0123456789ABCDEF0123456789ABCDEF")
    arqc = request_cryptogram(session, data)
    assert hexed(arqc) == "4B46013359B7A58B"
    assert arqc == pyemv.ac.generate_ac(session.reveal(), data, pyemv.ac.PaddingType.EMV)
    arpc = response_cryptogram(key, arqc, arc.decode())
    assert hexed(arpc) == "F8C9CECAABD55AD1"
    assert arpc == pyemv.ac.generate_arpc_1(key.reveal(), arqc, arc)


def test_one_under_the_card_s_own_key() -> None:
    """As of cards without session keys (VSDC): what was published of it is the answer to a cryptogram."""
    issuer = Secret.from_hex("12345678" * 4)
    key, arqc = card_key(issuer, "1234567890123456", "00"), bytes.fromhex("26C8A1042D1CAF3E")
    assert key.reveal() == pyemv.kd.derive_icc_mk_a(issuer.reveal(), "1234567890123456", "00")
    arpc = response_cryptogram(key, arqc, "00")
    assert hexed(arpc) == "98DE7C7B3D80A831"
    assert arpc == pyemv.ac.generate_arpc_1(key.reveal(), arqc, b"00")


@given(st.binary(min_size=16, max_size=16), st.integers(10**11, 10**19 - 1), st.integers(0, 99))
def test_card_keys_are_those_of_another_implementation(issuer: bytes, pan: int, sequence: int) -> None:
    if issuer[:8] == issuer[8:]:
        return
    ours = card_key(Secret(issuer, "3des"), str(pan), f"{sequence:03}")
    assert ours.reveal() == pyemv.kd.derive_icc_mk_a(issuer, str(pan), f"{sequence:02}")


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=1, max_size=80), st.binary(min_size=2, max_size=2))
def test_cryptograms_are_those_of_another_implementation(key: bytes, data: bytes, atc: bytes) -> None:
    card = Secret(key, "3des")
    session = session_key(card, atc)
    arqc = request_cryptogram(session, data)
    assert arqc == pyemv.ac.generate_ac(session.reveal(), data, pyemv.ac.PaddingType.EMV)
    assert response_cryptogram(session, arqc, "00") == pyemv.ac.generate_arpc_1(session.reveal(), arqc, b"00")
