"""Frames out of a stream, however it is cut; and streams that carry none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.settings.specs import load_dialect
from acquirer.wire.framing import FrameError, Framing

UNIONPAY = load_dialect("unionpay-pos").framing
FRAMINGS = [
    Framing(encoding, size, includes, minimum_bytes=3, limit_bytes=300)
    for encoding, size in [("binary", 2), ("binary", 4), ("bcd", 2), ("ascii", 4), ("ebcdic", 4)]
    for includes in (False, True)
]


def read(framing, chunks):
    deframer = framing.deframer()
    found = []
    for chunk in chunks:
        deframer.feed(chunk)
        found += deframer
    return found, deframer.pending


@pytest.mark.parametrize(
    ("framing", "prefix"),
    [
        (Framing("binary", 2), "0057"),
        (Framing("binary", 2, includes_itself=True), "0059"),
        (Framing("binary", 4), "00000057"),
        (Framing("bcd", 2), "0087"),
        (Framing("ascii", 4), b"0087".hex()),
        (Framing("ascii", 4, includes_itself=True), b"0091".hex()),
        (Framing("ebcdic", 4), "f0f0f8f7"),
    ],
    ids=lambda value: value.name if isinstance(value, Framing) else value,
)
def test_the_length_is_written_as_the_framing_says(framing, prefix):
    assert framing.wrap(bytes(87)).hex() == prefix + "00" * 87


@settings(max_examples=200)
@given(st.data())
def test_frames_come_out_whatever_the_stream_is_cut_into(data):
    framing = data.draw(st.sampled_from(FRAMINGS))
    frames = data.draw(
        st.lists(st.one_of(st.just(b""), st.binary(min_size=3, max_size=60).map(lambda b: b"\x60" + b)), max_size=6)
    )
    stream = b"".join(framing.wrap(frame) for frame in frames)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=12)))
    chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert read(framing, chunks) == (frames, 0)
    assert read(framing, [bytes([byte]) for byte in stream]) == (frames, 0)


@settings(max_examples=200)
@given(st.sampled_from(FRAMINGS), st.binary(max_size=40), st.data())
def test_what_is_said_of_any_stream_does_not_depend_on_its_cuts(framing, stream, data):
    def verdict(chunks):
        deframer = framing.deframer()
        found = []
        try:
            for chunk in chunks:
                deframer.feed(chunk)
                for frame in deframer:
                    found.append(frame)
        except FrameError as wrong:
            return found, wrong.reason, wrong.detail
        return found, deframer.pending

    cut = data.draw(st.integers(0, len(stream)))
    assert verdict([stream]) == verdict([stream[:cut], stream[cut:]]) == verdict([bytes([byte]) for byte in stream])


def test_a_length_of_zero_is_a_keep_alive():
    assert read(UNIONPAY, [b"\0\0\0\0"]) == ([b"", b""], 0)
    assert UNIONPAY.wrap(b"") == b"\0\0"
    assert read(Framing("ascii", 4, includes_itself=True), [b"00000004"]) == ([b"", b""], 0)


@pytest.mark.parametrize(
    ("stream", "reason", "detail"),
    [
        (b"\xff\xff", "too-long", "a frame of 65535 bytes is above the limit of 8192"),
        (b"\x20\x01", "too-long", "a frame of 8193 bytes is above the limit of 8192"),
        (
            b"00",
            "too-long",
            "a frame of 12336 bytes is above the limit of 8192; this looks like a length in ASCII digits",
        ),
        (b"\x00\x14", "short-frame", "20 bytes are too few: a message needs 21"),
        (b"\x00\x05HELLO", "short-frame", "5 bytes are too few: a message needs 21"),
        (b"GET / HTTP/1.1\r\n", "not-iso8583", "this is an HTTP request, not ISO 8583"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "not-iso8583", "this is an SSH banner, not ISO 8583"),
        (b"\x16\x03\x01\x02\x00\x01", "not-iso8583", "this is a TLS handshake on a plain port"),
    ],
)
def test_what_is_no_frame_is_refused_at_its_length(stream, reason, detail):
    deframer = UNIONPAY.deframer()
    deframer.feed(stream)
    with pytest.raises(FrameError) as wrong:
        list(deframer)
    assert (wrong.value.reason, wrong.value.detail) == (reason, detail)
    deframer.feed(bytes(100))
    assert list(deframer) == []
    assert deframer.pending == 0  # nothing more is stored for it


def test_lengths_of_digits_must_be_digits():
    for framing, stream in ((Framing("ascii", 4), b" 87a"), (Framing("bcd", 2), b"\x0a\x00")):
        deframer = framing.deframer()
        deframer.feed(stream)
        with pytest.raises(FrameError, match="digits") as wrong:
            list(deframer)
        assert wrong.value.reason == "bad-length"


def test_only_the_beginning_of_a_stream_can_be_a_stranger():
    # 0x1603 bytes are a possible frame: after a good one nobody suspects TLS.
    frame = b"\x01" + bytes(0x1602)
    assert read(UNIONPAY, [UNIONPAY.wrap(bytes(21)), UNIONPAY.wrap(frame)]) == ([bytes(21), frame], 0)


def test_pending_counts_what_has_begun():
    deframer = UNIONPAY.deframer()
    deframer.feed(b"\x00\x15\x60")
    assert list(deframer) == []
    assert deframer.pending == 3


def test_a_frame_too_long_for_its_length_is_not_written():
    with pytest.raises(FrameError, match="10000 bytes does not fit a ascii4 length"):
        Framing("ascii", 4).wrap(bytes(10000))
