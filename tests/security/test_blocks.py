"""Working keys as hexadecimal text, and as key blocks: both ends, and refusals of damaged ones."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.security.blocks import MAC_USAGES
from acquirer.security.ciphers import CipherName
from acquirer.security.key_package import KeyPackage, KeyPart
from acquirer.security.mac import MAC_ALGORITHMS
from acquirer.security.packages import PackageError, PackageIssuer, accept_package
from acquirer.security.secret import Secret

TMK = Secret.from_hex("258FB0AB70D025CDB99DF2C4D302D646")
OTHER = Secret.from_hex("0123456789ABCDEFFEDCBA9876543210")

PARTS = (KeyPart("pik", 16), KeyPart("mak", 16), KeyPart("tdk", 16))
HEX = KeyPackage("001", "3des", "3des", PARTS, 3, mak_form=False, form="hex")
TR31_B = KeyPackage("001", "3des", "tr31-b", PARTS, 0, mak_form=False)
TR31_D = replace(TR31_B, wrap="tr31-d")
AES = replace(TR31_D, cipher="aes")


def outcome(package, wire):
    """The keys of a package, or what is wrong with it."""
    try:
        return accept_package(package, TMK, wire)
    except PackageError as exc:
        return str(exc)


every_package = pytest.mark.parametrize("package", [HEX, TR31_B, TR31_D, AES], ids=["hex", "B", "D", "AES in D"])


@every_package
@given(seed=st.integers(0, 2**32))
def test_there_and_back(package, seed):
    issued = PackageIssuer(package, "double", "M3").issue(TMK, random.Random(seed).randbytes)
    assert issued.wire.isascii()
    assert accept_package(package, TMK, issued.wire) == issued.working


@every_package
@given(data=st.data())
def test_damage_is_refused_without_naming_a_key(package, data):
    issued = PackageIssuer(package, "double", "M3").issue(TMK, random.Random(7).randbytes)
    at = data.draw(st.integers(0, len(issued.wire) - 1))
    exc = data.draw(st.sampled_from(b"0123456789ABCDEFGXYZ \xff").filter(lambda byte: byte != issued.wire[at]))
    damaged = issued.wire[:at] + bytes((exc,)) + issued.wire[at + 1 :]
    result = outcome(package, damaged)
    if isinstance(result, str):
        assert not any(key.reveal().hex().upper() in result for _, key in issued.working.items())
    else:  # only a parity bit can change unseen, and a check value cannot tell
        assert result.kcvs == issued.working.kcvs


@every_package
@given(cut=st.integers(1, 60))
def test_what_is_too_short_or_too_long_is_refused(package, cut):
    wire = PackageIssuer(package, "double", "M3").issue(TMK, random.Random(7).randbytes).wire
    for exc in (wire[:-cut], wire + b"0" * cut, b""):
        with pytest.raises(PackageError):
            accept_package(package, TMK, exc)


@every_package
def test_another_master_key_is_named_by_its_check_value(package):
    wire = PackageIssuer(package, "double", "M3").issue(TMK, random.Random(7).randbytes).wire
    cipher: CipherName = "aes" if package.wrap == "tr31-d" else "3des"
    with pytest.raises(PackageError, match=OTHER.using(cipher).kcv()):
        accept_package(package, OTHER, wire)


def test_blocks_in_another_order_are_for_something_else():
    wire = PackageIssuer(TR31_B, "double", "M3").issue(TMK, random.Random(7).randbytes).wire
    size = int(wire[1:5])
    with pytest.raises(PackageError, match=r"a key for MAC, .* \(M3\), not for PIN encryption"):
        accept_package(TR31_B, TMK, wire[size : 2 * size] + wire[:size] + wire[2 * size :])


@pytest.mark.parametrize("cut", [1, 3, 4])
def test_a_block_without_a_whole_length_is_none(cut):
    wire = PackageIssuer(TR31_B, "double", "M3").issue(TMK, random.Random(7).randbytes).wire
    first = int(wire[1:5])
    with pytest.raises(PackageError, match="a key block for the MAK was expected after 1 other"):
        accept_package(TR31_B, TMK, wire[: first + cut])


def test_the_usage_of_a_mak_says_its_algorithm():
    """TR-31:2018, table 6: M1 and M3 by ISO 9797-1, M6 is CMAC."""
    usages = {name: MAC_USAGES.get(name, "M1") for name in MAC_ALGORITHMS if not name.endswith("-hex")}
    assert usages == {
        "unionpay-ecb": "M1",
        "x9.9": "M1",
        "x9.19": "M3",
        "unionpay-cbc": "M1",
        "iso9797-1-alg1": "M1",
        "iso9797-1-alg1-pad2": "M1",
        "iso9797-1-alg3": "M3",
        "iso9797-1-alg3-pad2": "M3",
        "cmac": "M6",
    }
