"""Bits of EMV data objects in words."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.wire import emv
from acquirer.wire.emv import tag_meaning


@pytest.mark.parametrize(
    ("tag", "value", "meaning"),
    [
        ("95", "0000000000", "no bit set"),
        ("95", "0000048000", "online PIN entered; over floor limit"),
        ("95", "8000000000", "offline data authentication not performed"),
        ("95", "0000000040", "issuer authentication failed"),
        ("95", "00", "5 bytes expected"),
        (
            "9B",
            "E800",
            "offline data authentication done; cardholder verified; card risk managed; terminal risk managed",
        ),
        ("9F27", "80", "ARQC (go online)"),
        ("9F27", "40", "TC (approved offline)"),
        ("9F27", "00", "AAC (declined)"),
        ("9F27", "C0", "reserved"),
        ("9F27", "0A", "AAC (declined); advice required; PIN try limit exceeded"),
        ("9F27", "07", "AAC (declined); reason reserved"),
        ("9F34", "420300", "enciphered PIN online, else the next method, result unknown"),
        ("9F34", "1E0302", "signature, successful"),
        ("9F34", "010001", "plain PIN by card, failed"),
        ("9F34", "3F0000", "no CVM performed, result unknown"),
        ("9F34", "1E0602", "signature, if under X, successful"),
        ("9F34", "1FFF02", "no CVM required, on another condition, successful"),
        ("82", "7C00", "SDA; DDA; cardholder verification; terminal risk management; issuer authentication"),
        ("82", "0100", "CDA"),
        (
            "9F33",
            "E0F0C8",
            "keyed entry; magnetic stripe; chip with contacts; plain PIN by card; enciphered PIN online; signature; "
            "enciphered PIN by card; SDA; DDA; CDA",
        ),
        ("9F33", "002808", "signature; no CVM; CDA"),
        ("9F35", "22", "attended, offline with online capability, of a merchant"),
        ("9F35", "34", "unattended, online only, of a cardholder"),
        ("9F35", "00", "reserved"),
        ("9F10", "07010103A0A802010A0100000000008C2E0718", "key 01, cryptogram version 01, CVR 03A0A802, 3DES"),
        ("9F10", "07010103A0A80204", "key 01, cryptogram version 01, CVR 03A0A802, SM4"),
        ("9F10", "06010A03A00000", ""),
        ("91", "CD230D7C8301C6303030", "ARPC CD230D7C8301C630, response code 00"),
        ("91", "CD230D7C8301C630", "ARPC CD230D7C8301C630"),
        ("91", "CD", "8 to 16 bytes expected"),
        ("DF31", "2000000001", "script 00000001 done"),
        ("DF31", "12000000010000000002", "script 00000001 failed at command 2; script 00000002 not performed"),
        ("DF31", "20", "5 bytes for each script expected"),
        ("9F34", "42", "3 bytes expected"),
        ("9F26", "0102030405060708", ""),
    ],
)
def test_what_the_bits_say(tag: str, value: str, meaning: str) -> None:
    assert tag_meaning(tag, bytes.fromhex(value)).en == meaning


@given(st.sampled_from(["82", "91", "95", "9B", "9F10", "9F27", "9F33", "9F34", "9F35", "DF31"]), st.binary(max_size=8))
def test_any_value_has_a_meaning_or_none(tag: str, value: bytes) -> None:
    assert tag_meaning(tag, value).en.isprintable()


def test_the_examples_in_the_code_are_true() -> None:
    assert doctest.testmod(emv).failed == 0


# EMV 4.3 Book 3, tables 42 and 43: byte by byte, from bit 8 down; "" is reserved for future use.
TVR_BYTES = [
    "offline data authentication not performed|SDA failed|ICC data missing|card on exception file|DDA failed|"
    "CDA failed||",
    "application versions differ|application expired|application not yet effective|service not allowed for card|"
    "new card|||",
    "cardholder verification failed|unknown CVM|PIN try limit exceeded|PIN pad absent or broken|PIN not entered|"
    "online PIN entered||",
    "over floor limit|lower offline limit exceeded|upper offline limit exceeded|randomly chosen to go online|"
    "merchant forced online|||",
    "default TDOL used|issuer authentication failed|script failed before final cryptogram|"
    "script failed after final cryptogram||||",
]
TSI_BYTES = [
    "offline data authentication done|cardholder verified|card risk managed|issuer authenticated|terminal risk managed|"
    "script processed||",
    "|||||||",
]


@pytest.mark.parametrize(("tag", "table"), [("95", TVR_BYTES), ("9B", TSI_BYTES)])
def test_each_bit_has_the_meaning_of_the_standard(tag: str, table: list[str]) -> None:
    for byte, row in enumerate(table):
        for place, meaning in enumerate(row.split("|")):
            value = bytearray(len(table))
            value[byte] = 0x80 >> place
            assert tag_meaning(tag, bytes(value)).en == (meaning or "no bit set"), (tag, byte + 1, 8 - place)
