"""Why an encrypted track opens to no card number: each mistake is made once and is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.security.secret import Secret
from acquirer.security.track import TRACK_METHODS
from acquirer.security.track_diagnosis import diagnose_track
from acquirer.security.working import WorkingKeys

KEYS = WorkingKeys(
    Secret.from_hex("D931648F3DE313A4A22C15DCA4F4299E"),
    Secret.from_hex("9CAA6FBFE5E5A51AE8C99FA2371ACAA9"),
    Secret.from_hex("C9A0F37E18EA3FF71E3BDA58ACCEFCE0"),
)
OLD = WorkingKeys(KEYS.mak, KEYS.pik, Secret.from_hex("73575E29D00B19757ADC854C23D0EAE6"))
TRACK = "6212345678901232D30121220000001234560"
method = TRACK_METHODS["tdb-before-last-byte"]


def is_card(text):
    number, separator, rest = text.partition("D")
    return number == "6212345678901232" and bool(separator) and rest.isdecimal() and rest[4:7] == "122"


def explained(track, tmk=None, keys=KEYS):
    return diagnose_track(track, [("current", keys), ("previous", OLD)], is_card, tmk)


@pytest.mark.parametrize(
    ("key", "says"),
    [
        (lambda tmk: KEYS.pik, "under the PIK (KCV 900ECCE3): the terminal takes the PIN key for the TDK"),
        (lambda tmk: KEYS.mak, "the terminal takes the MAC key for the TDK"),
        (lambda tmk: tmk, "the terminal takes the master key for the TDK"),
        (lambda tmk: OLD.tdk, "under the previous TDK (KCV "),
        (lambda tmk: Secret(tmk.encrypt(KEYS.tdk.reveal())), "the terminal did not decrypt it"),
        (lambda tmk: Secret(KEYS.tdk.reveal()[:8]), "the terminal takes half of its TDK"),
    ],
)
def test_another_key(tmk, key, says):
    assert says in explained(method.encrypt(key(tmk), TRACK), tmk)


@pytest.mark.parametrize(
    ("start", "stop", "says"),
    [
        (22, 38, "with the last block encrypted: the terminal encrypts the last 8 bytes"),
        (0, 16, "with the first block encrypted: the terminal encrypts the first 8 bytes"),
        (0, 32, "with every whole block encrypted: the terminal encrypts the whole track"),
    ],
)
def test_another_place(start, stop, says):
    text = TRACK + "0"
    sealed = text[:start] + KEYS.tdk.encrypt(bytes.fromhex(text[start:stop])).hex().upper() + text[stop:]
    assert says in explained(sealed[: len(text) if stop == 38 else len(TRACK)])


def test_a_terminal_without_a_track_key(tmk):
    keys = WorkingKeys(KEYS.pik, KEYS.mak)
    sentence = diagnose_track(method.encrypt(KEYS.pik, TRACK), [("current", keys)], is_card, tmk)
    assert "takes the PIN key for the TDK, of which it has none" in sentence


@given(st.text("0123456789ABCDEF", max_size=37))
def test_what_nothing_explains_is_not_explained(tmk, track):
    assert explained(track, tmk) == ""
