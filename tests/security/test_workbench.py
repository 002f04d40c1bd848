"""Steps of MACs and key packages, and the ways in which PIN blocks open: with the published values."""

import pytest

from acquirer.security.mac import MAC_ALGORITHMS
from acquirer.security.pin import PIN_FORMATS
from acquirer.security.secret import Secret
from acquirer.security.workbench import mac_results, mac_steps, package_steps, pin_candidates
from acquirer.security.working import WorkingKeys

WIRE = bytes.fromhex("46F161A743497B32EAC760DF5EA57DF5900ECCE3977731A7EA402DDF0000000000000000CFF1592A")
MAK = Secret.from_hex("AB7C577CC7A18045")


def by_name(steps):
    return {step.name: step for step in steps}


def test_the_steps_of_a_unionpay_mac_lead_to_the_mac_that_is_sent(suite, sale):
    covered = suite.dialect.covered(sale)
    steps = by_name(mac_steps(MAC_ALGORITHMS["unionpay-ecb"], MAK, covered))
    assert steps["MAC"].value == "3A57ACBB"
    assert steps["encrypted again"].value.startswith("3A57ACBB")
    assert steps["block 1"].value == covered[:8].hex().upper()
    assert steps["block 9"].remark == "4 of its bytes are filled with zeros"


@pytest.mark.parametrize("name", sorted(MAC_ALGORITHMS))
def test_every_algorithm_has_its_result(name):
    algorithm = MAC_ALGORITHMS[name]
    sent = algorithm(MAK, b"0123456789")
    expected = sent.decode() if algorithm.form == "hex" else sent.hex().upper()
    assert by_name(mac_results(MAK, b"0123456789"))[name].value == expected
    assert by_name(mac_steps(algorithm, MAK, b"0123456789"))["MAC"].value == expected


def test_a_package_is_unwrapped_without_showing_a_key(suite, tmk):
    steps = by_name(package_steps(suite.packages["003"], tmk, WIRE))
    assert steps["PIK KCV"].value == "900ECCE3"
    assert steps["MAK KCV"] == ("MAK KCV", "CFF1592A", "the same")
    assert steps["MAK decrypted"] == ("MAK decrypted", "", "single length: the second half is no cipher text")
    assert steps["taken"].value == "PIK 900ECCE3, MAK CFF1592A"


def test_keys_are_shown_where_that_is_asked_for(suite, tmk):
    steps = by_name(package_steps(suite.packages["003"], tmk, WIRE, unsafe=True))
    assert steps["MAK decrypted"].value == "AB7C577CC7A18045"


def test_another_tmk_gives_other_check_values(suite):
    steps = by_name(package_steps(suite.packages["003"], Secret(b"\x11" * 16), WIRE))
    assert steps["PIK KCV"].remark == "differs from 900ECCE3, which came"
    assert "PIK KCV differs" in steps["refused"].value


def test_a_package_of_another_size(suite, tmk):
    assert by_name(package_steps(suite.packages["003"], tmk, WIRE[:-4]))["length"].remark == "package 003 has 40 bytes"


def test_a_pin_block_opens_under_its_key_only():
    keys = WorkingKeys(Secret.from_hex("73575E29D00B19757ADC854C23D0EAE6"), MAK)
    block = bytes.fromhex("97DEC6527137429C")
    [found] = pin_candidates(block, "6212790200001797", PIN_FORMATS["iso-0"], [("current", keys)])
    assert found == ("the same PIK", "iso-0", "")
    [found] = pin_candidates(block, "6212790200001797", PIN_FORMATS["iso-0"], [("current", keys)], unsafe=True)
    assert found.pin == "06111111FFFFFFFF"
