"""Why a MAC differs: each mistake with a key or an algorithm is made once, alone or with another, and is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psec import des as psec_des

from acquirer.security.candidates import Candidate, finished
from acquirer.security.mac import MAC_ALGORITHMS, fold
from acquirer.security.mac_diagnosis import diagnose_mac
from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys

# psec reaches for 3DES where cryptography no longer keeps it; our own code must not.
pytestmark = pytest.mark.filterwarnings("ignore:.*TripleDES:cryptography.utils.CryptographyDeprecationWarning:psec")

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
    return finished(suite.diagnose_mac(dialect.decode(dialect.with_mac(frame, mac)), candidates, tmk))


def test_a_terminal_that_kept_its_old_key(suite, keys, sale):
    mac = suite.mac(OLD, suite.dialect.covered(sale))
    assert found(suite, sale, mac, [("current", keys), ("previous", OLD)]) == (
        "the same MAB under the previous MAK (KCV 7B30A3D4) matches: the terminal kept its old key; "
        "take the keys from the reply of each sign-on"
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
        'the terminal takes a double-length MAK: give it mak = "double" or "duplicated"; '
        "take its first 8 bytes for the MAK"
    )


@pytest.mark.parametrize("name", sorted({name.removesuffix("-hex") for name in MAC_ALGORITHMS} - {"unionpay-ecb"}))
@pytest.mark.parametrize("form", ["", "-hex"])
def test_another_algorithm(suite, sale, name, form):
    mac = MAC_ALGORITHMS[name + form](DOUBLE.mak, suite.dialect.covered(sale))
    sentence = found(suite, sale, mac, [("current", DOUBLE)])
    reported = {"iso9797-1-alg1": "unionpay-cbc", "iso9797-1-alg3": "x9.19"}.get(
        name, name
    )  # the same under another name
    assert sentence.startswith(f"{reported} over the same MAB under the same MAK matches: ")
    assert f"the terminal uses MAC algorithm {reported}" in sentence
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
    if mac != b"3A57ACBB" and len(set(mac)) > 1:
        assert finished(suite.diagnose_mac(message, [("current", keys), ("previous", OLD)], tmk)) == ""


def test_a_message_without_mac_has_no_diagnosis(suite, keys):
    request = suite.dialect.decode(bytes.fromhex(suite.dialect.samples[0].hex)[2:])
    assert finished(suite.diagnose_mac(request, [("current", keys)])) == ""


def test_sentences_hold_no_key(suite, keys, tmk, sale):
    mac = suite.mac(OLD, suite.dialect.covered(sale))
    sentence = found(suite, sale, mac, [("current", keys), ("previous", OLD)], tmk)
    for secret in (tmk, keys.mak, keys.pik, OLD.mak, OLD.pik):
        assert secret.reveal().hex().upper() not in sentence


@pytest.mark.parametrize(
    ("mac", "says"),
    [
        (bytes(8), "the MAC's field holds zeros only"),
        (b" " * 8, "the MAC's field holds spaces only"),
        (b"0" * 8, "the MAC's field holds only digits 0"),
        (b"\x5a" * 8, "the MAC's field holds bytes 5A only"),
    ],
)
def test_no_mac_at_all(suite, keys, sale, mac, says):
    sentence = found(suite, sale, mac, [("current", keys)])
    assert (
        sentence
        == f"{says}: the terminal computes none; compute the MAC when the message is complete, and put it there"
    )


@pytest.mark.parametrize(
    ("pack", "says"),
    [
        (lambda four: four + bytes(4), "sends 4 bytes with zeros behind them where upper-case hex text belongs"),
        (lambda four: four + b"    ", "sends 4 bytes with spaces behind them"),
        (lambda four: four + b"\xff" * 4, "sends 4 bytes with bytes FF behind them"),
        (lambda four: bytes(4) + four, "sends 4 bytes with zeros before them"),
    ],
)
def test_packed_text(suite, keys, sale, pack, says):
    right = suite.mac(keys, suite.dialect.covered(sale))
    assert says in found(suite, sale, pack(bytes.fromhex(right.decode())), [("current", keys)])


def test_the_other_half_of_the_result(suite, keys, sale):
    raw = ecb.raw(keys.mak, suite.dialect.covered(sale))
    mac = raw.hex().upper()[8:].encode()
    assert "sends the second half of the hex text" in found(suite, sale, mac, [("current", keys)])


@pytest.mark.parametrize(
    ("key", "says"),
    [
        (lambda mak, tmk: mak.half(1), "takes the second half of its MAK"),
        (lambda mak, tmk: Secret(mak.reveal()[8:] + mak.reveal()[:8]), "swaps the halves of its MAK"),
        (lambda mak, tmk: Secret(tmk.encrypt(tmk.encrypt(mak.reveal()))), "encrypts what it should decrypt"),
        (lambda mak, tmk: Secret(tmk.half().decrypt(tmk.encrypt(mak.reveal()))), "decrypts with half of its TMK"),
        (lambda mak, tmk: Secret(unchained(tmk, tmk.encrypt(mak.reveal()))), "decrypts its keys in CBC"),
        (
            lambda mak, tmk: Secret(tmk.using("sm4").decrypt(tmk.encrypt(mak.reveal()))),
            "decrypts its keys by SM4, and they are encrypted by 3DES",
        ),
        (
            lambda mak, tmk: Secret(Secret(b"\x11" * 16).decrypt(tmk.encrypt(mak.reveal()))),
            "TMK is a published one (KCV 82E13665), the host's has KCV D0E06F38",
        ),
    ],
)
def test_a_key_not_unwrapped_right(suite, tmk, sale, key, says):
    mac = ecb(key(DOUBLE.mak, tmk), suite.dialect.covered(sale))
    assert says in found(suite, sale, mac, [("current", DOUBLE)], tmk)


def unchained(key, data):
    """Decrypt in CBC with a zero IV, as psec does it."""
    return psec_des.decrypt_tdes_cbc(key.reveal(), bytes(8), data)


@pytest.mark.parametrize(
    ("mac", "says"),
    [
        (
            lambda mab: first_step(DOUBLE.mak, mab),
            "leaves out the second encryption",
        ),
        (lambda mab: lower_case_fold(DOUBLE.mak, mab), "in lower case before it encrypts them"),
    ],
)
def test_more_misreadings_of_the_algorithm(suite, sale, mac, says):
    assert says in found(suite, sale, mac(suite.dialect.covered(sale)), [("current", DOUBLE)])


def first_step(key, mab):
    return text8(key.encrypt(fold(mab, 8).hex().upper().encode()[:8]))


def lower_case_fold(key, mab):
    text = fold(mab, 8).hex().encode()
    between = bytes(a ^ b for a, b in zip(key.encrypt(text[:8]), text[8:], strict=True))
    return text8(key.encrypt(between))


MAB = bytes(range(40))
THREE_DES = DOUBLE


def whole(got: bytes, algorithm=ecb, keys=THREE_DES) -> str:
    """Return the whole sentence about a MAC over bytes 0 to 39."""
    return finished(diagnose_mac(algorithm, got, [Candidate("the same MAB", "", MAB)], [("current", keys)]))


def in_steps(first: Secret, second: Secret) -> bytes:
    text = fold(MAB, 8).hex().upper().encode()
    between = bytes(a ^ b for a, b in zip(first.encrypt(text[:8]), text[8:], strict=True))
    return second.encrypt(between).hex().upper().encode()[:8]


def test_misreadings_of_the_unionpay_algorithm_in_whole_sentences() -> None:
    mak, text = THREE_DES.mak, fold(MAB, 8).hex().upper().encode()
    assert whole(mak.encrypt(fold(MAB, 8)).hex().upper().encode()[:8]) == (
        "the encrypted fold of the same MAB under the same MAK matches: the terminal encrypts the folded blocks "
        "themselves, not their hex text; encrypt the first half of the hex text, XOR the second, encrypt again"
    )
    assert whole(mak.encrypt(text[:8]).hex().upper().encode()[:8]) == (
        "the first encryption alone over the same MAB under the same MAK matches: the terminal leaves out the "
        "second encryption; XOR the second half of the hex text with the result and encrypt it again"
    )
    assert whole(in_steps(mak.half(), mak)) == (
        "single DES in the first step over the same MAB under the same MAK matches: the terminal takes half of its "
        "MAK for the first encryption; use the whole MAK in both steps"
    )
    assert whole(in_steps(mak, mak.half())) == (
        "single DES in the second step over the same MAB under the same MAK matches: the terminal takes half of "
        "its MAK for the second encryption; use the whole MAK in both steps"
    )


def test_ways_of_writing_a_mac_in_whole_sentences() -> None:
    raw = ecb.raw(THREE_DES.mak, MAB)
    assert whole(raw[:8]) == (
        "the same MAB under the same MAK matches: the terminal sends bytes where upper-case hex text belongs; send "
        "the first eight characters of the result's hex text, in upper case"
    )
    assert whole(raw.hex().encode()[:8]) == (
        "the same MAB under the same MAK matches: the terminal sends lower-case hex text where upper-case hex text "
        "belongs; send the first eight characters of the result's hex text, in upper case"
    )
    assert whole(raw[:4] + bytes(4)) == (
        "the same MAB under the same MAK matches: the terminal sends 4 bytes with zeros behind them where "
        "upper-case hex text belongs; send the first eight characters of the result's hex text, in upper case"
    )
    assert whole(raw[:4] + b"    ") == (
        "the same MAB under the same MAK matches: the terminal sends 4 bytes with spaces behind them where "
        "upper-case hex text belongs; send the first eight characters of the result's hex text, in upper case"
    )
    assert whole(raw[:4] + b"\xff" * 4) == (
        "the same MAB under the same MAK matches: the terminal sends 4 bytes with bytes FF behind them where "
        "upper-case hex text belongs; send the first eight characters of the result's hex text, in upper case"
    )
    assert whole(bytes(4) + raw[:4]) == (
        "the same MAB under the same MAK matches: the terminal sends 4 bytes with zeros before them where "
        "upper-case hex text belongs; send the first eight characters of the result's hex text, in upper case"
    )
    assert whole(raw.hex().upper().encode()[8:16]) == (
        "the same MAB under the same MAK matches: the terminal sends the second half of the hex text where "
        "upper-case hex text belongs; send the first eight characters of the result's hex text, in upper case"
    )
    x919 = MAC_ALGORITHMS["x9.19"]
    assert whole(x919.raw(THREE_DES.mak, MAB).hex().upper().encode()[:8], x919) == (
        "the same MAB under the same MAK matches: the terminal sends upper-case hex text where eight bytes "
        "of the result belong; send the first eight bytes of the result as they are"
    )
    assert whole(x919.raw(THREE_DES.mak, MAB)[:4] + bytes(4), x919) == (
        "the same MAB under the same MAK matches: the terminal sends 4 bytes with zeros behind them where eight bytes "
        "of the result belong; send the first eight bytes of the result as they are"
    )


def test_a_mac_in_another_order() -> None:
    raw = ecb.raw(THREE_DES.mak, MAB)
    text = raw.hex().upper().encode()[:8]
    for sent, words in (
        (text[::-1], "the hex text backwards"),
        (text[4:] + text[:4], "the second four characters before the first"),
        (text[6:] + text[4:6] + text[2:4] + text[:2], "the hex text backwards, two digits at a time,"),
        (raw[::-1].hex().upper().encode()[:8], "the hex text backwards, two digits at a time,"),
        (bytes([text[at ^ 1] for at in range(8)]), "the hex text with the two digits of each byte swapped"),
        (raw[::-1], "the bytes in reverse order"),
        (raw[4:] + raw[:4], "the second half of the bytes before the first"),
    ):
        assert whole(sent) == (
            f"the same MAB under the same MAK matches: the terminal sends {words} where upper-case hex text belongs; "
            "send the first eight characters of the result's hex text, in upper case"
        )


def test_other_algorithms_in_whole_sentences() -> None:
    x919 = MAC_ALGORITHMS["x9.19"]
    assert whole(x919.raw(THREE_DES.mak, MAB).hex().upper().encode()[:8]) == (
        "x9.19 over the same MAB under the same MAK matches: the terminal uses MAC algorithm x9.19; use MAC "
        "algorithm unionpay-ecb: the XOR of all blocks as hex text, encrypted in two steps"
    )
    assert whole(ecb.raw(THREE_DES.mak, MAB)[:8], x919) == (
        "unionpay-ecb over the same MAB under the same MAK matches: the terminal uses MAC algorithm unionpay-ecb; "
        "use MAC algorithm x9.19"
    )


def test_fields_that_hold_no_mac_in_whole_sentences() -> None:
    assert whole(bytes(8)) == (
        "the MAC's field holds zeros only: the terminal computes none; compute the MAC when the message is "
        "complete, and put it there"
    )
    assert whole(b" " * 8) == (
        "the MAC's field holds spaces only: the terminal computes none; compute the MAC when the message is "
        "complete, and put it there"
    )
    assert whole(b"0" * 8) == (
        "the MAC's field holds only digits 0: the terminal computes none; compute the MAC when the message is "
        "complete, and put it there"
    )
    assert whole(b"\xff" * 8) == (
        "the MAC's field holds bytes FF only: the terminal computes none; compute the MAC when the message is "
        "complete, and put it there"
    )
    assert whole(b"A" * 8) == (
        "the MAC's field holds bytes 41 only: the terminal computes none; compute the MAC when the message is "
        "complete, and put it there"
    )
    assert whole(b"12345678") == ""


def test_misreadings_with_blocks_of_sixteen_bytes() -> None:
    keys = WorkingKeys(Secret(bytes(range(16)), "sm4"), Secret(bytes(range(16, 32)), "sm4"))
    short = keys.mak.encrypt(fold(MAB, 8).hex().upper().encode())
    assert whole(short.hex().upper().encode()[:8], keys=keys) == (
        "the fold in blocks of 8 bytes of the same MAB under the same MAK matches: the terminal folds in blocks of "
        "8 bytes, and those of the cipher have 16; fold in blocks of 16 bytes"
    )


def test_a_fold_in_lower_case() -> None:
    mak, data = THREE_DES.mak, bytes(range(0xA1, 0xA1 + 40))
    text = fold(data, 8).hex().encode()
    assert text != text.upper()
    between = bytes(a ^ b for a, b in zip(mak.encrypt(text[:8]), text[8:], strict=True))
    got = mak.encrypt(between).hex().upper().encode()[:8]
    sentence = finished(diagnose_mac(ecb, got, [Candidate("the same MAB", "", data)], [("current", THREE_DES)]))
    assert sentence == (
        "the fold in lower-case hex text of the same MAB under the same MAK matches: the terminal writes the "
        "folded blocks in lower case before it encrypts them; write the folded blocks in upper case"
    )
