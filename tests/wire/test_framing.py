"""Frames out of a stream, however it is cut; and streams that carry none."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.settings.specs import load_dialect
from acquirer.wire.deframer import LOOK_BYTES, Deframer, make_deframer
from acquirer.wire.framing import FrameError, Framing

UNIONPAY = load_dialect("unionpay-pos").framing
STX, ETX = b"\x02", b"\x03"
LENGTHS: list[tuple[Any, int]] = [
    ("binary", 2),
    ("binary", 4),
    ("bcd", 2),
    ("bcd", 4),
    ("ascii", 4),
    ("hex", 4),
    ("ebcdic", 4),
]
FRAMINGS = [
    Framing(encoding, size, includes, minimum_bytes=3, limit_bytes=300)
    for encoding, size in LENGTHS
    for includes in (False, True)
] + [
    Framing(encoding, size, itself, 3, 300, start, filler, end, bool(end) and counts)
    for encoding, size in [LENGTHS[0], LENGTHS[4]]
    for itself, counts in [(False, False), (True, True)]
    for start, filler, end in [(b"", bytes(2), b""), (STX, b"", ETX), (b"", b"", ETX), (b"", STX, b"\r\n")]
]
ENDED = [
    Framing("none", 0, minimum_bytes=3, limit_bytes=60, start=start, end=end)
    for start, end in [(b"", ETX), (STX, ETX), (b"", b"\r\n"), (b"\x10\x02", b"\x10\x03")]
]


def streams():
    """Bytes that look a little like frames."""
    pieces = st.sampled_from(
        [
            STX,
            ETX,
            b"\0\0",
            b"\0\5",
            b"0005",
            b"0800AB",
            b"GET",
            b"HE",
            b"AD ",
            b"SSH-",
            b"\x16\x03\x01",
            b"\r\n",
            b"x" * 70,
        ]
    )
    return st.lists(st.one_of(pieces, st.binary(max_size=12)), max_size=8).map(b"".join)


def read(framing, chunks):
    deframer = make_deframer(framing)
    found: list[Any] = []
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
        (Framing("hex", 4), b"0057".hex()),
        (Framing("bcd", 1), "87"),
        (Framing("ascii", 2), b"87".hex()),
        (Framing("binary", 2, filler=bytes(2)), "00570000"),
        (Framing("binary", 2, includes_itself=True, filler=bytes(2)), "00590000"),
        (Framing("bcd", 2, start=STX), "020087"),
        (Framing("none", 0, start=STX, end=b"\xff"), "02"),
    ],
    ids=lambda value: value.name if isinstance(value, Framing) else value,
)
def test_the_length_is_written_as_the_framing_says(framing, prefix):
    assert framing.wrap(bytes(87)).hex() == prefix + "00" * 87 + framing.end.hex()


@pytest.mark.parametrize(
    ("framing", "wire"),
    [
        (Framing("binary", 2, end=ETX), "0003 303830 03"),
        (Framing("binary", 2, end=ETX, includes_end=True), "0004 303830 03"),
        (Framing("binary", 2, True, end=ETX, includes_end=True), "0006 303830 03"),
        (Framing("ascii", 4, start=STX, end=ETX), "02 30303033 303830 03"),
        (Framing("none", 0, start=STX, end=ETX), "02 303830 03"),
    ],
)
def test_an_end_is_counted_when_the_framing_says_so(framing, wire):
    assert framing.wrap(b"080") == bytes.fromhex(wire)
    assert read(framing, [bytes.fromhex(wire)]) == ([b"080"], 0)


def test_frames_of_a_stream_without_lengths_end_where_their_end_stands():
    framing = Framing("none", 0, minimum_bytes=3, limit_bytes=60, start=STX, end=ETX)
    assert read(framing, [b"\x020800\x03\x02\x03\x02081"]) == ([b"0800", b""], 4)
    with pytest.raises(FrameError, match="a frame that holds 03 would end there"):
        framing.wrap(b"08\x0300")


@pytest.mark.slow
@settings(max_examples=300)
@given(st.data())
def test_frames_come_out_however_the_stream_is_cut(data):
    framing = data.draw(st.sampled_from(FRAMINGS + ENDED))
    body = st.binary(min_size=3, max_size=50).map(lambda b: b"\x60" + b)
    if not framing.length_bytes:
        body = body.filter(lambda b: not any(framing.end[:1] in bytes((one,)) for one in b))
    frames = data.draw(st.lists(st.one_of(st.just(b""), body), max_size=6))
    stream = b"".join(framing.wrap(frame) for frame in frames)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=12)))
    chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert read(framing, chunks) == (frames, 0)
    assert read(framing, [bytes([byte]) for byte in stream]) == (frames, 0)


@pytest.mark.slow
@settings(max_examples=400)
@given(st.sampled_from(FRAMINGS + ENDED), streams(), st.data())
def test_the_outcome_of_any_stream_does_not_depend_on_its_cuts(framing, stream, data):
    def outcome_of(chunks):
        deframer = make_deframer(framing)
        found: list[Any] = []
        try:
            for chunk in chunks:
                deframer.feed(chunk)
                for frame in deframer:
                    found.append(frame)
        except FrameError as exc:
            return found, exc.reason, exc.detail
        return found, deframer.pending

    cut = data.draw(st.integers(0, len(stream)))
    assert (
        outcome_of([stream])
        == outcome_of([stream[:cut], stream[cut:]])
        == outcome_of([bytes([byte]) for byte in stream])
    )


def test_a_length_of_zero_is_a_keep_alive():
    assert read(UNIONPAY, [b"\0\0\0\0"]) == ([b"", b""], 0)
    assert UNIONPAY.wrap(b"") == b"\0\0"
    assert read(Framing("ascii", 4, includes_itself=True), [b"00000004"]) == ([b"", b""], 0)


@pytest.mark.parametrize(
    ("stream", "reason", "detail"),
    [
        (b"\xff\xff", "too-long", "a frame of 65535 bytes is above the limit of 8192"),
        (b"\x20\x01", "too-long", "a frame of 8193 bytes is above the limit of 8192"),
        (b"00", "too-long", "a frame of 12336 bytes is above the limit of 8192"),
        (b"\x00\x14", "short-frame", "20 bytes are too few: a message needs 21"),
        (b"\x00\x05HELLO", "short-frame", "5 bytes are too few: a message needs 21"),
        (b"HELLO", "too-long", "a frame of 18501 bytes is above the limit of 8192"),
        (b"HEAD / HTTP/1.1\r\n", "not-iso8583", "this is an HTTP request, not ISO 8583"),
        (b"GET / HTTP/1.1\r\n", "not-iso8583", "this is an HTTP request, not ISO 8583"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "not-iso8583", "this is an SSH banner, not ISO 8583"),
        (b"\x16\x03\x01\x02\x00\x01", "not-iso8583", "this is a TLS handshake on a plain port"),
    ],
)
def test_what_is_no_frame_is_refused_at_its_length(stream, reason, detail):
    deframer = make_deframer(UNIONPAY)
    deframer.feed(stream)
    with pytest.raises(FrameError) as exc:
        list(deframer)
    assert (exc.value.reason, exc.value.detail) == (reason, detail)
    deframer.feed(bytes(100))
    assert list(deframer) == []
    assert deframer.pending == 0  # nothing more is stored for it


@pytest.mark.parametrize(
    ("framing", "stream", "detail"),
    [
        (Framing("ascii", 4, start=STX), b"0087x", "this frame begins with 30"),
        (
            Framing("binary", 2, filler=bytes(2)),
            b"\x00\x03\x60\x00abc",
            "continues after its length with 6000",
        ),
        (Framing("binary", 2, end=ETX), b"\x00\x03abcd", "this frame ends with 64"),
        (Framing("none", 0, start=STX, end=ETX), b"0800", "this frame begins with 30"),
    ],
)
def test_what_stands_around_frames_must_stand_there(framing, stream, detail):
    deframer = make_deframer(framing)
    deframer.feed(stream)
    with pytest.raises(FrameError, match=detail) as exc:
        list(deframer)
    assert (exc.value.reason, exc.value.data) == ("bad-delimiter", stream)


def test_an_end_that_does_not_come_is_not_waited_for_longer_than_the_limit():
    deframer = make_deframer(Framing("none", 0, limit_bytes=60, end=ETX))
    deframer.feed(b"x" * 60)
    assert list(deframer) == []
    deframer.feed(b"x")
    with pytest.raises(FrameError, match="no 03 within 60 bytes"):
        list(deframer)


def test_a_length_that_counts_more_than_there_can_be_is_refused():
    deframer = make_deframer(Framing("binary", 2, includes_itself=True, end=ETX, includes_end=True))
    deframer.feed(b"\x00\x03")
    with pytest.raises(FrameError, match="length 0003 is less than what it counts besides"):
        list(deframer)


def test_what_did_not_fit_is_at_hand_for_a_diagnosis_up_to_a_bound():
    deframer = make_deframer(UNIONPAY)
    deframer.feed(b"0119" + b"x" * 5000)
    with pytest.raises(FrameError) as exc:
        list(deframer)
    assert exc.value.data == b"0119" + b"x" * (LOOK_BYTES - 4)
    waiting = make_deframer(UNIONPAY)
    waiting.feed(UNIONPAY.wrap(bytes(21)) + b"\x00\x87rest")
    assert (list(waiting), waiting.unfinished, waiting.fresh) == ([bytes(21)], b"\x00\x87rest", False)


def test_lengths_of_digits_must_be_digits():
    for framing, stream in (
        (Framing("ascii", 4), b" 87a"),
        (Framing("bcd", 2), b"\x0a\x00"),
        (Framing("hex", 4), b"00_7"),
    ):
        deframer = make_deframer(framing)
        deframer.feed(stream)
        with pytest.raises(FrameError, match="is no number") as exc:
            list(deframer)
        assert exc.value.reason == "bad-length"


def test_only_the_beginning_of_a_stream_can_be_another_protocol():
    # 0x1603 bytes are a possible frame: after a good one it is not taken for TLS.
    frame = b"\x01" + bytes(0x1602)
    assert read(UNIONPAY, [UNIONPAY.wrap(bytes(21)), UNIONPAY.wrap(frame)]) == ([bytes(21), frame], 0)


def test_pending_counts_what_has_begun():
    deframer = make_deframer(UNIONPAY)
    deframer.feed(b"\x00\x15\x60")
    assert list(deframer) == []
    assert deframer.pending == 3


def test_a_frame_too_long_for_its_length_is_not_written():
    with pytest.raises(FrameError, match="10000 bytes does not fit a ascii4 length"):
        Framing("ascii", 4).wrap(bytes(10000))


# -- the same, specialised for many frames ----------------------------------------------------------------------------

TINY = [
    Framing("binary", 1),
    Framing("bcd", 1),
    Framing("ascii", 2),
    Framing("hex", 1),
    Framing("ebcdic", 2, includes_itself=True),
    Framing("binary", 1, end=ETX, includes_end=True),
]
PLAIN = [Framing("binary", size, minimum_bytes=3, limit_bytes=300) for size in (2, 3, 4)]
EVERY = [*FRAMINGS, *ENDED, *PLAIN, *TINY]


def bodies(framing):
    """Frames that this framing can carry."""
    body = st.binary(min_size=3, max_size=50).map(lambda b: b"\x60" + b)
    if not framing.length_bytes:
        body = body.filter(lambda b: not any(framing.end[:1] in bytes((one,)) for one in b))
    return body


def outcome(act, data):
    """What it gives, or how it fails."""
    try:
        return act(data)
    except FrameError as exc:
        return exc.reason, exc.detail


@settings(max_examples=300)
@given(
    st.sampled_from(EVERY), st.one_of(st.binary(max_size=60), st.integers(80, 300).map(bytes), st.just(b"x" * 10_001))
)
def test_a_wrapper_wraps(framing, frame):
    wrap = framing.wrapper()
    assert outcome(wrap, frame) == outcome(framing.wrap, frame)
    assert outcome(wrap, b"") == outcome(framing.wrap, b"")


def test_a_wrapper_writes_no_frame_that_is_too_long():
    wrap = UNIONPAY.wrapper()
    assert wrap(bytes(65_535)) == b"\xff\xff" + bytes(65_535)
    with pytest.raises(FrameError, match=r"^a frame of 65536 bytes does not fit a binary2 length$") as exc:
        wrap(bytes(65_536))
    assert exc.value.reason == "too-long"


def state(deframer):
    return {name: getattr(deframer, name) for name in Deframer.__slots__}


def found_in(deframer, data):
    """What comes of feeding."""
    deframer.feed(data)
    return list(deframer)


@st.composite
def meetings(draw):
    """A framing, what came of a connection until now, and what comes next: often exactly a frame, or nearly."""
    framing = draw(st.one_of(st.sampled_from(PLAIN), st.sampled_from(EVERY)))
    frame = st.one_of(bodies(framing), bodies(framing), st.just(b""), st.integers(290, 310).map(bytes)).map(
        lambda one: outcome(framing.wrap, one)
    )
    frame = frame.filter(lambda one: isinstance(one, bytes))
    nearly = st.one_of(
        frame,
        frame,
        frame.map(lambda one: one[:-1]),
        st.tuples(frame, st.binary(max_size=3)).map(b"".join),
        st.tuples(frame, frame).map(b"".join),
        streams(),
    )
    return framing, draw(st.lists(nearly, max_size=3)), draw(nearly), draw(nearly)


@pytest.mark.interpreted
@pytest.mark.slow
@settings(max_examples=300)
@given(meetings())
def test_a_whole_frame_is_what_feeding_would_give_and_leaves_nothing(meeting):
    framing, before, data, after = meeting
    one, other = make_deframer(framing), make_deframer(framing)
    dead = False
    for chunk in before:
        result = outcome(lambda data: found_in(one, data), chunk)
        assert result == outcome(lambda data: found_in(other, data), chunk)
        dead = dead or isinstance(result, tuple)
    then = state(one)
    quiet = not (one.pending or dead)
    frame = one.whole(data)
    assert state(one) == (then if frame is None else then | {"fresh": False})
    try:
        fed = found_in(other, data)
    except FrameError:
        assert frame is None
        return
    only = quiet and framing.plain and len(fed) == 1 and fed[0] and not other.pending
    assert frame == (fed[0] if only else None)
    if frame is not None:  # and it goes on as if it had been fed
        after_fed = outcome(lambda data: found_in(other, data), after)
        assert outcome(lambda data: found_in(one, data), after) == after_fed
        assert (one.pending, one.unfinished, one.fresh) == (other.pending, other.unfinished, other.fresh)


@pytest.mark.slow
@settings(max_examples=200)
@given(st.data())
def test_whole_frames_and_pieces_may_come_in_any_order(data):
    framing = data.draw(st.sampled_from(PLAIN + FRAMINGS[:4]))
    frames = data.draw(st.lists(st.one_of(st.just(b""), bodies(framing), bodies(framing)), max_size=8))
    ends = [0]
    for frame in frames:
        ends.append(ends[-1] + len(framing.wrap(frame)))
    stream = b"".join(map(framing.wrap, frames))
    cuts = set(data.draw(st.lists(st.integers(0, len(stream)), max_size=4)))
    cuts |= set(data.draw(st.lists(st.sampled_from(ends), max_size=8))) | {0, len(stream)}  # often a frame by itself
    deframer = make_deframer(framing)
    found: list[Any] = []
    for start, stop in pairwise(sorted(cuts)):
        piece = stream[start:stop]
        whole = deframer.whole(piece)
        found += found_in(deframer, piece) if whole is None else [whole]
    assert (found, deframer.pending) == (frames, 0)


def test_a_frame_by_itself_is_whole_unless_the_stream_begins_as_tls():
    greeting = b"\x16\x03\x01" + bytes(0x1603 - 1)
    deframer = make_deframer(replace(UNIONPAY, limit_bytes=8192))
    assert deframer.whole(greeting) is None
    with pytest.raises(FrameError, match="TLS"):
        found_in(deframer, greeting)
    deframer = make_deframer(UNIONPAY)
    frame = b"\x60" + bytes(20)
    wire = UNIONPAY.wrap(frame)
    assert [deframer.whole(wire) for _ in range(3)] == [frame] * 3
    assert deframer.whole(b"\0\0") is None, "a keep-alive is counted"
    assert deframer.whole(wire[:-1]) is None
    assert deframer.whole(wire + b"\0") is None
    assert deframer.whole(b"") is None
    assert deframer.whole(b"\0") is None
    assert found_in(deframer, wire[:1]) == []
    assert deframer.whole(wire[1:]) is None, "it belongs to what has begun"
    assert deframer.whole(wire) is None, "even if it looks like a frame"
    assert found_in(deframer, wire[1:]) == [frame]
    assert deframer.whole(wire) == frame


def test_what_is_too_long_or_too_short_is_never_whole():
    deframer = make_deframer(UNIONPAY)
    assert found_in(deframer, UNIONPAY.wrap(bytes(21))) == [bytes(21)]
    longest = bytes(UNIONPAY.limit_bytes)
    assert deframer.whole(UNIONPAY.wrap(longest)) == longest
    assert deframer.whole(UNIONPAY.wrap(longest + b"\0")) is None
    assert deframer.whole(UNIONPAY.wrap(bytes(21))) == bytes(21)
    assert deframer.whole(UNIONPAY.wrap(bytes(20))) is None


def test_nothing_is_whole_after_a_refusal():
    deframer = make_deframer(UNIONPAY)
    wire = UNIONPAY.wrap(bytes(21))
    assert found_in(deframer, wire) == [bytes(21)]
    assert deframer.whole(wire) == bytes(21)
    deframer.feed(b"\xff\xff")
    with pytest.raises(FrameError, match="above the limit"):
        list(deframer)
    assert deframer.whole(wire) is None
    assert found_in(deframer, wire) == []


@pytest.mark.parametrize("size", [1, 2])
def test_a_frame_with_an_end_that_is_too_short_is_refused(size):
    deframer = make_deframer(Framing("none", 0, minimum_bytes=3, limit_bytes=60, start=STX, end=ETX))
    deframer.feed(STX + b"x" * size + ETX)
    with pytest.raises(FrameError, match=r"^(1 byte is|2 bytes are) too few: a message needs 3$") as exc:
        list(deframer)
    assert exc.value.reason == "short-frame"
    three = make_deframer(Framing("none", 0, minimum_bytes=3, limit_bytes=60, start=STX, end=ETX))
    three.feed(STX + b"xxx" + ETX)
    assert list(three) == [b"xxx"]


@pytest.mark.parametrize(("size", "frames"), [(59, 1), (60, 1), (61, 0)])
def test_the_longest_frame_with_an_end_is_read(size, frames):
    deframer = make_deframer(Framing("none", 0, limit_bytes=60, end=b"\r\n"))
    deframer.feed(b"x" * size + b"\r\n")
    if frames:
        assert list(deframer) == [b"x" * size]
    else:
        with pytest.raises(FrameError, match="no 0D0A within 60 bytes"):
            list(deframer)


@pytest.mark.parametrize("framing", [UNIONPAY, Framing("ascii", 4, True, 21, 300), Framing("bcd", 2, False, 21, 300)])
def test_frames_of_the_least_and_the_greatest_size_are_read_and_no_others(framing):
    for size in (framing.minimum_bytes, framing.limit_bytes):
        assert read(framing, [framing.wrap(b"\x60" * size)]) == ([b"\x60" * size], 0)
    for size, reason in ((framing.minimum_bytes - 1, "short-frame"), (framing.limit_bytes + 1, "too-long")):
        with pytest.raises(FrameError) as exc:
            read(framing, [framing.wrap(b"\x60" * size)])
        assert exc.value.reason == reason
