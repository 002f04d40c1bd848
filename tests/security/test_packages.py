"""Key packages: the published one, what an issued one promises, and both ends of every form."""

import os
import random
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.data.types import MakForm
from acquirer.security.ciphers import CipherName, is_weak, odd_parity
from acquirer.security.key_package import KeyPackage, KeyPart
from acquirer.security.packages import KcvError, PackageError, PackageIssuer, accept_package, issue_package
from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys

TMK = Secret.from_hex("258FB0AB70D025CDB99DF2C4D302D646")
FORMS: tuple[MakForm, ...] = ("single", "double", "duplicated")


def layout(selector, cipher, size, names, *, wrap="3des", mak_form=True):
    return KeyPackage(selector, cipher, wrap, tuple(KeyPart(name, size) for name in names), 4, mak_form)


PACKAGES = {
    package.selector: package
    for package in (
        layout("001", "des", 8, ("pik", "mak"), mak_form=False),
        layout("003", "3des", 16, ("pik", "mak")),
        layout("004", "3des", 16, ("pik", "mak", "tdk")),
        layout("005", "sm4", 16, ("pik", "mak"), wrap="sm4", mak_form=False),
        layout("006", "sm4", 16, ("pik", "mak", "tdk"), wrap="sm4", mak_form=False),
        layout("triple", "3des", 24, ("pik", "mak", "tdk")),  # the lengths 56 and 84 that terminals accept
    )
}
LENGTHS = {"001": 24, "003": 40, "004": 60, "005": 40, "006": 60, "triple": 84}
PUBLISHED = bytes.fromhex("46F161A743497B32EAC760DF5EA57DF5900ECCE3977731A7EA402DDF0000000000000000CFF1592A")
PIK, MAK = "D931648F3DE313A4A22C15DCA4F4299E", "AB7C577CC7A18045"

every_package = pytest.mark.parametrize("selector", list(PACKAGES))
every_form = pytest.mark.parametrize("mak", FORMS)
seeds = st.integers(0, 2**32)


class TestThePublishedPackage:
    """V1."""

    def test_it_is_accepted(self):
        keys = accept_package(PACKAGES["003"], TMK, PUBLISHED)
        assert keys == WorkingKeys(Secret.from_hex(PIK), Secret.from_hex(MAK))
        assert keys.kcvs == "PIK 900ECCE3, MAK CFF1592A"

    def test_it_is_what_pinned_keys_give(self):
        pinned = WorkingKeys(Secret.from_hex(PIK), Secret.from_hex(MAK))
        issued = issue_package(PACKAGES["003"], TMK, "single", os.urandom, pinned)
        assert issued.wire == PUBLISHED
        assert issued.working == pinned
        assert issued.working.kcvs == "PIK 900ECCE3, MAK CFF1592A"


def test_the_published_sm4_key_unwraps():
    """V9."""
    tmk = Secret.from_hex("1234567890ABCDEFABCDEF0987654321", "sm4")
    key = Secret(tmk.decrypt(bytes.fromhex("3D66234C49E4296FF9C78D8BACBD6A76")), "sm4")
    assert key == Secret.from_hex("F351D490994603795C6EBEE8FAEBB481", "sm4")
    assert key.check_value(8).hex().upper() == "861E83E31FAEBF10"
    # The same in a package of its own: the PIK is the published key.
    wire = bytes.fromhex("3D66234C49E4296FF9C78D8BACBD6A76861E83E3")
    assert accept_package(PACKAGES["005"], tmk, wire + wire).pik == key


@every_package
@every_form
@given(seed=seeds)
def test_what_is_issued_is_accepted(selector, mak, seed):
    package = PACKAGES[selector]
    issued = issue_package(package, TMK, mak, random.Random(seed).randbytes)
    assert len(issued.wire) == LENGTHS[selector]
    accepted = accept_package(package, TMK, issued.wire)
    assert accepted == issued.working
    assert accepted.kcvs == issued.working.kcvs
    assert (accepted.tdk is None) == (selector in ("001", "003", "005"))


@every_form
@given(seed=seeds)
def test_des_keys_are_sound(mak, seed):
    issued = issue_package(PACKAGES["004"], TMK, mak, random.Random(seed).randbytes)
    clear = b"".join(key.reveal() for _, key in issued.working.items())
    assert odd_parity(clear) == clear
    assert not is_weak(clear)  # no weak part, and no two parts alike


@given(seed=seeds)
def test_the_three_forms_of_mak_on_the_wire(seed):
    wires = {mak: issue_package(PACKAGES["003"], TMK, mak, random.Random(seed).randbytes) for mak in FORMS}
    single, double, duplicated = (wires[mak].wire[20:36] for mak in FORMS)
    assert single[8:] == bytes(8)
    assert duplicated == single[:8] * 2
    assert len(wires["double"].working.mak) == 16
    assert double[:8] != double[8:]
    assert wires["single"].working == wires["duplicated"].working
    # The duplicated form suits a terminal that loads all sixteen bytes as well as one that copies the first eight.
    loaded = Secret(TMK.decrypt(duplicated))
    assert loaded.kcv() == wires["duplicated"].working.mak.kcv()


def test_zeros_that_were_encrypted_are_filling_too():
    mak = Secret.from_hex(MAK)
    wire = PUBLISHED[:20] + TMK.encrypt(mak.reveal() + bytes(8)) + mak.check_value()
    assert accept_package(PACKAGES["003"], TMK, wire).mak == mak


@given(at=st.integers(0, 39), bit=st.integers(0, 7))
def test_one_flipped_bit_names_the_key(at, bit):
    damaged = bytearray(PUBLISHED)
    damaged[at] ^= 1 << bit
    if 28 <= at < 36:
        # Behind a single-length MAK these bytes are filling: the first half still has the KCV.
        assert accept_package(PACKAGES["003"], TMK, bytes(damaged)).kcvs == "PIK 900ECCE3, MAK CFF1592A"
        return
    with pytest.raises(KcvError) as exc:
        accept_package(PACKAGES["003"], TMK, bytes(damaged))
    assert exc.value.name == ("PIK" if at < 20 else "MAK")
    assert exc.value.expected in str(exc.value)
    assert exc.value.got in str(exc.value)


def test_another_tmk_is_named_by_its_kcv():
    other = Secret.from_hex("11111111111111112222222222222222")
    with pytest.raises(KcvError, match=f"^PIK KCV differs: the package says 900ECCE3, .*TMK with KCV {other.kcv()} "):
        accept_package(PACKAGES["003"], other, PUBLISHED)


@every_package
@given(data=st.binary(max_size=90))
def test_any_bytes_are_keys_or_a_package_error(selector, data):
    with pytest.raises(PackageError):
        accept_package(PACKAGES[selector], TMK, data)


def test_the_refusal_of_another_length_says_the_layout():
    with pytest.raises(
        PackageError, match=r"^key package 003 has 40 bytes \(PIK 16 \+ KCV 4 \+ MAK 16 \+ KCV 4\), got 24$"
    ):
        accept_package(PACKAGES["003"], TMK, bytes(24))


@pytest.mark.parametrize(("mak", "size"), [("double", 8), ("single", 16)])
def test_a_pinned_key_that_does_not_fit_is_refused(mak, size):
    pinned = WorkingKeys(Secret.from_hex(PIK), Secret(bytes(range(size))))
    with pytest.raises(PackageError, match=f'pinned MAK has {size} bytes, key package 003 with mak = "{mak}"'):
        issue_package(PACKAGES["003"], TMK, mak, os.urandom, pinned)


def test_keys_that_are_not_pinned_are_drawn():
    pinned = WorkingKeys(Secret.from_hex(PIK), Secret.from_hex(MAK))
    one, two = (issue_package(PACKAGES["004"], TMK, "single", os.urandom, pinned).working for _ in range(2))
    assert one.pik == two.pik
    assert one.tdk != two.tdk


def test_pinned_keys_take_the_cipher_of_the_package():
    pinned = WorkingKeys(Secret.from_hex(PIK), Secret.from_hex(PIK))
    keys = issue_package(PACKAGES["005"], TMK, "single", os.urandom, pinned).working
    assert (keys.pik.cipher, keys.mak.cipher) == ("sm4", "sm4")


def test_weak_draws_are_thrown_away():
    draws = [
        bytes.fromhex("0101010101010101") + bytes(range(16)),  # weak
        bytes(range(8)) * 2 + bytes(range(8, 16)),  # two parts alike
        bytes(range(1, 9)) + bytes(range(32, 40)) + bytes(range(64, 72)),
    ]
    source = iter(draws)
    keys = PackageIssuer(PACKAGES["003"], "single").issue(TMK, lambda _size: next(source)).working
    assert keys.pik.reveal() == odd_parity(draws[2][:16])


def test_a_source_that_is_stuck_is_named():
    with pytest.raises(PackageError, match="it is not random"):
        issue_package(PACKAGES["003"], TMK, "single", bytes)


# -- keys made ahead of need -------------------------------------------------------------------------------------------

MORE = {
    **PACKAGES,
    "hex": replace(PACKAGES["003"], selector="hex", form="hex"),
    "short": replace(PACKAGES["004"], selector="short", kcv_bytes=3),
    "aes": layout("aes", "aes", 16, ("pik", "mak"), wrap="aes", mak_form=False),
    "aes 32": layout("aes 32", "aes", 32, ("pik", "mak", "tdk"), wrap="aes", mak_form=False),
    "mixed": layout("mixed", "3des", 16, ("mak", "tdk", "pik"), wrap="sm4", mak_form=False),
}
every_package_and_more = pytest.mark.parametrize("selector", list(MORE))


def forbidden(_size=0):
    raise AssertionError("no keys may be taken here")


def cut(packager, mak, fresh):
    """Fresh keys and their KCVs, by name."""
    package = packager.package
    sizes = {}
    for part in package.parts:
        single = part.name == "mak" and package.mak_form and mak != "double"
        sizes[part.name] = 8 if single else part.size_bytes
    assert len(fresh) == packager.fresh_bytes == sum(sizes.values()) + len(sizes) * package.kcv_bytes
    keys, at = {}, 0
    for name, size in sizes.items():
        cipher: CipherName = "des" if size == 8 else package.cipher
        keys[name] = Secret(fresh[at : at + size], cipher)
        at += size
    kcvs = [fresh[at:][i : i + package.kcv_bytes] for i in range(0, len(fresh) - at, package.kcv_bytes)]
    return keys, dict(zip(sizes, kcvs, strict=True))


@pytest.mark.slow
@every_package_and_more
@settings(max_examples=30)
@given(mak=st.sampled_from(FORMS), seed=seeds)
def test_fresh_keys_are_keys_and_then_their_kcvs(selector, mak, seed):
    packager = PackageIssuer(MORE[selector], mak)
    keys, kcvs = cut(packager, mak, packager.fresh(random.Random(seed).randbytes))
    for name, key in keys.items():
        assert key.check_value(packager.package.kcv_bytes) == kcvs[name]
    if packager.package.cipher in ("des", "3des"):
        clear = b"".join(key.reveal() for key in keys.values())
        assert odd_parity(clear) == clear
        assert not is_weak(clear)  # no weak part, and no two parts alike


@pytest.mark.slow
@every_package_and_more
@settings(max_examples=30)
@given(mak=st.sampled_from(FORMS), seed=seeds)
def test_ready_keys_travel_and_work_like_fresh_ones(selector, mak, seed):
    package = MORE[selector]
    now = PackageIssuer(package, mak).issue(TMK, random.Random(seed).randbytes)
    packager = PackageIssuer(package, mak)
    packager.ready_keys = lambda: PackageIssuer(package, mak).fresh(random.Random(seed).randbytes)
    ahead = packager.issue(TMK, forbidden)
    assert (ahead.wire, ahead.working) == (now.wire, now.working)
    assert ahead.working.kcvs == now.working.kcvs
    assert accept_package(package, TMK, ahead.wire) == now.working
    for (name, mine), (again, theirs) in zip(ahead.working.items(), now.working.items(), strict=True):
        assert (name, mine.cipher) == (again, theirs.cipher)
        assert mine.encrypt(bytes(16)) == theirs.encrypt(bytes(16))
        assert mine.check_value(8) == theirs.check_value(8)


def test_keys_are_generated_while_none_are_ready():
    package = PACKAGES["003"]
    packager = PackageIssuer(package, "single")
    ready = [None, packager.fresh(random.Random(1).randbytes), None]
    packager.ready_keys = ready.pop
    wires = [packager.issue(TMK, random.Random(2).randbytes).wire for _ in range(3)]
    assert wires[0] == wires[2] == issue_package(package, TMK, "single", random.Random(2).randbytes).wire
    assert wires[1] == issue_package(package, TMK, "single", random.Random(1).randbytes).wire


def test_pinned_keys_and_key_blocks_leave_ready_keys_where_they_are():
    pinned = WorkingKeys(Secret.from_hex(PIK), Secret.from_hex(MAK))
    packager = PackageIssuer(PACKAGES["004"], "single")
    packager.ready_keys = forbidden
    working = packager.issue(TMK, os.urandom, pinned).working
    assert working.tdk is not None
    assert (working.pik, working.mak, len(working.tdk)) == (pinned.pik, pinned.mak, 16)
    for mak, wrap in product(FORMS, ("tr31-b", "tr31-d")):
        blocks = layout("blocks", "3des", 16, ("pik", "mak"), wrap=wrap, mak_form=False)
        packager = PackageIssuer(blocks, mak)
        packager.ready_keys = forbidden
        issued = packager.issue(TMK, os.urandom)
        assert accept_package(blocks, TMK, issued.wire) == issued.working


def test_ready_keys_are_not_weak_either():
    draws = iter([bytes.fromhex("0101010101010101") + bytes(range(16)), bytes(range(1, 25))])
    fresh = PackageIssuer(PACKAGES["003"], "single").fresh(lambda _size: next(draws))
    assert fresh[:24] == odd_parity(bytes(range(1, 25)))
    with pytest.raises(PackageError, match="it is not random"):
        PackageIssuer(PACKAGES["003"], "single").fresh(bytes)


def test_check_values_are_shown_as_long_as_they_travel(tmk):
    package = replace(PACKAGES["004"], selector="short", kcv_bytes=3)
    issued = issue_package(package, tmk, "single", random.Random(1).randbytes)
    accepted = accept_package(package, tmk, issued.wire)
    names = [part.partition(" ") for part in accepted.kcvs.split(", ")]
    assert [(name, len(kcv)) for name, _, kcv in names] == [("PIK", 6), ("MAK", 6), ("TDK", 6)]
    assert issued.working.kcvs == accepted.kcvs
