"""Why a MAC differs: every mistake that is tried is made once, alone or with another, and must be named."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.dialect.suite import Suite
from acquirer.security import mac_diagnosis as diagnosis
from acquirer.security.mac import MAC_ALGORITHMS, fold
from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys

OLD = WorkingKeys(Secret.from_hex("73575E29D00B19757ADC854C23D0EAE6"), Secret.from_hex("313215FDA2C4AB4C"))
DOUBLE = WorkingKeys(
    Secret.from_hex("D931648F3DE313A4A22C15DCA4F4299E"),
    Secret.from_hex("9CAA6FBFE5E5A51AE8C99FA2371ACAA9"),
    Secret.from_hex("C9A0F37E18EA3FF71E3BDA58ACCEFCE0"),
)

ecb = MAC_ALGORITHMS["unionpay-ecb"]


def half(key):
    return Secret(key.reveal()[:8])


def two_steps(first, second, mab):
    text = fold(mab, 8).hex().upper().encode()
    between = bytes(a ^ b for a, b in zip(first.encrypt(text[:8]), text[8:], strict=True))
    return text8(second.encrypt(between))


def text8(raw):
    return raw.hex().upper()[:8].encode()


def found(suite, frame, mac, candidates, tmk=None):
    dialect = suite.dialect
    [sentence] = suite.diagnose(dialect.decode(dialect.with_mac(frame, mac)), candidates, tmk)
    return sentence


def test_a_terminal_that_kept_its_old_key(suite, keys, sale):
    mac = suite.mac(OLD, suite.dialect.covered(sale))
    assert found(suite, sale, mac, [("current", keys), ("previous", OLD)]) == (
        "the same MAB under the previous MAK (KCV 7B30A3D4) matches: the terminal kept its old key"
    ).replace("7B30A3D4", OLD.mak.kcv())


@pytest.mark.parametrize(
    ("which", "of", "says"),
    [
        ("PIN key", lambda keys, tmk: keys.pik, "the PIK (KCV 900ECCE3) matches: the terminal takes the PIN key"),
        ("track key", lambda keys, tmk: keys.tdk, "takes the track key for the MAK"),
        ("half the PIN key", lambda keys, tmk: half(keys.pik), "takes half of the PIN key for the MAK"),
        ("half the track key", lambda keys, tmk: half(keys.tdk), "takes half of the track key for the MAK"),
        ("half the master key", lambda keys, tmk: half(tmk), "the first half of the TMK (KCV "),
        ("half a key", lambda keys, tmk: half(keys.mak), "the first half of the MAK"),
        ("master key", lambda keys, tmk: tmk, "the TMK (KCV D0E06F38) matches: the terminal takes the master key"),
        ("wrapped key", lambda keys, tmk: Secret(tmk.encrypt(keys.mak.reveal())), "did not decrypt it"),
    ],
)
def test_another_key(suite, tmk, sale, which, of, says):
    mac = ecb(of(DOUBLE, tmk), suite.dialect.covered(sale))
    assert says in found(suite, sale, mac, [("current", DOUBLE)], tmk)


def test_a_terminal_that_decrypts_the_filling(suite, keys, tmk, sale):
    filled = Secret(tmk.decrypt(tmk.encrypt(keys.mak.reveal()) + bytes(8)))
    # The published source prints this very key as its "mackey".
    assert filled.reveal().hex() == "ab7c577cc7a180455fc2a085d7208a04"
    mac = ecb(filled, suite.dialect.covered(sale))
    sentence = found(suite, sale, mac, [("current", keys)], tmk)
    assert "with the zeros behind it decrypted as well" in sentence
    assert 'mak = "double" or "duplicated"' in sentence


def test_a_terminal_that_keeps_the_filling(suite, keys, tmk, sale):
    filled = Secret(keys.mak.reveal() + bytes(8), "3des")
    sentence = found(suite, sale, ecb(filled, suite.dialect.covered(sale)), [("current", keys)], tmk)
    assert sentence == (
        f"the same MAB under the MAK with eight zero bytes behind it (KCV {filled.kcv()}) matches: "
        'the terminal takes a double-length MAK: give it mak = "double" or "duplicated"'
    )


@pytest.mark.parametrize("name", sorted({name.removesuffix("-hex") for name in MAC_ALGORITHMS} - {"unionpay-ecb"}))
@pytest.mark.parametrize("form", ["", "-hex"])
def test_another_algorithm(suite, sale, name, form):
    mac = MAC_ALGORITHMS[name + form](DOUBLE.mak, suite.dialect.covered(sale))
    sentence = found(suite, sale, mac, [("current", DOUBLE)])
    told = {"iso9797-1-alg1": "unionpay-cbc", "iso9797-1-alg3": "x9.19"}.get(name, name)  # the same under another name
    assert sentence.startswith(f"{told} over the same MAB under the same MAK matches: ")
    assert f"the terminal uses MAC algorithm {told}" in sentence
    assert ("sends bytes where upper-case hex text belongs" in sentence) is (form == "")


@pytest.mark.parametrize(
    ("mac", "says"),
    [
        (lambda mab: text8(DOUBLE.mak.encrypt(fold(mab, 8))), "encrypts the folded blocks themselves"),
        (lambda mab: two_steps(half(DOUBLE.mak), DOUBLE.mak, mab), "half of its MAK for the first encryption"),
        (lambda mab: two_steps(DOUBLE.mak, half(DOUBLE.mak), mab), "half of its MAK for the second encryption"),
        (lambda mab: ecb(DOUBLE.mak, mab).lower(), "sends lower-case hex text where upper-case hex text belongs"),
        (lambda mab: ecb.raw(DOUBLE.mak, mab), "sends bytes where upper-case hex text belongs"),
    ],
)
def test_a_misreading_of_the_algorithm(suite, sale, mac, says):
    assert says in found(suite, sale, mac(suite.dialect.covered(sale)), [("current", DOUBLE)])


COVERED = [
    ("TPDU and head too (79 bytes)", lambda frame: frame[:-8]),
    ("the head too (74 bytes)", lambda frame: frame[5:-8]),
    ("the MAB without the MTI (66 bytes)", lambda frame: frame[13:-8]),
    ("the frame with its length (81 bytes)", lambda frame: b"\x00\x57" + frame[:-8]),
    ("the MAC's bit not yet set", lambda frame: frame[11:20] + bytes((frame[20] & 0xFE,)) + frame[21:-8]),
    ("the MAB as hex text (136 bytes)", lambda frame: frame[11:-8].hex().upper().encode()),
    ("the MAB padded with 80 before the zeros (69 bytes)", lambda frame: frame[11:-8] + b"\x80"),
]


@pytest.mark.parametrize(("says", "of"), COVERED)
def test_other_bytes(suite, keys, sale, says, of):
    sentence = found(suite, sale, ecb(keys.mak, of(sale)), [("current", keys)])
    assert says in sentence
    assert "under the same MAK matches: the terminal covers" in sentence


def test_a_place_of_zeros_shows_only_where_padding_counts_blocks(dialect, sale):
    """Zeros vanish in a fold; CBC-MACs see them."""
    suite = Suite(replace(dialect, security=replace(dialect.security, mac="unionpay-cbc")))
    mac = suite.mac_algorithm(DOUBLE.mak, suite.dialect.covered(sale) + bytes(8))
    sentence = found(suite, sale, mac, [("current", DOUBLE)])
    assert "the MAC's own place too, filled with zeros (76 bytes)" in sentence


@pytest.mark.parametrize(("says", "of"), COVERED)
@pytest.mark.parametrize("name", ["x9.19-hex", "unionpay-ecb"])
def test_two_mistakes_at_once(suite, sale, says, of, name):
    """Other bytes, and another key or another algorithm."""
    other = name != "unionpay-ecb"
    if other and "padded" in says:
        return  # that is an algorithm of its own, and found as such
    maker = DOUBLE if other else OLD
    mac = MAC_ALGORITHMS[name](maker.mak, of(sale))
    sentence = found(suite, sale, mac, [("current", DOUBLE), ("previous", OLD)])
    assert says in sentence
    assert ("the terminal uses MAC algorithm x9.19" if other else "the terminal kept its old key") in sentence


def test_an_old_key_and_another_algorithm(suite, sale):
    mac = MAC_ALGORITHMS["x9.9-hex"](OLD.mak, suite.dialect.covered(sale))
    sentence = found(suite, sale, mac, [("current", DOUBLE), ("previous", OLD)])
    assert "the previous MAK" in sentence
    assert "the terminal kept its old key; the terminal uses MAC algorithm x9.9" in sentence


def test_sm4_keys(suite, tmk, sale):
    keys = WorkingKeys(Secret(bytes(range(16)), "sm4"), Secret.from_hex("F351D490994603795C6EBEE8FAEBB481", "sm4"))
    mac = ecb(keys.mak, sale[:-8])
    assert "TPDU and head too" in found(suite, sale, mac, [("current", keys)], tmk)
    mac = ecb(tmk.using("sm4"), sale[11:-8])
    assert "takes the master key" in found(suite, sale, mac, [("current", keys)], tmk)


@given(st.binary(min_size=8, max_size=8))
def test_what_nothing_explains_is_not_explained(suite, keys, tmk, sale, mac):
    message = suite.dialect.decode(suite.dialect.with_mac(sale, mac))
    if mac != b"3A57ACBB":
        assert suite.diagnose(message, [("current", keys), ("previous", OLD)], tmk) == []


def test_a_message_without_mac_has_no_diagnosis(suite, keys):
    request = suite.dialect.decode(bytes.fromhex(suite.dialect.samples[0].hex)[2:])
    assert suite.diagnose(request, [("current", keys)]) == []


def test_sentences_hold_no_key(suite, keys, tmk, sale):
    mac = suite.mac(OLD, suite.dialect.covered(sale))
    sentence = found(suite, sale, mac, [("current", keys), ("previous", OLD)], tmk)
    for secret in (tmk, keys.mak, keys.pik, OLD.mak, OLD.pik):
        assert secret.reveal().hex().upper() not in sentence


def test_the_work_is_bounded(suite, tmk, sale):
    message = suite.dialect.decode(sale)
    candidates = [("current", DOUBLE), ("previous", DOUBLE)]
    keys = diagnosis._generations(candidates), diagnosis._other_keys(candidates, tmk)
    trials = diagnosis._fewest_mistakes_first(*keys, diagnosis._ways(ecb), diagnosis._covers(message))
    assert 100 < sum(1 for _ in trials) <= 150
