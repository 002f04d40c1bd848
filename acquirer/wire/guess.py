"""Which dialect and which framing bytes are in, and why: for people who paste what they captured.

A capture may have lost its length, its TPDU or its head on the way. Every combination is tried and the one that makes
most sense wins; the reasons are told, so that a wrong guess is seen to be one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from acquirer.wire.dialect import Dialect
from acquirer.wire.framing import FrameError, Framing
from acquirer.wire.message import DecodeError
from acquirer.wire.model import Envelope
from acquirer.wire.router import without_repeat

COMMON = (
    Framing("binary", 2),
    Framing("binary", 2, includes_itself=True),
    Framing("ascii", 4),
    Framing("ascii", 4, includes_itself=True),
    Framing("bcd", 2),
    Framing("binary", 4),
)
"""Lengths seen in front of ISO 8583 messages; a dialect's own is tried before them."""

FRAMES_LIMIT = 1000  # frames taken from one capture; what comes after is named as left over

DECODED, KNOWN_MTI, KNOWN_ROUTE, TPDU_ID, LENGTH_FITS, AS_DECLARED, EACH_FIELD = 100, 20, 10, 10, 15, 4, 1
"""What speaks for a reading: that it decodes, above all; then that it says something the dialect knows."""


@dataclass(frozen=True, slots=True)
class Guess:
    """How some bytes are best read."""

    dialect: Dialect  # without TPDU or head, if the bytes are
    framing: str  # the length's name, "none" without one
    frames: tuple[bytes, ...]  # without their length
    why: str  # "TPDU 6000030000, head 603100310000, 2-byte length 87"
    sure: bool  # the first frame decodes, and is a message the dialect knows
    left_over: int = 0  # bytes after the last frame


def guess(data: bytes, dialects: Sequence[Dialect]) -> Guess:
    """The best reading of `data` in one of `dialects`; neither may be empty.

    Raises:
        FrameError: this is another protocol (TLS, HTTP, SSH …); the sentence names it.
    """
    _refuse_strangers(data)
    readings = (
        _reading(dialect, variant, cut)
        for dialect in dialects
        for cut in _cuts(data, dialect)
        for variant in variants(dialect)
    )
    return max(readings, key=lambda reading: reading[0])[1]


@lru_cache(maxsize=64)  # four per dialect
def variants(dialect: Dialect) -> tuple[Dialect, ...]:
    """The dialect, and the same without its head, without its TPDU, without both."""
    whole = dialect.envelope
    found = [dialect]
    for tpdu, head in ((whole.tpdu, b""), (b"", whole.head), (b"", b"")):
        if all((tpdu, head) != (one.envelope.tpdu, one.envelope.head) for one in found):
            envelope = Envelope(tpdu, head, whole.processing_digit if head else 0)
            grammar = replace(dialect.grammar, envelope_bytes=len(tpdu) + len(head))
            found.append(replace(dialect, envelope=envelope, grammar=grammar))
    return tuple(found)


def _refuse_strangers(data: bytes) -> None:
    deframer = Framing().deframer()
    deframer.feed(data)
    try:
        for _ in deframer:
            return
    except FrameError as wrong:
        if wrong.reason == "not-iso8583":
            raise


def _bare(framing: Framing) -> Framing:
    """A framing without the limits of a listener: a capture may hold whatever it holds."""
    return Framing(framing.length_encoding, framing.length_bytes, framing.includes_itself)


@dataclass(frozen=True, slots=True)
class _Cut:
    """One way to cut a capture into frames."""

    framing: Framing | None
    frames: tuple[bytes, ...]
    left_over: int  # negative: so many bytes are missing from the only frame


def _cuts(data: bytes, dialect: Dialect) -> Iterator[_Cut]:
    """Cuts by each kind of length that fits, and as one frame without any."""
    for framing in dict.fromkeys((_bare(dialect.framing), *COMMON)):
        cut = _cut(data, framing)
        if cut.frames:
            yield cut
    yield _Cut(None, (data,), 0)


def _cut(data: bytes, framing: Framing) -> _Cut:
    frames: list[bytes] = []
    at, size = 0, framing.length_bytes
    while len(data) - at >= size and len(frames) < FRAMES_LIMIT:
        length = framing.length(data[at : at + size])
        if length is None or length < 0 or not (length or frames):  # a capture does not begin with a keep-alive
            break
        frame = data[at + size : at + size + length]
        if len(frame) < length and (frames or not frame or length > framing.limit_bytes):
            break
        frames.extend([frame] * bool(frame))
        at += size + length
    return _Cut(framing, tuple(frames), len(data) - at)


def _reading(dialect: Dialect, variant: Dialect, cut: _Cut) -> tuple[int, Guess]:
    """How much speaks for reading the first frame in this variant, and what is then said."""
    points, sure = _points(variant, cut.frames[0])
    points += AS_DECLARED * (variant is dialect)
    if cut.framing:
        points += LENGTH_FITS * (cut.left_over == 0) + AS_DECLARED * (cut.framing == _bare(dialect.framing))
    name = _name(cut.framing) if cut.framing else "none"
    why = ", ".join(_why(dialect, variant, cut))
    return points, Guess(variant, name, cut.frames, why, sure, cut.left_over)


def _points(dialect: Dialect, frame: bytes) -> tuple[int, bool]:
    tpdu = dialect.envelope.tpdu
    points = TPDU_ID if tpdu and frame[:1] == tpdu[:1] else 0
    try:
        message = dialect.decode(frame)
    except DecodeError as wrong:
        return points + KNOWN_MTI * (wrong.mti in dialect.mtis) + EACH_FIELD * len(wrong.fields), False
    known = without_repeat(message.mti) in dialect.mtis
    routed = dialect.is_response(message.mti) or dialect.route(message) is not None
    sure = known and (points > 0 or not tpdu)
    return points + DECODED + KNOWN_MTI * known + KNOWN_ROUTE * (known and routed), sure


def _why(dialect: Dialect, variant: Dialect, cut: _Cut) -> Iterator[str]:
    frame, at = cut.frames[0], 0
    for name, declared, present in (
        ("TPDU", dialect.envelope.tpdu, variant.envelope.tpdu),
        ("head", dialect.envelope.head, variant.envelope.head),
    ):
        if present and frame[at:]:
            yield f"{name} {frame[at : at + len(present)].hex().upper()}"
            at += len(present)
        elif declared and not present:
            yield f"no {name}"
    if cut.framing is None:
        yield "no length before it"
        return
    length = len(cut.frames[0]) - min(0, cut.left_over)
    yield f"{_words(cut.framing)} {length + cut.framing.extra}"
    if cut.left_over < 0:
        yield f"of which {_bytes(-cut.left_over)} missing"
    elif cut.left_over:
        yield f"{_bytes(cut.left_over)} left over"


def _name(framing: Framing) -> str:
    return framing.name + ("+itself" if framing.includes_itself else "")


def _words(framing: Framing) -> str:
    kind = {"binary": "byte", "bcd": "byte BCD", "ascii": "digit ASCII", "ebcdic": "digit EBCDIC"}[
        framing.length_encoding
    ]
    counting = " counting itself" if framing.includes_itself else ""
    return f"{framing.length_bytes}-{kind} length{counting}"


def _bytes(count: int) -> str:
    return "1 byte is" if count == 1 else f"{count} bytes are"
