"""Streams and frames: what stands around a message, and the messages of every dialect that ships."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Final

from acquirer.dialect.dialect import Dialect
from acquirer.settings.specs import dialect_names, load_dialect
from acquirer.wire.codec import COMPILE_AFTER
from acquirer.wire.deframer import LOOK_BYTES, make_deframer
from acquirer.wire.framing import FrameError, Framing
from acquirer.wire.message import DecodeError
from acquirer.wire.reference import ReferenceCodec
from tests.fuzz.target import Selector, chosen

DIALECTS: Final = tuple(dialect_names())

FRAMINGS: Final = (
    Framing(),
    Framing("binary", 2, includes_itself=True),
    Framing("binary", 4, minimum_bytes=3),
    Framing("little", 2),
    Framing("bcd", 2),
    Framing("ascii", 4, includes_itself=True),
    Framing("hex", 4),
    Framing("ebcdic", 4),
    Framing("binary", 2, filler=bytes(2)),
    Framing("bcd", 2, start=b"\2"),
    Framing("binary", 2, start=b"\2", end=b"\3", includes_end=True),
    Framing("none", 0, minimum_bytes=3, limit_bytes=300, start=b"\2", end=b"\3"),
    Framing("none", 0, limit_bytes=300, end=b"\r\n"),
)


@cache
def frames_of(name: str) -> tuple[bytes, ...]:
    """Return the sample messages of a dialect, as they travel within their frames."""
    dialect = load_dialect(name)
    found = []
    for sample in dialect.samples:
        deframer = make_deframer(dialect.framing)
        deframer.feed(bytes.fromhex(sample.hex))
        found += list(deframer)
    return tuple(found)


@cache
def reference_of(name: str) -> ReferenceCodec:
    return ReferenceCodec(load_dialect(name).grammar)


# streams


def deframe(data: bytes) -> None:
    """Read a stream in pieces; the first byte chooses the framing, the second how it is cut."""
    selector = Selector(data)
    framing, step = selector.choose(FRAMINGS), 1 + selector.number()
    read_stream(framing, selector.rest, step)


def read_stream(framing: Framing, stream: bytes, step: int) -> None:
    """Hold what a deframer finds in a stream that arrives in pieces to what it finds in the whole."""
    whole = _read(framing, [stream])
    pieces = _read(framing, [stream[at : at + step] for at in range(0, len(stream), step)])
    assert whole == pieces
    for frame in whole[0]:
        assert not frame or framing.minimum_bytes <= len(frame) <= framing.limit_bytes


def _read(framing: Framing, pieces: list[bytes]) -> tuple[list[bytes], str, int]:
    """Return the frames, why the stream ended, and how much is kept of a frame that did not."""
    deframer, frames = make_deframer(framing), list[bytes]()
    for piece in pieces:
        deframer.feed(piece)
        try:
            frames.extend(deframer)
        except FrameError as exc:
            assert len(exc.data) <= LOOK_BYTES
            assert len(exc.before) <= LOOK_BYTES
            assert deframer.pending == 0
            return frames, exc.reason, 0
        most = framing.limit_bytes + framing.before_bytes + len(framing.end) + len(piece)
        assert deframer.pending <= most
    return frames, "", deframer.pending


def stream_seeds() -> Iterator[bytes]:
    frame = frames_of("unionpay-pos")[0]
    for number, framing in enumerate(FRAMINGS):
        if framing.end not in frame or not framing.end:
            yield bytes((number, 6)) + 2 * framing.wrap(frame) + framing.wrap(b"")
        yield bytes((number, 2)) + framing.wrap(b"0800") + framing.wrap(b"")
    for opening in (b"GET / HTTP/1.1\r\n", b"\x16\x03\x01\x02\x00\x01", b"SSH-2.0-x\r\n"):
        yield bytes((0, 3)) + opening


# messages


def decode(data: bytes) -> None:
    """Read a frame; the first byte chooses the dialect."""
    selector = Selector(data)
    read_frame(selector.choose(DIALECTS), selector.rest)


def read_frame(name: str, frame: bytes) -> bool:
    """Read one frame of a dialect in every way there is; return whether it is a message.

    The codec, which compiles what it sees often, and pyiso8583 find the same. What is decoded is encoded, and decodes
    to the same again; it is as long as what came.
    """
    dialect = load_dialect(name)
    try:
        mti, fields, spans = reference_of(name).decode(frame)
    except DecodeError as exc:
        assert 0 <= exc.position <= len(frame)
        assert exc.problem.isprintable()
        try:
            dialect.decode(frame)
        except DecodeError as other:
            assert (str(exc), exc.field, exc.mti, exc.fields) == (str(other), other.field, other.mti, other.fields)
        else:
            raise AssertionError("the codec reads what the reference refuses") from None
        return False
    message = dialect.decode(frame)
    assert (message.mti, message.fields) == (mti, fields)
    for de, (start, stop) in spans.items():
        assert 0 <= start <= stop <= len(frame), de
    assert max((stop for _, stop in spans.values()), default=0) == len(frame)
    again = dialect.encode(mti, fields, *dialect.envelope_of(frame))
    # A second bitmap that announces nothing is read, and not written again.
    empty = dialect.grammar.bitmap_bytes if len(again) < len(frame) and max(fields, default=0) <= 64 else 0
    assert len(again) + empty == len(frame)
    repeated = dialect.decode(again)
    assert (repeated.mti, repeated.fields) == (mti, fields)
    return True


def warm(name: str) -> Dialect:
    """Have a dialect's codec compile the sets of fields of its samples, as in a host that has been up for a while."""
    dialect = load_dialect(name)
    for frame in frames_of(name):
        for _ in range(COMPILE_AFTER):
            dialect.decode(frame)
    return dialect


def frame_seeds() -> Iterator[bytes]:
    for number, name in enumerate(DIALECTS):
        for frame in frames_of(name):
            yield chosen(number, frame)
