"""Cards as presented: from the message or from a track, and whole sentences about tracks that give no card number."""

from __future__ import annotations

from typing import Any

import pytest

from acquirer.host.card import PresentedCard, check_filling, check_number, number_facts, reply_organisation
from acquirer.model.reasons import Reason
from acquirer.security.track import encrypt_before_last_byte
from acquirer.wire.masking import mask_pan
from tests.host.conftest import CARD, Pos

TRACK = f"{CARD}D30121220000012345"
SEALED = "2610000000000000"  # security control: the track is encrypted


def swiped(pos: Pos, track: str, **more: Any) -> str:
    """Return why a sale was refused whose card was swiped."""
    answer = pos.sale(**{"pan": None, "expiry": None, "entry_mode": "022", "track2": track, **more})
    return answer.why if answer.code != "00" else ""


def test_clear_tracks(pos: Pos) -> None:
    assert swiped(pos, TRACK) == ""
    assert swiped(pos, CARD) == (
        "DE 35 (track2) cannot be read: it is in the clear (security control (none)) and holds no card number "
        "before a separator; send the card number, D and the expiry"
    )
    assert swiped(pos, "62123456D3012122") == (
        "DE 35 (track2) cannot be read: it is in the clear (security control (none)) and holds no card number "
        "before a separator; send the card number, D and the expiry"
    )
    assert swiped(pos, f"B{TRACK}") == (
        "DE 35 (track2) cannot be read: it begins with a start sentinel; leave the sentinels out, so that it "
        "begins with the card number"
    )
    assert swiped(pos, f"{CARD}F30121220000012345") == (
        "DE 35 (track2) cannot be read: an F stands behind the card number where the separator D belongs; send D"
    )
    assert swiped(pos, f"{CARD}D30131220000012345") == (
        "DE 35 (track2) cannot be read: the expiry after its card number has month 13; it is written YYMM, with a "
        "month from 01 to 12; write YYMM there"
    )
    assert swiped(pos, TRACK, pan="6221260012345674") == (
        "DE 2 (pan) is 622126******5674, but DE 35 (track2) is of card 621234******1232: they differ; send number "
        "and track of one card"
    )


def test_tracks_declared_as_encrypted(pos: Pos) -> None:
    assert swiped(pos, TRACK, security_control=SEALED) == (
        "DE 35 (track2) cannot be read: these working keys have no track key: the terminal signed on with a "
        "package without TDK; ask for one with TDK"
    )


def test_tracks_under_a_track_key(pos: Pos) -> None:
    pos.sign_on("004")
    assert pos.keys is not None
    assert pos.keys.tdk is not None
    sealed = pos.suite.seal_track(pos.keys, TRACK)
    assert swiped(pos, sealed, security_control=SEALED) == ""
    assert swiped(pos, TRACK, security_control=SEALED) == (
        "DE 35 (track2) cannot be read: security control 2610000000000000 says it is encrypted, but it is in the "
        "clear; encrypt it under the TDK, or say that the track is clear with a third digit 0"
    )
    assert swiped(pos, sealed) == (
        "DE 35 (track2) cannot be read: it opens under TDK KCV 1FBF9E81, but security control (none) says that it "
        "is clear, not encrypted; say that it is with a third digit 1"
    )
    assert swiped(pos, encrypt_before_last_byte(pos.keys.pik, TRACK), security_control=SEALED) == (
        "DE 35 (track2) cannot be read: it opens under the PIK (KCV EB9FAF27): the terminal takes the PIN key for "
        "the TDK; use the TDK of the last sign-on (KCV 1FBF9E81)"
    )
    assert swiped(pos, "9" * 34, security_control=SEALED) == (
        "DE 35 (track2) cannot be read: under TDK KCV 1FBF9E81 it opens to no card number: compare the KCV with "
        "the terminal's"
    )


@pytest.mark.parametrize(
    ("expiry", "kept"), [("3012", "3012"), ("301", ""), ("30121", ""), ("301X", ""), ("", ""), ("12345", "")]
)
def test_an_expiry_has_four_digits(expiry: str, kept: str) -> None:
    assert PresentedCard(CARD, expiry).expiry == kept


def test_a_card_that_cannot_be_read() -> None:
    card = PresentedCard(CARD, "3012", Reason.TRACK_UNREADABLE, "no separator")
    assert (card.pan, card.masked, card.reason, card.why) == (
        CARD, "621234******1232", Reason.TRACK_UNREADABLE, "no separator",
    )  # fmt: skip
    card = PresentedCard("", "")
    assert (card.masked, card.reason, card.why) == ("", None, "")


@pytest.mark.parametrize(
    ("pan", "sentence"),
    [
        (CARD, ""),
        ("62123456789", "the card number has 11 digits; 12 to 19 are possible"),
        ("62123456789012345678", "the card number has 20 digits; 12 to 19 are possible"),
        ("621234567890123X", "the card number has 16 digits; 12 to 19 are possible"),
        ("6212345678901233", "the check digit of the card number is wrong (Luhn)"),
    ],
)
def test_card_numbers(pan: str, sentence: str) -> None:
    assert check_number(pan) == sentence


@pytest.mark.parametrize(
    ("pan", "what"),
    [
        (f"{CARD}20", "blanks (20)"),
        (f"{CARD}202", "blanks (20)"),
        (f"{CARD}000", "zeros"),
        (CARD[:-1] + "3", ""),
        (f"{CARD}201", ""),
    ],
)
def test_card_numbers_that_are_filled_up(pan: str, what: str) -> None:
    says = f"it is right without the {what} behind it: send its digits alone, and count them in its length"
    assert check_filling(pan) == (says if what else "")


def test_only_numbers_of_the_issuers_table_are_kept(pos: Pos) -> None:
    """The host has no other card's number in its memory."""
    host = pos.rig.host
    for pan in (CARD, "6228480402564890018", "6212345678901233", "4111111111111111"):
        facts = number_facts(host, pan)
        assert facts == number_facts(host, pan)
        assert facts.masked == mask_pan(pan)
        assert facts.problem == check_number(pan)
        assert bool(facts.notes) is not host.issuer.is_test(pan)
        assert facts.token == host.vault.token(pan)
        assert facts.organisation == reply_organisation(host, pan)
    assert set(host.numbers) == {CARD, "4111111111111111"} == set(host.tokens)
