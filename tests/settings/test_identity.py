"""Who a terminal is: from a file, from options, and with the keys that its dialect asks for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from acquirer.data.toml import DataError
from acquirer.dialect.suite import Suite
from acquirer.security.secret import Secret
from acquirer.settings.identity import identity
from acquirer.settings.specs import load_dialect

TMK, BDK = "258FB0AB70D025CDB99DF2C4D302D646", "0123456789ABCDEFFEDCBA9876543210"
SIGNS_ON, DERIVES, IN_AES = (
    Suite(load_dialect(name)) for name in ("unionpay-pos", "iso8583-1987-dukpt", "iso8583-1987-dukpt-aes")
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "shop.toml"
    path.write_text(
        f'[[terminal]]\ntid = "10000161"\nmid = "880210010210162"\nname = "till"\nbdk = "{BDK}"\n'
        f'[[terminal]]\ntid = "TILL0001"\nmid = "880210010210162"\ntmk = "{TMK}"\nbdk = "{BDK}"\n'
        f'[[terminal]]\ntid = "TILL0002"\nmid = "880210010210162"\nbdk = "{BDK}{BDK[:16]}"\n'
        'ksn = "FFFF9876543210E00000"\n'
    )
    return path


def test_without_a_file_where_enough_is_stated() -> None:
    known = identity("12345678", SIGNS_ON, mid="m", tmk=TMK, name="shop")
    assert (known.mid, known.name, known.tmk, known.bdk) == ("m", "shop", Secret.from_hex(TMK), None)
    known = identity("12345678", IN_AES, mid="m", bdk=BDK)
    assert (known.tmk, known.bdk) == (None, Secret.from_hex(BDK, "aes"))
    assert known.ksn.hex().upper() == "FFFF12345678000000000000"


def test_options_go_over_what_a_file_says(file: Path) -> None:
    known = identity("10000161", DERIVES, terminals=file, ksn="ffff9876543210e00000", name="shop")
    assert (known.mid, known.name, known.ksn.hex()) == ("880210010210162", "shop", "ffff9876543210e00000")
    assert known.bdk == Secret.from_hex(BDK)
    assert identity("10000161", IN_AES, terminals=file).bdk == Secret.from_hex(BDK, "aes")


@pytest.mark.parametrize(
    ("tid", "suite", "options", "sentence"),
    [
        ("10000161", SIGNS_ON, {}, "terminal 10000161 cannot speak unionpay-pos, which has keys under a tmk"),
        ("10000162", DERIVES, {}, "holds no terminal '10000162'; did you mean '10000161'?"),
        ("TILL0001", DERIVES, {}, "terminal 'TILL0001' has no KSN, and its number makes none; give it a ksn"),
        ("TILL0001", DERIVES, {"ksn": "FFF"}, "'FFF' is no KSN; write 20 hex digits"),
        ("TILL0001", DERIVES, {"ksn": "FFFF"}, "KSN FFFF of terminal TILL0001 has 2 bytes; dukpt-3des needs 10"),
        ("TILL0002", IN_AES, {}, "KSN FFFF9876543210E00000 of terminal TILL0002 has 10 bytes; dukpt-aes needs 12"),
        ("10000161", IN_AES, {"bdk": BDK[:8]}, "an AES key has 16 or 24 or 32 bytes, this one has 4"),
    ],
)
def test_what_is_bad_is_reported(file: Path, tid: str, suite: Suite, options: dict[str, str], sentence: str) -> None:
    with pytest.raises((DataError, ValueError), match=re.escape(sentence)):
        identity(tid, suite, terminals=file, **options)


def test_a_bdk_that_is_no_key_of_that_cipher(file: Path) -> None:
    with pytest.raises(DataError, match="the bdk of terminal 10000161 is none of dukpt-aes: an AES key has"):
        identity("10000161", IN_AES, terminals=file, bdk=Secret(bytes(8)))
