"""Captures that lost their length, TPDU or head on the way are still read, and the reading is explained."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.inspect.framings import COMMON_FRAMINGS
from acquirer.inspect.guess import guess_dialect, guess_together, variants
from acquirer.settings.specs import load_dialect
from acquirer.wire.framing import FrameError, Framing

UNIONPAY = load_dialect("unionpay-pos")
SAMPLES = [bytes.fromhex(sample.hex)[2:] for sample in UNIONPAY.samples]
SIGN_ON = SAMPLES[0]


@pytest.mark.parametrize(
    ("data", "framing", "why"),
    [
        (
            "003C" + SIGN_ON.hex(),
            "binary2",
            "TPDU 6000030000, head 603100011001, 2-byte length 60",
        ),
        (SIGN_ON.hex(), "none", "TPDU 6000030000, head 603100011001, no length before it"),
        ("0037" + SIGN_ON[5:].hex(), "binary2", "no TPDU, head 603100011001, 2-byte length 55"),
        ("0036" + (SIGN_ON[:5] + SIGN_ON[11:]).hex(), "binary2", "TPDU 6000030000, no head, 2-byte length 54"),
        (SIGN_ON[11:].hex(), "none", "no TPDU, no head, no length before it"),
        ("0060" + SIGN_ON.hex(), "bcd2", "TPDU 6000030000, head 603100011001, 4-digit BCD length 60"),
        (b"0060".hex() + SIGN_ON.hex(), "ascii4", "TPDU 6000030000, head 603100011001, 4-digit ASCII length 60"),
        (
            "003E" + SIGN_ON.hex(),
            "binary2+itself",
            "TPDU 6000030000, head 603100011001, 2-byte length counting itself 62",
        ),
        ("0000003C" + SIGN_ON.hex(), "binary4", "TPDU 6000030000, head 603100011001, 4-byte length 60"),
        (
            "003C" + SIGN_ON.hex() + "0000",
            "binary2",
            "TPDU 6000030000, head 603100011001, 2-byte length 60",
        ),
        (
            "003C" + SIGN_ON.hex() + "00",
            "binary2",
            "TPDU 6000030000, head 603100011001, 2-byte length 60, 1 byte is left over",
        ),
        (
            "003C" + SIGN_ON[:-5].hex(),
            "binary2",
            "TPDU 6000030000, head 603100011001, 2-byte length 60, of which 5 bytes are missing",
        ),
    ],
)
def test_each_way_to_lose_or_write_a_length_is_recognised(data: str, framing: str, why: str) -> None:
    found = guess_dialect(bytes.fromhex(data), [UNIONPAY])
    assert (found.framing, found.why) == (framing, why)


def test_several_frames_in_one_capture_are_separated() -> None:
    data = b"".join(UNIONPAY.framing.wrap(frame) for frame in SAMPLES)
    found = guess_dialect(data, [UNIONPAY])
    assert found.frames == tuple(SAMPLES)
    assert found.sure


@pytest.mark.parametrize(
    ("data", "who"),
    [
        (b"GET / HTTP/1.1\r\n", "HTTP"),
        (b"POST /x HTTP/1.1\r\n", "HTTP"),
        (b"\x16\x03\x01\x02\x00\x01\x00", "TLS"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "SSH"),
    ],
)
def test_another_protocol_is_called_by_its_name(data: bytes, who: str) -> None:
    with pytest.raises(FrameError, match=who):
        guess_dialect(data, [UNIONPAY])


def test_ends_with_nothing_before_them_are_passed_over() -> None:
    ascii_ = load_dialect("iso8583-1987-ascii")
    frame = bytes.fromhex(ascii_.samples[0].hex)[ascii_.framing.before_bytes :]
    found = guess_dialect(frame + b"\x03\x03\x03" + frame + b"\x03", [ascii_])
    assert (found.frames, found.left_over) == ((frame, frame), 0)


def test_both_directions_of_a_connection_are_read_alike() -> None:
    looked_up, answered = UNIONPAY.framing.wrap(SAMPLES[0]) * 2, UNIONPAY.framing.wrap(SAMPLES[1])
    requests, replies = guess_together([looked_up, answered[:50]], [UNIONPAY])
    assert (requests.framing, replies.framing) == ("binary2", "binary2")
    assert (len(requests.frames), replies.left_over) == (2, 50 - len(answered))
    assert (requests.sure, replies.sure) == (True, False)


def test_dialects_that_read_the_bytes_as_well_are_named() -> None:
    twin = replace(UNIONPAY, name="unionpay-twin")
    found = guess_dialect(UNIONPAY.framing.wrap(SIGN_ON), [UNIONPAY, twin])
    assert (found.dialect.name, found.also) == ("unionpay-pos", ("unionpay-twin",))


def test_the_better_of_two_dialects_wins_in_any_order() -> None:
    headless = variants(UNIONPAY)[-1]
    for dialects in ([UNIONPAY, headless], [headless, UNIONPAY]):
        assert guess_dialect(b"\x00\x3c" + SIGN_ON, dialects).dialect is UNIONPAY
        assert guess_dialect(b"\x00\x31" + SIGN_ON[11:], dialects).why in (
            "2-byte length 49",
            "no TPDU, no head, 2-byte length 49",
        )


def test_a_dialect_is_read_with_and_without_what_stands_before_the_message() -> None:
    sizes = [(len(one.envelope.tpdu), len(one.envelope.head)) for one in variants(UNIONPAY)]
    assert sizes == [(5, 6), (5, 0), (0, 6), (0, 0)]
    assert variants(variants(UNIONPAY)[-1]) == (variants(UNIONPAY)[-1],)


@given(st.sampled_from(SAMPLES), st.sampled_from([None, *COMMON_FRAMINGS]), st.sampled_from(range(4)))
@settings(deadline=None)
def test_the_fields_are_the_same_without_length_tpdu_or_head(
    frame: bytes, framing: Framing | None, missing: int
) -> None:
    variant = variants(UNIONPAY)[missing]
    tpdu, head = len(variant.envelope.tpdu), len(variant.envelope.head)
    cut = frame[:tpdu] + frame[5 : 5 + head] + frame[11:]
    if framing and not framing.length_bytes and framing.end in cut:
        return  # cannot be sent so
    if framing and len(cut) > framing.largest:
        return
    found = guess_dialect(framing.wrap(cut) if framing else cut, [UNIONPAY])
    assert found.sure
    assert found.frames == (cut,)
    assert found.dialect.decode(cut).fields == UNIONPAY.decode(frame).fields


@given(st.binary(min_size=1, max_size=80))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_a_guess_or_another_protocol(data: bytes) -> None:
    try:
        found = guess_dialect(data, [UNIONPAY])
    except FrameError as stranger:
        reason = stranger.reason
    else:
        assert found.frames
        assert all(frame in data for frame in found.frames)
        assert found.why.isprintable()
        return
    assert reason == "not-iso8583"
