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


def test_keys_are_shown_on_request(suite, tmk):
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


def shown(steps):
    return "\n".join(" | ".join(step) for step in steps)


def test_every_step_of_macs():
    double = Secret.from_hex("9CAA6FBFE5E5A51AE8C99FA2371ACAA9")
    assert shown(mac_steps(MAC_ALGORITHMS["unionpay-ecb"], MAK, bytes(range(10)))) == (
        "MAB | 10 bytes | 2 blocks of 8\n"
        "block 1 | 0001020304050607 | \n"
        "block 2 | 0809000000000000 | 6 of its bytes are filled with zeros\n"
        "fold | 0808020304050607 | all blocks XORed\n"
        "as text | 0808020304050607 | its hexadecimal digits, in upper case\n"
        "first half encrypted | 3EDFA61C84C47368 | of the text, under MAK KCV CFF1592A\n"
        "XOR the second half | 0EEB9629B4F2435F | \n"
        "encrypted again | 1F49B6B1EA55AAE5 | its first hexadecimal digits are the MAC\n"
        "MAC | 1F49B6B1 | 8 characters, as they are sent"
    )
    assert shown(mac_steps(MAC_ALGORITHMS["x9.19"], double, bytes(range(16)), 4)) == (
        "MAB | 16 bytes | 2 blocks of 8\n"
        "block 1 | 0001020304050607 | \n"
        "block 2 | 08090A0B0C0D0E0F | \n"
        "result | 0699037F96EE9F1E | x9.19, MAK KCV 1EAF523B\n"
        "MAC | 0699037F | 4 bytes, as they are sent"
    )
    assert shown(mac_results(MAK, bytes(range(10)))) == (
        "unionpay-ecb | 1F49B6B1 | \n"
        "x9.9 | 218E57C05D6A7C34 | \n"
        "x9.19 | 218E57C05D6A7C34 | \n"
        "unionpay-cbc | 218E57C05D6A7C34 | \n"
        "iso9797-1-alg1 | 218E57C05D6A7C34 | \n"
        "iso9797-1-alg1-pad2 | B62E6A963264BC87 | \n"
        "iso9797-1-alg3 | 218E57C05D6A7C34 | \n"
        "iso9797-1-alg3-pad2 | B62E6A963264BC87 | \n"
        "cmac | 785BDB5736F2E651 | \n"
        "x9.9-hex | 218E57C0 | \n"
        "x9.19-hex | 218E57C0 | \n"
        "unionpay-cbc-hex | 218E57C0 | \n"
        "iso9797-1-alg1-hex | 218E57C0 | \n"
        "iso9797-1-alg1-pad2-hex | B62E6A96 | \n"
        "iso9797-1-alg3-hex | 218E57C0 | \n"
        "iso9797-1-alg3-pad2-hex | B62E6A96 | \n"
        "cmac-hex | 785BDB57 | "
    )
    assert shown(mac_results(double, bytes(range(10)), 4)) == (
        "unionpay-ecb | 66AC | \n"
        "x9.9 | 6A6440E0 | \n"
        "x9.19 | D30452E7 | \n"
        "unionpay-cbc | B362475A | \n"
        "iso9797-1-alg1 | B362475A | \n"
        "iso9797-1-alg1-pad2 | 8CA1AA60 | \n"
        "iso9797-1-alg3 | D30452E7 | \n"
        "iso9797-1-alg3-pad2 | A25EC4B0 | \n"
        "cmac | 8637A893 | \n"
        "x9.9-hex | 6A64 | \n"
        "x9.19-hex | D304 | \n"
        "unionpay-cbc-hex | B362 | \n"
        "iso9797-1-alg1-hex | B362 | \n"
        "iso9797-1-alg1-pad2-hex | 8CA1 | \n"
        "iso9797-1-alg3-hex | D304 | \n"
        "iso9797-1-alg3-pad2-hex | A25E | \n"
        "cmac-hex | 8637 | "
    )


def test_every_step_of_packages(suite, tmk):
    assert shown(package_steps(suite.packages["003"], tmk, WIRE)) == (
        "TMK |  | 3DES, KCV D0E06F38\n"
        "PIK as it travels | 46F161A743497B32EAC760DF5EA57DF5 | 16 bytes\n"
        "PIK decrypted |  | 3DES\n"
        "PIK KCV | 900ECCE3 | the same\n"
        "MAK as it travels | 977731A7EA402DDF0000000000000000 | 16 bytes\n"
        "MAK decrypted |  | single length: the second half is no cipher text\n"
        "MAK KCV | CFF1592A | the same\n"
        "taken | PIK 900ECCE3, MAK CFF1592A | "
    )
    assert shown(package_steps(suite.packages["003"], tmk, WIRE, unsafe=True)) == (
        "TMK | 258FB0AB70D025CDB99DF2C4D302D646 | 3DES, KCV D0E06F38\n"
        "PIK as it travels | 46F161A743497B32EAC760DF5EA57DF5 | 16 bytes\n"
        "PIK decrypted | D931648F3DE313A4A22C15DCA4F4299E | 3DES\n"
        "PIK KCV | 900ECCE3 | the same\n"
        "MAK as it travels | 977731A7EA402DDF0000000000000000 | 16 bytes\n"
        "MAK decrypted | AB7C577CC7A18045 | single length: the second half is no cipher text\n"
        "MAK KCV | CFF1592A | the same\n"
        "taken | PIK 900ECCE3, MAK CFF1592A | "
    )
    assert shown(package_steps(suite.packages["003"], tmk, WIRE[:-4])) == (
        "TMK |  | 3DES, KCV D0E06F38\n"
        "PIK as it travels | 46F161A743497B32EAC760DF5EA57DF5 | 16 bytes\n"
        "PIK decrypted |  | 3DES\n"
        "PIK KCV | 900ECCE3 | the same\n"
        "MAK as it travels | 977731A7EA402DDF0000000000000000 | 16 bytes\n"
        "MAK decrypted |  | single length: the second half is no cipher text\n"
        "MAK KCV | CFF1592A | differs from , which came\n"
        "length | 36 | package 003 has 40 bytes"
    )
    assert shown(package_steps(suite.packages["003"], tmk, WIRE[:15])) == (
        "TMK |  | 3DES, KCV D0E06F38\n"
        "PIK as it travels | 46F161A743497B32EAC760DF5EA57D | 15 bytes\n"
        "PIK decrypted |  | not whole blocks\n"
        "MAK as it travels |  | 0 bytes\n"
        "MAK decrypted |  | not whole blocks\n"
        "length | 15 | package 003 has 40 bytes"
    )
    double = WIRE[:20] + WIRE[:8] + WIRE[8:16] + WIRE[36:]
    assert shown(package_steps(suite.packages["003"], tmk, double)) == (
        "TMK |  | 3DES, KCV D0E06F38\n"
        "PIK as it travels | 46F161A743497B32EAC760DF5EA57DF5 | 16 bytes\n"
        "PIK decrypted |  | 3DES\n"
        "PIK KCV | 900ECCE3 | the same\n"
        "MAK as it travels | 46F161A743497B32EAC760DF5EA57DF5 | 16 bytes\n"
        "MAK decrypted |  | 3DES\n"
        "MAK KCV | 900ECCE3 | differs from CFF1592A, which came\n"
        "refused | MAK KCV differs: the package says CFF1592A, the key as the TMK "
        "with KCV D0E06F38 decrypts it has 900ECCE3 or 04D5B232; it was wrapped "
        "under another TMK, or the package has another layout | "
    )


def test_every_key_under_which_a_pin_block_opens():
    pik = Secret.from_hex("73575E29D00B19757ADC854C23D0EAE6")
    keys = WorkingKeys(pik, MAK)
    pan = "6212790200001797"
    found = pin_candidates(pik.encrypt(bytes.fromhex("06123456FFFFFFFF")), pan, None, [("current", keys)])
    assert [tuple(one) for one in found] == [("the same PIK", "iso-0-without-pan", "")]
    assert pin_candidates(bytes(8), pan, PIN_FORMATS["iso-0"], [("current", keys)]) == []


def test_a_package_of_another_cipher(suite):
    tmk = Secret(bytes(range(16)), "sm4")
    package = suite.packages["005"]
    keys = WorkingKeys(Secret(bytes(range(16, 32)), "sm4"), Secret(bytes(range(32, 48)), "sm4"))
    wire = b"".join(tmk.encrypt(key.reveal()) + key.check_value(package.kcv_bytes) for key in (keys.pik, keys.mak))
    steps = by_name(package_steps(package, tmk, wire))
    assert steps["TMK"].remark == f"SM4, KCV {tmk.kcv()}"
    assert steps["PIK decrypted"].remark == "SM4"
    assert (steps["PIK KCV"].remark, steps["taken"].value) == ("the same", keys.kcvs)
