"""The ways to read captured bytes, and which of them has most points.

1. A reading is a dialect (perhaps without its TPDU or head), a framing, and the frames that this framing gives.
2. Each frame that is looked at has points; a reading has the mean of each stream, and some for how the stream is cut.
3. Only what can still win is weighed further, frame by frame, so most readings cost one frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from heapq import heapify, heappop, heappush
from itertools import chain, repeat

from acquirer.dialect.dialect import Dialect
from acquirer.dialect.router import without_repeat
from acquirer.inspect.doubts import doubts_about
from acquirer.inspect.framings import SHORT, UNUSUAL
from acquirer.wire.framing import Framing
from acquirer.wire.grammar import FieldSpec, Grammar
from acquirer.wire.message import DecodeError, Message

LOOKED_AT = 5  # frames of a stream that are tried in every way: more would give the same result

DECODED, KNOWN_MTI, KNOWN_ROUTE, TPDU_ID, LENGTH_FITS, AS_DECLARED, EACH_FIELD = 100, 20, 10, 10, 15, 4, 1
"""Points for a reading: that it decodes, above all; then that it has an MTI and a route of the dialect."""

DOUBT, UNKNOWN_HEAD, SELDOM = 15, 8, 6
"""Points off: for a value that cannot be right, for a head that the dialect does not have, for an unusual framing."""

MESSAGE_CLASSES = "12345678"
"""Second digits of MTIs; zeros and other bytes decode as anything."""

MOST = TPDU_ID + KNOWN_MTI + max(DECODED + KNOWN_ROUTE, EACH_FIELD * 128)
"""More points than a frame can have, be it that it decodes or has all fields but the last."""


@dataclass(frozen=True, slots=True)
class Cut:
    """One way to cut a capture into frames."""

    framing: Framing | None
    frames: tuple[bytes, ...]
    left_over: int  # negative: so many bytes are missing from the only frame


class Reading:
    """One way to read all streams; a stream that cannot be cut so adds no points."""

    __slots__ = ("_base", "_parts", "_weighed", "cuts", "dialect", "framing", "points", "variant")

    def __init__(self, dialect: Dialect, variant: Dialect, framing: Framing | None, cuts: list[Cut]) -> None:
        self.dialect = dialect
        self.variant = variant
        self.framing = framing
        self.cuts = cuts
        self.points = 0.0  # at most: of frames that are not weighed yet, as many as a frame can have
        self._base = sum(_framing_points(self, cut) for cut in cuts)
        self._parts = [(frame, len(looked)) for cut in cuts for looked in [cut.frames[:LOOKED_AT]] for frame in looked]
        self._weighed: list[float] = []
        self._count()

    @property
    def complete(self) -> bool:
        """Whether all its frames are weighed."""
        return len(self._weighed) == len(self._parts)

    def weigh_next(self, weights: Weights) -> None:
        """Weigh one more frame."""
        frame, _ = self._parts[len(self._weighed)]
        self._weighed.append(weights.weigh(self.variant, frame)[0])
        self._count()

    def _count(self) -> None:
        weighed = chain(self._weighed, repeat(MOST))
        self.points = self._base + sum(points / count for points, (_, count) in zip(weighed, self._parts, strict=False))


def _framing_points(reading: Reading, cut: Cut) -> float:
    """Return the points for how a stream is cut; its frames are weighed apart."""
    head, declared = len(reading.variant.envelope.head), len(reading.dialect.envelope.head)
    points = AS_DECLARED * (reading.variant is reading.dialect) - (UNKNOWN_HEAD + head / 100) * (
        head not in (0, declared)
    )
    if cut.framing:
        delimited = cut.framing.length_bytes or cut.framing.start  # an end alone may stand anywhere
        chance = cut.framing in SHORT and head not in (0, declared)  # it may be the first byte of that head
        points += LENGTH_FITS * (bool(delimited) and cut.left_over == 0 and not chance)
        as_declared = cut.framing == _bare(reading.dialect.framing)
        points += AS_DECLARED if as_declared else -SELDOM * (cut.framing in UNUSUAL)
    return points


@lru_cache(maxsize=64)  # of the dialects of one process
def _bare(framing: Framing) -> Framing:
    return framing.bare


def best_readings(readings: list[Reading], weights: Weights) -> list[Reading]:
    """Return the readings with most points, in the order they are given.

    The one that can still have most is weighed further, frame by frame; what cannot win any more is left alone.
    """
    heap = [(-reading.points, number) for number, reading in enumerate(readings)]
    heapify(heap)
    best: list[int] = []
    while heap and (not best or -heap[0][0] >= readings[best[0]].points):
        _, number = heappop(heap)
        if readings[number].complete:
            best.append(number)
            continue
        readings[number].weigh_next(weights)
        heappush(heap, (-readings[number].points, number))
    return [readings[number] for number in sorted(best)]


class Weights:
    """The points of frames, each worked out once: several dialects write a frame in the same way."""

    def __init__(self) -> None:
        self._decoded: dict[tuple[int, int, bytes], Message | DecodeError] = {}
        self._forms: dict[int, int] = {}  # by the identity of a field table
        self._known: dict[object, int] = {}

    def weigh(self, dialect: Dialect, frame: bytes) -> tuple[int, bool]:
        """Return the points of one frame, and whether it is a message of the dialect."""
        tpdu = dialect.envelope.tpdu
        points = TPDU_ID if tpdu and frame[:1] == tpdu[:1] else 0
        message = self._decode(dialect, frame)
        if isinstance(message, DecodeError):
            return points + KNOWN_MTI * (message.mti in dialect.mtis) + EACH_FIELD * len(message.fields), False
        known = without_repeat(message.mti) in dialect.mtis
        if not known and not (message.mti[1] in MESSAGE_CLASSES and message.fields):
            return points + EACH_FIELD * len(message.fields), False
        routed = dialect.is_response(message.mti) or dialect.route(message) is not None
        doubts = doubts_about(dialect, message)
        sure = known and (points > 0 or not tpdu) and not doubts
        points += DECODED + KNOWN_MTI * known + KNOWN_ROUTE * (known and routed)
        return points - DOUBT * min(len(doubts), 2), sure

    def _decode(self, dialect: Dialect, frame: bytes) -> Message | DecodeError:
        key = self._form(dialect.grammar), dialect.grammar.envelope_bytes, frame
        found = self._decoded.get(key)
        if found is None:
            try:
                found = dialect.decode(frame)
            except DecodeError as exc:
                found = exc.with_traceback(None)  # it would keep copies of the frame for as long as it is kept
                found.__context__ = None
            self._decoded[key] = found
        return found

    def _form(self, grammar: Grammar) -> int:
        """Return a number that grammars share which write each field in the same way."""
        fields = grammar.fields
        form = self._forms.get(id(fields))
        if form is None:
            written = (
                grammar.mti_encoding,
                grammar.bitmap_encoding,
                grammar.secondary,
                *map(_written, fields.values()),
            )
            form = self._forms[id(fields)] = self._known.setdefault(written, len(self._known))
        return form


def _written(field: FieldSpec) -> tuple[object, ...]:
    """Return what decides how a field is written; its name and its inside do not."""
    return (
        field.de,
        field.kind,
        field.maximum,
        field.length_bytes,
        field.length_encoding,
        field.encoding,
        field.charset,
        field.pad_left,
        field.pads,
    )
