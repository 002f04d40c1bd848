"""Tracks: the two computed vectors, round trips, and what cannot be encrypted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.security.secret import Secret
from acquirer.security.track import TRACK_METHODS, TrackError

TDK = "C9A0F37E18EA3FF71E3BDA58ACCEFCE0"
method = TRACK_METHODS["tdb-before-last-byte"]
tracks = st.text("0123456789D", min_size=35, max_size=104)


@pytest.mark.parametrize(
    ("clear", "sent"),
    [
        ("6212790200001797D241222000000123456", "6212790200001797D241F6CBF49D3E135D6"),  # 35 digits: one of filling
        ("6212790200001797D24122200000012345", "62127902000017971616C2DD59511A2D45"),  # the separator is encrypted
    ],
)
def test_tracks_as_computed(clear, sent):
    tdk = Secret.from_hex(TDK)
    assert method.encrypt(tdk, clear) == sent
    assert method.decrypt(tdk, sent) == clear


@pytest.mark.parametrize(("cipher", "block"), [("3des", 16), ("sm4", 32)])
@given(track=tracks)
def test_only_the_block_before_the_last_byte_changes(cipher, block, track):
    tdk = Secret.from_hex(TDK, cipher)
    sent = method.encrypt(tdk, track)
    assert len(sent) == len(track)
    last = 2 - len(track) % 2
    assert sent[-last:] == track[-last:]
    assert sent[: -last - block] == track[: -last - block]
    assert sent[-last - block : -last] != track[-last - block : -last]
    assert method.decrypt(tdk, sent) == track


@given(st.text(max_size=40))
def test_any_text_is_opened_or_refused(track):
    try:
        opened = method.decrypt(Secret.from_hex(TDK), track)
    except TrackError:
        return
    assert len(opened) == len(track)


@pytest.mark.parametrize(("cipher", "size"), [("3des", 17), ("sm4", 33)])
def test_a_track_too_short_is_refused_with_its_length(cipher, size):
    tdk = Secret.from_hex(TDK, cipher)
    assert method.decrypt(tdk, method.encrypt(tdk, "1" * size)) == "1" * size
    with pytest.raises(TrackError, match=f"needs {size} digits .* got {size - 1}$"):
        method.encrypt(tdk, "1" * (size - 1))
