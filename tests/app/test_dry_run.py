"""What a host would say of captured requests, under keys of a file."""

from dataclasses import replace

import pytest

from acquirer.app.dry_run import DryRun
from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys
from acquirer.settings.registration import Registration
from acquirer.settings.specs import load_dialect

DIALECT = load_dialect("unionpay-pos")
SAMPLES = {sample.title: bytes.fromhex(sample.hex) for sample in DIALECT.samples}
SALE = SAMPLES["void of the sale with STAN 000134"]
KEYS = WorkingKeys(Secret.from_hex("D931648F3DE313A4A22C15DCA4F4299E"), Secret.from_hex("AB7C577CC7A18045"))
AT_US = 1_735_700_000_000_000
TMK = Secret.from_hex("258FB0AB70D025CDB99DF2C4D302D646")
TERMINAL = Registration("58402001", "302440380621100", TMK, test=True, fixed_keys=KEYS)


@pytest.fixture(scope="module")
def host():
    return DryRun(DIALECT, [TERMINAL])


def test_a_mac_that_differs_is_explained(host):
    assert "lower-case hex text" in host.request(SALE[2:-8] + SALE[-8:].lower(), AT_US)[0]


def test_a_right_one_is_not_mentioned(host):
    assert not any("MAC" in sentence for sentence in host.request(SALE[2:], AT_US))


def test_a_stream_in_another_framing(host):
    [sentence] = host.stream(b"\x00\x00" + SALE[:1] + SALE[1:], AT_US)[:1]
    assert "4-byte length" in sentence


def test_keys_of_a_captured_reply_are_used():
    reply = DIALECT.decode(
        SAMPLES["sign-on reply with the key package PIK and MAK (TMK 258FB0AB70D025CDB99DF2C4D302D646)"][2:]
    )
    host = DryRun(DIALECT, [replace(TERMINAL, tid="99999906", fixed_keys=None)])
    assert host.reply(reply) == ("the TMK of the file opens its working keys: PIK 900ECCE3, MAK CFF1592A",)


def test_keys_under_another_tmk():
    reply = DIALECT.decode(
        SAMPLES["sign-on reply with the key package PIK and MAK (TMK 258FB0AB70D025CDB99DF2C4D302D646)"][2:]
    )
    other = replace(TERMINAL, tid="99999906", fixed_keys=None, tmk=Secret(b"\x11" * 16))
    [sentence] = DryRun(DIALECT, [other]).reply(reply)
    assert "PIK KCV differs" in sentence


def test_what_stands_behind_the_last_frame():
    host = DryRun(DIALECT, [TERMINAL])
    assert host.ending(SALE * 2, AT_US) == ()
    [sentence] = host.ending(SALE + b"\x03" + SALE + b"\x03", AT_US)
    assert sentence.endswith(
        "an ETX (03) stands behind each message, and the length does not count it; leave it out, or say so in the "
        'dialect: [framing] end = "03"'
    )
    assert "ETX" in host.ending(SALE + b"\x03", AT_US)[0]
    [sentence] = host.ending(b"\x03", AT_US)
    assert sentence == "1 byte of a frame came, and no more; send the whole frame before the connection ends"


def test_keys_of_sixteen_bytes_have_the_cipher_of_their_package():
    keys = WorkingKeys(Secret.from_hex("D931648F3DE313A4A22C15DCA4F4299E"), Secret(bytes(range(16))))
    sm4 = replace(TERMINAL, tmk=Secret.from_hex("1234567890ABCDEFABCDEF0987654321", "sm4"), fixed_keys=keys)
    [sentence, *_] = DryRun(DIALECT, [sm4]).request(SALE[2:], AT_US)
    assert f"MAK KCV {Secret(bytes(range(16)), 'sm4').kcv()}" in sentence
