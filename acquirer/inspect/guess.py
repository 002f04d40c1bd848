"""Guessing which dialect and which framing captured bytes are in, and why.

1. A capture may have lost its length, its TPDU or its head: every combination is tried.
2. The reading with most points wins; that its frames decode counts most.
3. The reasons are given, so that a reader sees when a guess is mistaken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from acquirer.data.text import plural
from acquirer.dialect.definitions import Envelope
from acquirer.dialect.dialect import Dialect
from acquirer.inspect.doubts import doubts_about
from acquirer.inspect.framings import COMMON_FRAMINGS, SHORT, UNUSUAL, framing_words
from acquirer.inspect.readings import LOOKED_AT, Cut, Reading, Weights, best_readings
from acquirer.inspect.sniff import FAR, TPDU_BYTES, MessageForm, message_at, possible_heads
from acquirer.wire.deframer import make_deframer
from acquirer.wire.framing import FrameError, Framing
from acquirer.wire.message import DecodeError

FRAMES_LIMIT = 1000  # frames taken from one capture; what comes after is named as left over


STREAMS_WEIGHED = 8  # of one dialect decide which it is: more would give the same result


@dataclass(frozen=True, slots=True)
class Guess:
    """How some bytes are best read."""

    dialect: Dialect  # without TPDU or head, if the bytes are
    framing: str  # the framing's name, "none" without a length
    frames: tuple[bytes, ...]  # without what stands around them
    why: str  # "TPDU 6000030000, head 603100310000, 2-byte length 87"
    sure: bool  # the frames looked at decode, and are messages the dialect knows
    left_over: int = 0  # bytes after the last frame; negative: so many are missing from it
    points: float = 0  # of this reading, to be compared with other guesses
    also: tuple[str, ...] = ()  # other dialects with as many points
    unknown_head: bool = False  # its messages stand behind a head that the dialect does not have
    doubts: tuple[str, ...] = ()  # what speaks against it, in the messages looked at


def guess_dialect(data: bytes, dialects: Sequence[Dialect]) -> Guess:
    """Return the best reading of `data` in one of `dialects`; neither may be empty.

    Raises:
        FrameError: this is another protocol (TLS, HTTP, SSH …); the sentence names it.
    """
    return guess_together([data], dialects)[0]


def guess_together(streams: Sequence[bytes], dialects: Sequence[Dialect]) -> tuple[Guess, ...]:
    """Return the best readings of streams of one dialect: both directions of a connection, or one terminal's frames.

    Raises:
        FrameError: one of them is another protocol; the sentence names it.
    """
    for data in streams:
        _refuse_other_protocol(data)
    cuts = [list(_cuts(data, dialects)) for data in streams]
    by_framing: dict[Framing | None, list[Cut]] = {}
    for of_one in cuts[:STREAMS_WEIGHED]:
        for cut in of_one:
            by_framing.setdefault(cut.framing, []).append(cut)
    weights = Weights()
    heads = {
        framing: [head for frame in dict.fromkeys(cut.frames[0] for cut in cut_so) for head in _heads(frame)]
        for framing, cut_so in by_framing.items()
    }
    readings = [
        Reading(dialect, variant, framing, cut_so)
        for dialect in dialects
        for framing, cut_so in by_framing.items()
        for variant in (*variants(dialect), *_behind_heads(dialect, heads[framing]))
    ]
    best = best_readings(readings, weights)
    points, dialect, variant = best[0].points, best[0].dialect, best[0].variant
    also = tuple(dict.fromkeys(one.dialect.name for one in best if one.dialect.name != dialect.name))
    return tuple(_guess(dialect, variant, _chosen(of_one, best[0].framing), points, also, weights) for of_one in cuts)


def _chosen(cuts: list[Cut], framing: Framing | None) -> Cut:
    """Return the cut by this framing; as one frame, if it cannot be cut so."""
    return next((cut for cut in cuts if cut.framing == framing), cuts[-1])


@lru_cache(maxsize=64)  # dialects of one process, and then some
def variants(dialect: Dialect) -> tuple[Dialect, ...]:
    """Return the dialect, and the same without its head, without its TPDU, without both."""
    whole = dialect.envelope
    found = [dialect]
    for tpdu, head in ((whole.tpdu, b""), (b"", whole.head), (b"", b"")):
        if all((tpdu, head) != (one.envelope.tpdu, one.envelope.head) for one in found):
            envelope = Envelope(tpdu, head, whole.processing_digit if head else 0)
            grammar = replace(dialect.grammar, envelope_bytes=len(tpdu) + len(head))
            found.append(replace(dialect, envelope=envelope, grammar=grammar))
    return tuple(found)


def _heads(frame: bytes) -> list[tuple[int, MessageForm]]:
    """Return the sizes of unknown heads before a frame, and what stands behind each."""
    return [(size, found) for size in possible_heads(frame) if (found := message_at(frame, size))]


def _behind_heads(dialect: Dialect, heads: Sequence[tuple[int, MessageForm]]) -> Iterator[Dialect]:
    """Yield the dialect with heads that it does not have, behind which its messages may begin."""
    if not heads:
        return
    form = dialect.grammar.mti_encoding, dialect.grammar.bitmap_encoding
    declared = {len(one.envelope.tpdu) + len(one.envelope.head) for one in variants(dialect)}
    sizes = {size for size, found in heads if found.encodings == form and found.mti in dialect.mtis}
    yield from (_with_head(dialect, size) for size in sorted(sizes - declared))


@lru_cache(maxsize=256)  # a few sizes for each dialect
def _with_head(dialect: Dialect, size: int) -> Dialect:
    grammar = replace(dialect.grammar, envelope_bytes=size)
    return replace(dialect, envelope=Envelope(b"", bytes(size), 0), grammar=grammar)


def _refuse_other_protocol(data: bytes) -> None:
    deframer = make_deframer(Framing())
    deframer.feed(data)
    try:
        for _ in deframer:
            return
    except FrameError as exc:
        if exc.reason == "not-iso8583":
            raise


def _cuts(data: bytes, dialects: Sequence[Dialect]) -> Iterator[Cut]:
    """Yield cuts by each framing that fits, the dialects' own first, and as one frame without any."""
    declared = dict.fromkeys(dialect.framing.bare for dialect in dialects)
    for framing in dict.fromkeys((*declared, *COMMON_FRAMINGS)):
        cut = _cut(data, framing)
        if cut.frames and (framing in declared or not _fits_by_chance(framing, cut.left_over)):
            yield cut
    yield Cut(None, (data,), 0)


def _fits_by_chance(framing: Framing, left_over: int) -> bool:
    return (left_over != 0 and framing in SHORT) or (left_over < 0 and framing in UNUSUAL)


def _cut(data: bytes, framing: Framing) -> Cut:
    frames: list[bytes] = []
    at = 0
    while at < len(data) and len(frames) < FRAMES_LIMIT:
        start = at + framing.before_bytes
        length = _length(data, at, framing)
        if length is None or length < 0 or not (length or frames):  # a capture does not begin with a keep-alive
            break
        frame = data[start : start + length]
        missing = len(frame) < length
        if missing and (frames or not frame or length > min(framing.limit_bytes, FAR * len(frame))):
            break
        stop = start + length
        if length and data[stop : stop + len(framing.end)] != framing.end[: max(0, len(data) - stop)]:
            break
        frames.extend([frame] * bool(frame))
        at = stop + len(framing.end) * bool(length or not framing.length_bytes)  # a keep-alive has no end behind it
    return Cut(framing, tuple(frames), len(data) - at)


def _length(data: bytes, at: int, framing: Framing) -> int | None:
    """Return the size of the frame that begins with what stands at `at`; None: no frame does."""
    start, after = at + framing.before_bytes, at + len(framing.start) + framing.length_bytes
    if len(data) < start or data[at : at + len(framing.start)] != framing.start:
        return None
    if not framing.length_bytes:
        stop = data.find(framing.end, start)
        return stop - start if stop >= 0 else None
    if data[after:start] != framing.filler:
        return None
    return framing.length(data[after - framing.length_bytes : after])


def _guess(
    dialect: Dialect, variant: Dialect, cut: Cut, points: float, also: tuple[str, ...], weights: Weights
) -> Guess:
    sure = all(weights.weigh(variant, frame)[1] for frame in cut.frames[:LOOKED_AT])
    name = cut.framing.spelling if cut.framing else "none"
    why = ", ".join(_why(dialect, variant, cut))
    doubts = dict.fromkeys(doubt for frame in cut.frames[:LOOKED_AT] for doubt in _doubts(variant, frame))
    unknown_head = len(variant.envelope.head) not in (0, len(dialect.envelope.head))
    return Guess(variant, name, cut.frames, why, sure, cut.left_over, points, also, unknown_head, tuple(doubts))


def _doubts(variant: Dialect, frame: bytes) -> tuple[str, ...]:
    try:
        return doubts_about(variant, variant.decode(frame))
    except DecodeError:
        return ()


def _why(dialect: Dialect, variant: Dialect, cut: Cut) -> Iterator[str]:
    frame, at = cut.frames[0], 0
    for name, declared, present in (
        ("TPDU", dialect.envelope.tpdu, variant.envelope.tpdu),
        ("head", dialect.envelope.head, variant.envelope.head),
    ):
        if name == "head" and present and len(present) != len(declared):
            yield from _unknown_head(frame[: len(present)])
        elif present and frame[at:]:
            yield f"{name} {frame[at : at + len(present)].hex().upper()}"
            at += len(present)
        elif declared and not present and len(variant.envelope.head) in (0, len(dialect.envelope.head)):
            yield f"no {name}"
    if cut.framing is None:
        yield "no length before it"
        return
    length = len(cut.frames[0]) - min(0, cut.left_over) + cut.framing.extra_bytes
    yield framing_words(cut.framing).removeprefix("a ") + (f" {length}" if cut.framing.length_bytes else "")
    if cut.left_over < 0:
        yield f"of which {plural(-cut.left_over, 'byte is', 'bytes are')} missing"
    elif cut.left_over:
        yield f"{plural(cut.left_over, 'byte is', 'bytes are')} left over"


def _unknown_head(head: bytes) -> Iterator[str]:
    if head[:1] == b"\x60" and len(head) >= TPDU_BYTES:
        yield f"TPDU {head[:TPDU_BYTES].hex().upper()}"
        head = head[TPDU_BYTES:]
    if head:
        text = head.decode("latin-1")
        shown = repr(text) if text.isascii() and text.isprintable() else head.hex().upper()
        yield f"a head of {plural(len(head), 'byte')} {shown}"
